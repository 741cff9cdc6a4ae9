#include "model/family.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "testutil/gguf_builder.h"
#include "testutil/temp_dir.h"
#include "testutil/tiny_hf.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;

TEST(FamilyTest, AnUnknownArchitectureIsNamed) {
  const auto bytes =
      testutil::GgufBuilder().String("general.architecture", "rwkv7").Build();
  const auto file = GgufFile::Parse(bytes, "m.gguf").value();
  const auto loaded = LoadFromGguf(file);
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, ErrorCode::kModel);
  EXPECT_THAT(loaded.error().message,
              HasSubstr("open: m.gguf: unsupported architecture \"rwkv7\""));
}

TEST(FamilyTest, AFileWithoutAnArchitectureIsRefused) {
  const auto bytes = testutil::GgufBuilder().Build();
  const auto file = GgufFile::Parse(bytes, "m.gguf").value();
  const auto loaded = LoadFromGguf(file);
  ASSERT_FALSE(loaded.ok());
  EXPECT_THAT(loaded.error().message, HasSubstr("general.architecture"));
}

// What opening a folder of this configuration says.
std::string ErrorOfFolder(const std::map<std::string, std::string>& config) {
  const testutil::TempDir dir;
  testutil::HfModel model = testutil::TinyHfLlama();
  for (const auto& [key, value] : config) model.config[key] = value;
  model.Write(dir.path());
  const auto folder = HfFolder::Open(dir.path());
  const auto loaded = LoadFromHf(folder.value());
  return loaded.ok() ? "no error" : loaded.error().message;
}

TEST(FamilyTest, FoldersGoByModelTypeThenByArchitecture) {
  EXPECT_EQ(ErrorOfFolder({}), "no error");
  EXPECT_EQ(ErrorOfFolder({{"model_type", "null"}}), "no error");
  EXPECT_EQ(ErrorOfFolder({{"architectures", "null"}}), "no error");
  EXPECT_EQ(ErrorOfFolder({{"architectures", "[\"LlamaModel\"]"}}), "no error");
  EXPECT_THAT(ErrorOfFolder({{"model_type", "\"rwkv\""}}),
              HasSubstr("unsupported architecture \"rwkv\"; this version "
                        "reads: bloom, cohere"));
  EXPECT_THAT(ErrorOfFolder({{"model_type", "null"},
                             {"architectures", "[\"RwkvForCausalLM\"]"}}),
              HasSubstr("unsupported architecture \"RwkvForCausalLM\""));
}

TEST(FamilyTest, AFolderThatNamesNoArchitectureIsMissingAKey) {
  EXPECT_THAT(
      ErrorOfFolder({{"model_type", "null"}, {"architectures", "null"}}),
      HasSubstr("config.json: model_type: is missing, and so is "
                "architectures"));
}

TEST(FamilyTest, AHeadThatIsNoLanguageModelsIsRefused) {
  const std::string error = ErrorOfFolder(
      {{"architectures", "[\"LlamaForSequenceClassification\"]"}});
  EXPECT_THAT(error, HasSubstr("unsupported architecture "
                               "\"LlamaForSequenceClassification\""));
  EXPECT_THAT(error, HasSubstr("language models (ForCausalLM) of bloom, "));
}

}  // namespace
}  // namespace pellucid
