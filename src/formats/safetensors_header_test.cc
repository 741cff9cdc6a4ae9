#include "formats/safetensors_header.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;

std::string ErrorOf(const std::string& json) {
  const auto header = ReadSafetensorsHeader(json, "m.safetensors");
  if (header.ok()) return "no error";
  EXPECT_EQ(header.error().code, ErrorCode::kModel);
  EXPECT_THAT(header.error().message, StartsWith("open: m.safetensors: "));
  return header.error().message;
}

// The header of one tensor "t" whose entry is `body`.
std::string Entry(const std::string& body) { return R"({"t":{)" + body + "}}"; }

TEST(SafetensorsHeaderTest, ReadsEntriesAndMetadata) {
  const auto header = ReadSafetensorsHeader(
      R"( {"__metadata__": {"format": "pt", "a\"b": "c\nd"},
          "b": {"dtype": "F32", "shape": [2, 3], "data_offsets": [4, 28]},
          "caf\u00e9": {"data_offsets": [0, 4], "x": null, "shape": [],
                        "dtype": "I32"}}  )",
      "f");
  ASSERT_TRUE(header.ok()) << header.error().message;
  EXPECT_THAT(header->metadata,
              ElementsAre(Pair("a\"b", "c\nd"), Pair("format", "pt")));
  ASSERT_EQ(header->entries.size(), 2u);
  EXPECT_EQ(header->entries[0].name, "b");
  EXPECT_EQ(header->entries[0].dtype, "F32");
  EXPECT_THAT(header->entries[0].shape, ElementsAre(2, 3));
  EXPECT_EQ(header->entries[0].begin, 4u);
  EXPECT_EQ(header->entries[0].end, 28u);
  EXPECT_EQ(header->entries[1].name, "caf\xc3\xa9");
  EXPECT_TRUE(header->entries[1].shape.empty());
}

TEST(SafetensorsHeaderTest, WhatIsNoJson) {
  for (const char* json : {"", "{", "{}x", "{\"a\":}", "{'a':1}"}) {
    EXPECT_THAT(ErrorOf(json), HasSubstr("is no JSON")) << json;
  }
  EXPECT_THAT(ErrorOf("{\"a\xff\":{}}"), HasSubstr("is no JSON (The input"));
  EXPECT_THAT(ErrorOf(std::string(5000, '[')), HasSubstr("is no JSON"));
}

TEST(SafetensorsHeaderTest, WhatIsNoHeader) {
  EXPECT_THAT(ErrorOf("[]"), HasSubstr("header is no JSON object"));
  EXPECT_THAT(ErrorOf("1"), HasSubstr("header is no JSON object"));
  EXPECT_THAT(ErrorOf(R"({"t":[]})"),
              HasSubstr("tensor t: its entry is no JSON object"));
  EXPECT_THAT(ErrorOf(R"({"__metadata__":[]})"),
              HasSubstr("__metadata__ is no JSON object"));
  EXPECT_THAT(ErrorOf(R"({"__metadata__":{"n":1}})"),
              HasSubstr("__metadata__ \"n\" is no string"));
}

TEST(SafetensorsHeaderTest, EntriesMustBeWhole) {
  EXPECT_THAT(ErrorOf(Entry(R"("shape":[],"data_offsets":[0,4])")),
              HasSubstr("tensor t: has no \"dtype\" string"));
  EXPECT_THAT(ErrorOf(Entry(R"("dtype":4,"shape":[],"data_offsets":[0,4])")),
              HasSubstr("has no \"dtype\" string"));
  for (const char* shape : {"3", "[-1]", "[1.5]", "[\"1\"]", "[null]", "{}"}) {
    EXPECT_THAT(ErrorOf(Entry(R"("dtype":"F32","data_offsets":[0,4],"shape":)" +
                              std::string(shape))),
                HasSubstr("has no \"shape\" of whole numbers"))
        << shape;
  }
  // simdjson itself refuses what no 64-bit integer holds.
  EXPECT_THAT(ErrorOf("[18446744073709551616]"), HasSubstr("is no JSON"));
  for (const char* offsets :
       {"[0]", "[0,4,8]", "[]", "[0,-4]", "4", "[0,4.0]"}) {
    EXPECT_THAT(ErrorOf(Entry(R"("dtype":"F32","shape":[],"data_offsets":)" +
                              std::string(offsets))),
                HasSubstr("has no \"data_offsets\" of two whole numbers"))
        << offsets;
  }
}

TEST(SafetensorsHeaderTest, RankIsBounded) {
  const auto entry = [](std::size_t rank) {
    std::string ones = "1";
    for (std::size_t i = 1; i < rank; ++i) ones += ",1";
    return Entry(R"("dtype":"F32","data_offsets":[0,4],"shape":[)" + ones +
                 "]");
  };
  EXPECT_EQ(ErrorOf(entry(64)), "no error");
  EXPECT_THAT(ErrorOf(entry(65)), HasSubstr("has 65 dimensions, at most 64"));
}

TEST(SafetensorsHeaderTest, KeysThatStandTwice) {
  const std::string body = R"("dtype":"F32","shape":[],"data_offsets":[0,4])";
  EXPECT_THAT(ErrorOf("{\"t\":{" + body + "},\"t\":{" + body + "}}"),
              HasSubstr("header: key \"t\" stands twice"));
  EXPECT_THAT(ErrorOf(Entry(body + R"(,"dtype":"F16")")),
              HasSubstr("t: key \"dtype\" stands twice"));
  EXPECT_THAT(ErrorOf(R"({"__metadata__":{"a":"1","a":"2"}})"),
              HasSubstr("__metadata__: key \"a\" stands twice"));
  EXPECT_THAT(ErrorOf(R"({"a":{},"\u0061":{}})"),
              HasSubstr("key \"a\" stands twice"));
}

}  // namespace
}  // namespace pellucid
