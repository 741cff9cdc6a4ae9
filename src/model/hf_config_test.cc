#include "model/hf_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

HfModelConfig Parsed(const std::string& json) {
  return HfModelConfig::Parse(json, "config.json").value();
}

template <typename T>
std::string ErrorOf(const Result<T>& result) {
  if (result.ok()) return "no error";
  EXPECT_EQ(result.error().code, ErrorCode::kModel);
  EXPECT_THAT(result.error().message, StartsWith("open: config.json: "));
  return result.error().message;
}

std::string ErrorOf(const Status& status) {
  return status.ok() ? "no error" : status.error().message;
}

TEST(HfConfigTest, ReadsEveryType) {
  HfModelConfig config = Parsed(
      R"({"size": 7, "real": 1e-5, "whole": 3, "yes": true, "text": "a",
          "list": ["b", "c"], "id": 5, "ids": [6, 7]})");
  EXPECT_EQ(config.Size({"size"}, 1, 7).value(), 7u);
  EXPECT_EQ(config.Positive({"real"}).value(), 1e-5f);
  EXPECT_EQ(config.Positive({"whole"}).value(), 3.0f);
  EXPECT_TRUE(config.Bool({"yes"}, false).value());
  EXPECT_EQ(config.String({"text"}, "").value(), "a");
  EXPECT_EQ(config.FirstString({"list"}).value(), "b");
  EXPECT_THAT(config.Integers({"id"}).value(), ElementsAre(5));
  EXPECT_THAT(config.Integers({"ids"}).value(), ElementsAre(6, 7));
  EXPECT_EQ(ErrorOf(config.CheckAllKnown()), "no error");
}

TEST(HfConfigTest, WhatIsAbsentOrNullFallsBack) {
  HfModelConfig config = Parsed(R"({"a": null})");
  EXPECT_FALSE(config.Has({"a", "b"}));
  for (const std::string_view key : {"a", "b"}) {
    EXPECT_EQ(config.Size({key}, 1, 9, 4).value(), 4u);
    EXPECT_EQ(config.Positive({key}, 2.0).value(), 2.0f);
    EXPECT_TRUE(config.Bool({key}, true).value());
    EXPECT_EQ(config.String({key}, "x").value(), "x");
    EXPECT_EQ(config.FirstString({key}).value(), "");
    EXPECT_THAT(config.Integers({key}).value(), IsEmpty());
    EXPECT_FALSE(config.Object({key}).value().has_value());
    EXPECT_THAT(ErrorOf(config.Size({key}, 1, 9)), HasSubstr("is missing"));
    EXPECT_THAT(ErrorOf(config.Positive({key})), HasSubstr("is missing"));
  }
}

TEST(HfConfigTest, AnySpellingServesUnlessTwoDiffer) {
  EXPECT_EQ(
      Parsed(R"({"n_embd": 4})").Size({"hidden_size", "n_embd"}, 1, 9).value(),
      4u);
  HfModelConfig same = Parsed(R"({"n_embd": 4, "hidden_size": 4})");
  EXPECT_EQ(same.Size({"hidden_size", "n_embd"}, 1, 9).value(), 4u);
  EXPECT_EQ(ErrorOf(same.CheckAllKnown()), "no error");
  HfModelConfig differ = Parsed(R"({"n_embd": 4, "hidden_size": 5})");
  EXPECT_THAT(ErrorOf(differ.Size({"hidden_size", "n_embd"}, 1, 9)),
              HasSubstr("n_embd: is 4, but hidden_size is 5"));
  HfModelConfig null = Parsed(R"({"n_embd": 4, "hidden_size": null})");
  EXPECT_EQ(null.Size({"hidden_size", "n_embd"}, 1, 9).value(), 4u);
}

TEST(HfConfigTest, WrongTypesAndSizesAreNamed) {
  HfModelConfig config = Parsed(
      R"({"t": "8", "f": 1.5, "n": -1, "big": 18446744073709551615,
          "zero": 0, "huge": 1e300, "mixed": [1, "a"]})");
  for (const std::string_view key : {"t", "f", "n"}) {
    EXPECT_THAT(ErrorOf(config.Size({key}, 0, 9)),
                HasSubstr("which is no whole number"));
  }
  EXPECT_THAT(ErrorOf(config.Size({"big"}, 0, 9)),
              HasSubstr("big: is 18446744073709551615, which is not within"));
  for (const std::string_view key : {"zero", "n", "huge"}) {
    EXPECT_THAT(ErrorOf(config.Positive({key})),
                HasSubstr("which is no positive number"));
  }
  EXPECT_THAT(ErrorOf(config.Positive({"t"})), HasSubstr("no number"));
  EXPECT_THAT(ErrorOf(config.Bool({"t"}, true)), HasSubstr("no true or false"));
  EXPECT_THAT(ErrorOf(config.String({"f"}, "")), HasSubstr("no text"));
  EXPECT_THAT(ErrorOf(config.FirstString({"mixed"})), HasSubstr("of texts"));
  EXPECT_THAT(ErrorOf(config.Integers({"mixed"})), HasSubstr("whole numbers"));
  EXPECT_THAT(ErrorOf(config.Object({"t"})), HasSubstr("no object"));
}

TEST(HfConfigTest, ANestedObjectHasItsOwnPath) {
  HfModelConfig config =
      Parsed(R"({"rope": {"type": "x", "odd": 3}, "none": {}})");
  EXPECT_FALSE(config.Object({"none"}).value().has_value());
  HfModelConfig rope = *config.Object({"rope"}).value();
  EXPECT_EQ(rope.String({"type"}, "").value(), "x");
  EXPECT_EQ(ErrorOf(config.CheckAllKnown()), "no error");
  EXPECT_THAT(ErrorOf(rope.CheckAllKnown()),
              HasSubstr("open: config.json: rope.odd: is 3: not understood"));
}

TEST(HfConfigTest, WhatNobodyReadIsRefusedByNameUnlessItAsksForNothing) {
  HfModelConfig config = Parsed(
      R"({"use_cache": true, "qk_norm": false, "window": null,
          "logits_scaling": 1.0, "layer_types": ["full_attention"]})");
  EXPECT_EQ(ErrorOf(config.CheckAllKnown()), "no error");
  EXPECT_THAT(ErrorOf(Parsed(R"({"logits_scaling": 8})").CheckAllKnown()),
              HasSubstr("open: config.json: logits_scaling: is 8: not "
                        "understood by this version"));
}

TEST(HfConfigTest, CopiesRememberWhatTheyReadThemselves) {
  HfModelConfig config = Parsed(R"({"a": 1})");
  HfModelConfig copy = config;
  EXPECT_TRUE(copy.Size({"a"}, 1, 1).ok());
  EXPECT_TRUE(copy.CheckAllKnown().ok());
  EXPECT_FALSE(config.CheckAllKnown().ok());
}

TEST(HfConfigTest, WhatIsNoObjectOrStandsTwiceIsRefused) {
  for (const char* json : {"[]", "1", "null"}) {
    EXPECT_THAT(ErrorOf(HfModelConfig::Parse(json, "config.json")),
                HasSubstr("is no JSON object"));
  }
  EXPECT_THAT(ErrorOf(HfModelConfig::Parse("{", "config.json")),
              HasSubstr("is not valid JSON"));
  EXPECT_THAT(
      ErrorOf(HfModelConfig::Parse(R"({"a": 1, "a": 1})", "config.json")),
      HasSubstr("a: stands twice"));
  EXPECT_FALSE(HfModelConfig::Open("/no/such/config.json").ok());
}

}  // namespace
}  // namespace pellucid
