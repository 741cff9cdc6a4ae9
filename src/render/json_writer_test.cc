#include "render/json_writer.h"

#include <limits>

#include "gtest/gtest.h"

namespace pellucid::render {
namespace {

// What one value is written as.
template <typename Write>
std::string Written(const Write& write, JsonStyle style = JsonStyle::kCompact) {
  std::string out;
  JsonWriter json(AppendTo(&out), style);
  write(json);
  json.Finish();
  return out;
}

std::string FloatText(double value) {
  return Written([&](JsonWriter& json) { json.Float(value); });
}

TEST(JsonWriterTest, FloatsHaveNineDigitsAndReadBackAsTheSameFloat) {
  EXPECT_EQ(FloatText(0), "0\n");
  EXPECT_EQ(FloatText(0.1), "0.100000001\n");
  EXPECT_EQ(FloatText(-17.3712673), "-17.3712673\n");
  EXPECT_EQ(FloatText(1e-9), "9.99999972e-10\n");
  EXPECT_EQ(FloatText(22517.25), "22517.25\n");
}

TEST(JsonWriterTest, WhatIsNoNumberIsNull) {
  EXPECT_EQ(FloatText(std::numeric_limits<double>::quiet_NaN()), "null\n");
  EXPECT_EQ(FloatText(-std::numeric_limits<double>::infinity()), "null\n");
  EXPECT_EQ(FloatText(1e300), "null\n") << "beyond float32";
  EXPECT_EQ(Written([](JsonWriter& json) {
              json.Milliseconds(std::numeric_limits<double>::infinity());
            }),
            "null\n");
}

TEST(JsonWriterTest, MillisecondsAreRoundedToMicroseconds) {
  EXPECT_EQ(Written([](JsonWriter& json) { json.Milliseconds(12.1); }),
            "12.1\n");
  EXPECT_EQ(Written([](JsonWriter& json) { json.Milliseconds(31.00049); }),
            "31\n");
}

TEST(JsonWriterTest, IntegersKeepAllDigits) {
  EXPECT_EQ(Written([](JsonWriter& json) {
              json.Integer(std::numeric_limits<std::uint64_t>::max());
            }),
            "18446744073709551615\n");
  EXPECT_EQ(Written([](JsonWriter& json) { json.Integer(-1); }), "-1\n");
}

TEST(JsonWriterTest, StringsAreEscapedAndAlwaysUtf8) {
  const auto text = [](std::string_view value) {
    return Written([&](JsonWriter& json) { json.String(value); });
  };
  EXPECT_EQ(text("a\"b\\c\n\x01"), "\"a\\\"b\\\\c\\n\\u0001\"\n");
  EXPECT_EQ(text("\u65e5"), "\"\u65e5\"\n");
  EXPECT_EQ(text("x\xe2y"), "\"x<0xE2>y\"\n");
  EXPECT_EQ(text(std::string_view("\0", 1)), "\"\\u0000\"\n");
}

TEST(JsonWriterTest, ScalarsAreNumbersOnlyInJsonsSpelling) {
  const auto scalar = [](std::string_view value) {
    return Written([&](JsonWriter& json) { json.Scalar(value); });
  };
  for (const char* number : {"0", "-1", "100000", "1e-05", "2.50", "1E+9"}) {
    EXPECT_EQ(scalar(number), std::string(number) + "\n");
  }
  for (const char* word :
       {"", "-", "01", ".5", "1.", "1e", "nan", "0x10", "1 ", "True", "null"}) {
    EXPECT_EQ(scalar(word), "\"" + std::string(word) + "\"\n");
  }
  EXPECT_EQ(scalar("true"), "true\n");
}

void WriteNested(JsonWriter& json) {
  json.BeginObject(JsonWrap::kLines);
  json.Key("list");
  json.BeginArray(JsonWrap::kLines);
  for (int i = 0; i < 2; ++i) {
    json.BeginObject();
    json.Key("i");
    json.Integer(i);
    json.Key("none");
    json.Null();
    json.EndObject();
  }
  json.EndArray();
  json.Key("empty");
  json.BeginArray(JsonWrap::kLines);
  json.EndArray();
  json.Key("row");
  json.BeginArray();
  json.Bool(true);
  json.StringOrNull(std::nullopt);
  json.StringOrNull(",:");
  json.EndArray();
  json.EndObject();
}

TEST(JsonWriterTest, IndentedContainersTakeALineAMember) {
  EXPECT_EQ(Written(WriteNested, JsonStyle::kIndented),
            "{\n"
            " \"list\": [\n"
            "  {\"i\": 0, \"none\": null},\n"
            "  {\"i\": 1, \"none\": null}\n"
            " ],\n"
            " \"empty\": [],\n"
            " \"row\": [true, null, \",:\"]\n"
            "}\n");
}

TEST(JsonWriterTest, CompactIsOneLineWithoutBlanks) {
  EXPECT_EQ(Written(WriteNested),
            "{\"list\":[{\"i\":0,\"none\":null},{\"i\":1,\"none\":null}],"
            "\"empty\":[],\"row\":[true,null,\",:\"]}\n");
}

TEST(JsonWriterTest, HandsLongTextsOnInParts) {
  std::size_t parts = 0, bytes = 0;
  JsonWriter json(
      [&](std::string_view part) {
        ++parts;
        bytes += part.size();
      },
      JsonStyle::kCompact);
  json.BeginArray();
  for (int i = 0; i < 100000; ++i) json.Integer(7);
  json.EndArray();
  json.Finish();
  EXPECT_EQ(bytes, 2u * 100000 + 2);
  EXPECT_GT(parts, 2u);
}

}  // namespace
}  // namespace pellucid::render
