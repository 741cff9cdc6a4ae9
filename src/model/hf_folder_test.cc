#include "model/hf_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/sha256.h"
#include "testutil/temp_dir.h"
#include "testutil/tiny_hf.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testutil::HfModel;
using testutil::WriteFileText;

class HfFolderTest : public ::testing::Test {
 protected:
  std::string ErrorOf() {
    const auto folder = HfFolder::Open(dir_.path());
    if (folder.ok()) return "no error";
    EXPECT_EQ(folder.error().code, ErrorCode::kModel);
    EXPECT_THAT(folder.error().message, HasSubstr("open: " + dir_.path()));
    return folder.error().message;
  }

  testutil::TempDir dir_;
  HfModel model_ = testutil::TinyHfLlama();
};

TEST_F(HfFolderTest, OpensConfigAndTensors) {
  model_.Write(dir_.path(), /*shards=*/3);
  const auto folder = HfFolder::Open(dir_.path());
  ASSERT_TRUE(folder.ok()) << folder.error().message;
  EXPECT_EQ(folder->tensors.files().size(), 3u);
  EXPECT_EQ(folder->tensors.tensors().size(), model_.tensors.size());
  EXPECT_TRUE(folder->config.Has({"model_type"}));
  EXPECT_THAT(folder->bos_ids, IsEmpty());
}

// The JSON headers in the order of the files' names, then config.json.
TEST_F(HfFolderTest, TheHashCoversHeadersAndConfig) {
  model_.Write(dir_.path(), /*shards=*/2);
  std::string text;
  for (const char* file : {"/model-00001-of-00002.safetensors",
                           "/model-00002-of-00002.safetensors"}) {
    const std::string bytes = testutil::ReadFileText(dir_.path() + file);
    const auto size = static_cast<unsigned char>(bytes[0]) +
                      256u * static_cast<unsigned char>(bytes[1]);
    text += bytes.substr(8, size);
  }
  text += testutil::ReadFileText(dir_ / "config.json");
  Sha256 hash;
  hash.Update(std::as_bytes(std::span(text)));
  EXPECT_EQ(HfFolder::Open(dir_.path())->Hash(), HexOf(hash.Finish()));
}

TEST_F(HfFolderTest, TokenIdsComeFromTheGenerationConfigFirst) {
  model_.config["bos_token_id"] = "1";
  model_.config["eos_token_id"] = "[2, 3]";
  model_.Write(dir_.path());
  EXPECT_THAT(HfFolder::Open(dir_.path())->eos_ids, ElementsAre(2, 3));
  WriteFileText(dir_ / "generation_config.json",
                R"({"eos_token_id": 7, "bos_token_id": null})");
  const auto folder = HfFolder::Open(dir_.path());
  EXPECT_THAT(folder->eos_ids, ElementsAre(7));
  EXPECT_THAT(folder->bos_ids, ElementsAre(1));
  WriteFileText(dir_ / "generation_config.json", "{");
  EXPECT_THAT(HfFolder::Open(dir_.path())->eos_ids, ElementsAre(2, 3));
}

TEST_F(HfFolderTest, WithoutAConfigTheAdviceFitsWhatIsThere) {
  EXPECT_THAT(ErrorOf(), HasSubstr("holds no config.json; name a folder"));
  WriteFileText(dir_ / "adapter_config.json", "{}");
  EXPECT_THAT(ErrorOf(), HasSubstr("it is an adapter"));
}

TEST_F(HfFolderTest, QuantisedWeightsAreRefusedByTheirMethod) {
  model_.config["quantization_config"] = R"({"quant_method": "gptq"})";
  model_.Write(dir_.path());
  EXPECT_THAT(ErrorOf(), HasSubstr("config.json: quantization_config: weights "
                                   "quantised by method \"gptq\""));
  model_.config["quantization_config"] = "null";
  model_.Write(dir_.path());
  EXPECT_EQ(ErrorOf(), "no error");
  model_.config["quantization_config"] = R"({"twist": 4})";
  model_.Write(dir_.path());
  EXPECT_THAT(ErrorOf(), HasSubstr("method \"unnamed\""));
}

// Old folders of AutoGPTQ and AutoAWQ have their settings in other files.
TEST_F(HfFolderTest, TensorsOfGptqAndAwqAreRefused) {
  model_.Add("model.layers.0.self_attn.q_proj.qweight", {4, 4});
  model_.Write(dir_.path());
  EXPECT_THAT(ErrorOf(), HasSubstr("method \"gptq or awq\": unsupported; get"));
}

TEST_F(HfFolderTest, MlxSaysHowItsWeightsArePacked) {
  model_.Write(dir_.path());
  EXPECT_FALSE(HfFolder::Open(dir_.path()).value().quantisation.has_value());
  model_.config["quantization"] = R"({"bits": 3, "group_size": 128})";
  model_.config["quantization_config"] = model_.config["quantization"];
  model_.Write(dir_.path());
  const auto folder = HfFolder::Open(dir_.path());
  ASSERT_TRUE(folder.ok()) << folder.error().message;
  ASSERT_TRUE(folder->quantisation.has_value());
  EXPECT_EQ(folder->quantisation->scheme().bits, 3u);
  model_.config["quantization"] = R"({"bits": 7})";
  model_.config.erase("quantization_config");
  model_.Write(dir_.path());
  EXPECT_THAT(ErrorOf(), HasSubstr("config.json: quantization: asks for"));
}

}  // namespace
}  // namespace pellucid
