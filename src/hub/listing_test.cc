#include "hub/listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pellucid::hub {
namespace {

using ::testing::ElementsAre;

const std::string kCommit = "0123456789abcdef0123456789abcdef01234567";

TEST(ListingTest, HoldsTheCommitAndTheFiles) {
  const auto listing =
      ParseListing(R"({"id": "o/n", "sha": ")" + kCommit + R"(", "siblings": [
          {"rfilename": "model.safetensors", "size": 7},
          {"rfilename": "a/b.json"}, {"rfilename": "config.json"}]})",
                   "o/n");
  ASSERT_TRUE(listing.ok()) << listing.error().message;
  EXPECT_EQ(listing->commit, kCommit);
  EXPECT_THAT(listing->files,
              ElementsAre("a/b.json", "config.json", "model.safetensors"));
  EXPECT_TRUE(listing->Has("config.json"));
  EXPECT_FALSE(listing->Has("config"));
}

TEST(ListingTest, NamesThatLeaveTheFolderAreLeftOut) {
  const auto listing =
      ParseListing(R"({"sha": ")" + kCommit + R"(", "siblings": [
          {"rfilename": "../config.json"}, {"rfilename": "/etc/passwd"},
          {"rfilename": "a/../../b"}, {"rfilename": ""},
          {"rfilename": "ok.json"}, {"rfilename": "ok.json"}]})",
                   "o/n");
  ASSERT_TRUE(listing.ok()) << listing.error().message;
  EXPECT_THAT(listing->files, ElementsAre("ok.json"));
}

TEST(ListingTest, WhatIsNoListingIsSaid) {
  for (const std::string& json :
       {std::string("<html>log in</html>"), std::string("[]"),
        std::string("{}"), std::string(R"({"sha": "main", "siblings": []})"),
        R"({"sha": ")" + kCommit + "\"}",
        R"({"sha": ")" + kCommit + R"(", "siblings": {}})",
        R"({"sha": ")" + kCommit + R"(", "siblings": ["config.json"]})",
        R"({"sha": ")" + kCommit + R"(", "siblings": [{"rfilename": 1}]})"}) {
    const auto listing = ParseListing(json, "o/n");
    ASSERT_FALSE(listing.ok()) << json;
    EXPECT_EQ(listing.error().code, ErrorCode::kFailed);
    EXPECT_TRUE(listing.error().message.starts_with("open: o/n: the answer "))
        << listing.error().message;
  }
}

}  // namespace
}  // namespace pellucid::hub
