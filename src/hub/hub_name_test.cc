#include "hub/hub_name.h"

#include <gtest/gtest.h>

namespace pellucid::hub {
namespace {

TEST(HubNameTest, HasARepositoryARevisionAndAFile) {
  const auto plain = ParseHubName("Org-1/a.name_2");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->repo, "Org-1/a.name_2");
  EXPECT_EQ(plain->revision, "main");
  EXPECT_EQ(plain->file, "");
  EXPECT_EQ(plain->Text(), "Org-1/a.name_2");

  const auto whole = ParseHubName("o/n@refs/pr/1:sub/m-Q8_0.gguf");
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->repo, "o/n");
  EXPECT_EQ(whole->revision, "refs/pr/1");
  EXPECT_EQ(whole->file, "sub/m-Q8_0.gguf");
  EXPECT_EQ(whole->Text(), "o/n@refs/pr/1:sub/m-Q8_0.gguf");
  EXPECT_EQ(ParseHubName("o/n@main")->Text(), "o/n");
}

TEST(HubNameTest, WhatTheHubForbidsIsNone) {
  for (const char* text : {"",
                           "name",
                           "/name",
                           "./name",
                           "../name",
                           "org/",
                           "a/b/c",
                           "org/a b",
                           "org/-a",
                           "org/a-",
                           "org/.a",
                           "org/a.",
                           "org/a--b",
                           "org/a..b",
                           "org/a.git",
                           "org/n@",
                           "@a/b",
                           "org/n@a..b",
                           "org/n@../x",
                           "org/n@-x",
                           "org/n@/x",
                           "org/n@x/",
                           "org/n@a b",
                           "org/n@a@b",
                           "org/n@a%2e",
                           "org/m.gguf",
                           "org/tokenizer.json",
                           "org/a.safetensors",
                           "org/n:",
                           "org/n:config.json",
                           "org/n:../m.gguf",
                           "org/n:/m.gguf",
                           "org/n:a//m.gguf",
                           "org/n:a\\m.gguf",
                           "org/n:a\nm.gguf"}) {
    EXPECT_FALSE(ParseHubName(text)) << text;
  }
  EXPECT_FALSE(ParseHubName("org/" + std::string(93, 'a')));
  EXPECT_TRUE(ParseHubName("org/" + std::string(92, 'a')));
  EXPECT_FALSE(ParseHubName("org/n@" + std::string(251, 'a')));
}

TEST(HubNameTest, ACommitIsWholeAndLowerCase) {
  EXPECT_TRUE(IsCommit("0123456789abcdef0123456789abcdef01234567"));
  EXPECT_FALSE(IsCommit("0123456789abcdef0123456789abcdef0123456"));
  EXPECT_FALSE(IsCommit("0123456789ABCDEF0123456789abcdef01234567"));
  EXPECT_FALSE(IsCommit("main"));
}

TEST(HubNameTest, APlainPathStaysWhereItIsPut) {
  for (const char* path : {"a", "a/b.json", "..a", "a..", "a b"}) {
    EXPECT_TRUE(IsPlainPath(path)) << path;
  }
  for (const char* path :
       {"", ".", "..", "/a", "a/", "a//b", "a/../b", "../a", "a/..", "a\tb"}) {
    EXPECT_FALSE(IsPlainPath(path)) << path;
  }
}

}  // namespace
}  // namespace pellucid::hub
