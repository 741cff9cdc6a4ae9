#include "tokenizer/jinja/from_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace pellucid::jinja {
namespace {

using ::testing::HasSubstr;

TEST(FromJsonTest, TextsSayWhereTheyComeFromAndKeysDoNot) {
  simdjson::dom::parser parser;
  const simdjson::padded_string json(
      std::string_view(R"({"a": ["x", ""], "a": "last"})"));
  Heap heap;
  const Value value = FromJson(parser.parse(json).value(), 3, heap).value();
  ASSERT_EQ(value.dict().items.size(), 1u);
  EXPECT_TRUE(value.dict().items[0].first.text().marks.empty());
  EXPECT_EQ(value.dict().items[0].second.view(), "last");
  EXPECT_EQ(value.dict().items[0].second.text().marks[0], (Mark{0, 4, 3}));
}

TEST(FromJsonTest, WhatDoesNotFitIsRefused) {
  simdjson::dom::parser parser;
  Heap heap;
  const simdjson::padded_string large(
      std::string_view("[18446744073709551615]"));
  EXPECT_THAT(FromJson(parser.parse(large).value(), {}, heap).error().message,
              HasSubstr("64 bits"));
  const simdjson::padded_string deep(std::string(200, '[') +
                                     std::string(200, ']'));
  EXPECT_THAT(FromJson(parser.parse(deep).value(), {}, heap).error().message,
              HasSubstr("deep"));
}

}  // namespace
}  // namespace pellucid::jinja
