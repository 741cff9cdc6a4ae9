#include "formats/json_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <utility>

#include "testutil/temp_dir.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;

void ExpectRefused(const std::string& text, const std::string& part) {
  const auto file = JsonFile::Parse(text, "config.json");
  ASSERT_FALSE(file.ok()) << text;
  EXPECT_EQ(file.error().code, ErrorCode::kModel);
  EXPECT_THAT(file.error().message, HasSubstr("open: config.json: "));
  EXPECT_THAT(file.error().message, HasSubstr(part));
}

TEST(JsonFileTest, ValuesOutliveAMove) {
  auto parsed =
      JsonFile::Parse(R"({"a": {"b": [1, 2.5, "x"]}})", "config.json");
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  const JsonFile file = std::move(*parsed);
  std::string_view text;
  ASSERT_EQ(file.root().at_pointer("/a/b/2").get(text), simdjson::SUCCESS);
  EXPECT_EQ(text, "x");
  EXPECT_EQ(file.text(), R"({"a": {"b": [1, 2.5, "x"]}})");
}

TEST(JsonFileTest, WhatIsNoJsonIsRefused) {
  ExpectRefused("", "not valid JSON");
  ExpectRefused("{", "not valid JSON");
  ExpectRefused("{\"a\": 1} 2", "not valid JSON");
  ExpectRefused("{\"a\": \"\xff\"}", "not valid JSON");
  ExpectRefused("{\"a\": NaN}", "not valid JSON");
}

TEST(JsonFileTest, DeepNestingIsRefusedWithoutRecursion) {
  ExpectRefused(std::string(1'000'000, '['), "not valid JSON");
  const std::string deep = std::string(200, '[') + std::string(200, ']');
  ExpectRefused(deep, "not valid JSON");
}

TEST(JsonFileTest, SizeIsBoundedBeforeReading) {
  const testutil::TempDir folder;
  const std::string path = folder / "big.json";
  std::ofstream(path) << "[" << std::string(100, ' ') << "]";
  EXPECT_TRUE(JsonFile::Open(path, 102).ok());
  const auto refused = JsonFile::Open(path, 101);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("102 bytes"));
  EXPECT_FALSE(JsonFile::Open(folder / "absent.json", 100).ok());
}

}  // namespace
}  // namespace pellucid
