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

// What Python writes for "no limit".
TEST(JsonFileTest, IntegersBeyond64BitsAreNumbers) {
  const std::string json =
      R"({"1000000000000000000000": 1000000000000000019884624838656, )"
      R"("a\\": [-99999999999999999999, "123456789012345678901\"", 7, )"
      R"(18446744073709551615]})";
  const auto file = JsonFile::Parse(json, "config.json");
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_EQ(file->text(), json);
  double number = 0;
  const auto root = file->root();
  ASSERT_EQ(root["1000000000000000000000"].get(number), simdjson::SUCCESS);
  EXPECT_EQ(number, 1e30);
  ASSERT_EQ(root.at_pointer("/a\\/0").get(number), simdjson::SUCCESS);
  EXPECT_EQ(number, -1e20);
  EXPECT_EQ(root.at_pointer("/a\\/1").get_string().value(),
            "123456789012345678901\"");
  EXPECT_EQ(root.at_pointer("/a\\/2").get_uint64().value(), 7u);
  ExpectRefused("{\"a\": 0123}", "not valid JSON");
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
