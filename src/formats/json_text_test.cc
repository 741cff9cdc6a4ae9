#include "formats/json_text.h"

#include <gtest/gtest.h>

#include <string>

#include "formats/json_file.h"

namespace pellucid {
namespace {

std::string JsonOf(std::string_view text) {
  std::string out;
  AppendJsonString(text, out);
  return out;
}

TEST(JsonTextTest, AppendsWhatJsonReadsBack) {
  std::string out = "[";
  AppendJsonString("a \"b\" \\c", out);
  EXPECT_EQ(out, R"(["a \"b\" \\c")");
  std::string every;
  for (char c = 0; c < 0x7F; ++c) every += c;
  every += "\u00E9\u20AC\U0001F600";
  const auto file = JsonFile::Parse(JsonOf(every), "t.json");
  ASSERT_TRUE(file.ok()) << file.error().message;
  std::string_view back;
  ASSERT_EQ(file->root().get(back), simdjson::SUCCESS);
  EXPECT_EQ(back, every);
}

TEST(JsonTextTest, BytesThatAreNoTextAreReplaced) {
  EXPECT_EQ(JsonOf("a\xFF"), "\"a\uFFFD\"");
}

}  // namespace
}  // namespace pellucid
