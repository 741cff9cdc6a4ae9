#include "model/mlx_quantisation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using Mode = MlxScheme::Mode;

Result<std::optional<MlxQuantisation>> Read(const std::string& text) {
  PELLUCID_ASSIGN_OR_RETURN(HfModelConfig config,
                            HfModelConfig::Parse(text, "c"));
  PELLUCID_ASSIGN_OR_RETURN(auto read, MlxQuantisation::Read(config));
  PELLUCID_RETURN_IF_ERROR(config.CheckAllKnown());
  return read;
}

std::string ErrorOf(const std::string& text) {
  const auto read = Read(text);
  if (read.ok()) return "no error";
  EXPECT_EQ(read.error().code, ErrorCode::kModel);
  return read.error().message;
}

TEST(MlxQuantisationTest, ReadsTheDefaultAndItsCopy) {
  const std::string scheme = R"({"group_size": 32, "bits": 6})";
  for (const std::string& text :
       {R"({"quantization": )" + scheme + "}",
        R"({"quantization_config": )" + scheme + "}",
        R"({"quantization": )" + scheme + R"(, "quantization_config": )" +
            scheme + "}"}) {
    const auto read = Read(text);
    ASSERT_TRUE(read.ok()) << read.error().message;
    ASSERT_TRUE(read->has_value()) << text;
    EXPECT_EQ((*read)->scheme(), (MlxScheme{Mode::kAffine, 6, 32}));
    EXPECT_EQ((*read)->Find("model.norm"), nullptr);
  }
  EXPECT_FALSE(Read("{}").value().has_value());
  EXPECT_FALSE(Read(R"({"quantization": null})").value().has_value());
}

TEST(MlxQuantisationTest, WhatIsAbsentIsTheModesOwn) {
  EXPECT_EQ(Read(R"({"quantization": {}})").value()->scheme(),
            (MlxScheme{Mode::kAffine, 4, 64}));
  EXPECT_EQ(Read(R"({"quantization": {"mode": "nvfp4"}})").value()->scheme(),
            (MlxScheme{Mode::kNvfp4, 4, 16}));
}

TEST(MlxQuantisationTest, ModulesHaveSchemesOfTheirOwnOrNone) {
  const auto read = Read(R"({"quantization": {"group_size": 64, "bits": 4,
      "a.b": {"group_size": 128, "bits": 3}, "c": false, "d": true,
      "e": {"group_size": 32, "bits": 8, "mode": "mxfp8"}}})");
  ASSERT_TRUE(read.ok()) << read.error().message;
  const MlxQuantisation& q = **read;
  EXPECT_EQ(q.Find("a.b")->scheme, (MlxScheme{Mode::kAffine, 3, 128}));
  EXPECT_EQ(q.Find("c")->scheme, std::nullopt);
  EXPECT_EQ(q.Find("d")->scheme, q.scheme());
  EXPECT_EQ(q.Find("e")->scheme, (MlxScheme{Mode::kMxfp8, 8, 32}));
  EXPECT_EQ(q.Find("a"), nullptr);
}

TEST(MlxQuantisationTest, RefusesWhatMlxDoesNotHave) {
  for (const std::string scheme :
       {R"("bits": 7)", R"("bits": 0)", R"("bits": 9)", R"("group_size": 16)",
        R"("group_size": 0)", R"("mode": "mxfp4", "bits": 8)",
        R"("mode": "nvfp4", "group_size": 32)"}) {
    EXPECT_THAT(ErrorOf(R"({"quantization": {)" + scheme + "}}"),
                HasSubstr("open: c: quantization: asks for "))
        << scheme;
    EXPECT_THAT(ErrorOf(R"({"quantization": {"m": {)" + scheme + "}}}"),
                HasSubstr("quantization.m: asks for "))
        << scheme;
  }
}

TEST(MlxQuantisationTest, NamesWhatItDoesNotUnderstand) {
  EXPECT_THAT(ErrorOf(R"({"quantization": {"mode": "spiral"}})"),
              HasSubstr("quantization: \"mode\" is \"spiral\": unsupported"));
  EXPECT_THAT(ErrorOf(R"({"quantization": {"bits": "four"}})"),
              HasSubstr("\"bits\" is \"four\", which is no whole number"));
  EXPECT_THAT(ErrorOf(R"({"quantization": {"bits": -4}})"),
              HasSubstr("\"bits\" is -4"));
  EXPECT_THAT(ErrorOf(R"({"quantization": {"twist": 3}})"),
              HasSubstr("\"twist\" is 3: not understood"));
  EXPECT_THAT(ErrorOf(R"({"quantization": 4})"), HasSubstr("is no object"));
  EXPECT_THAT(ErrorOf(R"({"quantization": {"bits": 4},
                          "quantization_config": {"bits": 8}})"),
              HasSubstr("they mean the same"));
}

// MLX goes by "quantization"; what the model was before does not count.
TEST(MlxQuantisationTest, PassesOverAnothersMethod) {
  const std::string other = R"("quantization_config": {"quant_method": "x"})";
  const auto both = Read(R"({"quantization": {"bits": 8}, )" + other + "}");
  ASSERT_TRUE(both.ok()) << both.error().message;
  EXPECT_EQ((*both)->scheme().bits, 8u);
  EXPECT_FALSE(Read("{" + other + "}").value().has_value());
}

TEST(MlxSchemeTest, KnowsItsElements) {
  EXPECT_EQ((MlxScheme{Mode::kAffine, 1, 64}).Elements(), DType::kU1);
  EXPECT_EQ((MlxScheme{Mode::kAffine, 6, 64}).Elements(), DType::kU6);
  EXPECT_EQ((MlxScheme{Mode::kAffine, 8, 64}).Elements(), DType::kU8);
  EXPECT_EQ((MlxScheme{Mode::kMxfp4, 4, 32}).Elements(), DType::kE2M1);
  EXPECT_EQ((MlxScheme{Mode::kNvfp4, 4, 16}).Elements(), DType::kE2M1);
  EXPECT_EQ((MlxScheme{Mode::kMxfp8, 8, 32}).Elements(), DType::kF8E4M3);
}

}  // namespace
}  // namespace pellucid
