// The public model: opening, errors, and real models against Hugging Face eager
// float32 on the dequantised weights.
#include "pellucid/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>

#include "testutil/compare.h"
#include "testutil/golden.h"
#include "testutil/model_path.h"
#include "testutil/temp_dir.h"
#include "testutil/tiny_model.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;

class DefaultModelTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const auto opened = Model::Open(testutil::DefaultModelPath());
    ASSERT_TRUE(opened.ok())
        << opened.error().message << " (get it with: script/get-model)";
    model_ = new Model(*opened);
  }
  static void TearDownTestSuite() { delete model_; }

  static Model* model_;
};
Model* DefaultModelTest::model_ = nullptr;

// Positions that a golden holds: metadata "positions", else all.
std::vector<std::size_t> PositionsOf(const testutil::Golden& golden,
                                     std::size_t tokens) {
  std::vector<std::size_t> positions;
  const auto found = golden.metadata.find("positions");
  if (found == golden.metadata.end()) {
    for (std::size_t t = 0; t < tokens; ++t) positions.push_back(t);
    return positions;
  }
  std::size_t value = 0;
  bool digits = false;
  for (const char c : found->second) {
    if (c >= '0' && c <= '9') {
      value = value * 10 + static_cast<std::size_t>(c - '0');
      digits = true;
    } else if (digits) {
      positions.push_back(value);
      value = 0;
      digits = false;
    }
  }
  return positions;
}

Tensor RowsOf(const Tensor& tensor, const std::vector<std::size_t>& rows) {
  Tensor out({rows.size(), tensor.RowSize()});
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::ranges::copy(tensor.Row(rows[i]), out.Row(i).begin());
  }
  return out;
}

// Contract 4.4 for logits: |difference| <= 1e-3 max(1, |logit|).
void ExpectCloseLogits(std::span<const float> ours,
                       std::span<const float> theirs, std::size_t stride) {
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    const double limit = 1e-3 * std::max(1.0, std::abs(double{theirs[i]}));
    ASSERT_NEAR(ours[i * stride], theirs[i], limit) << "id " << i * stride;
  }
}

// A file of goldens of a real model, made from its dequantised weights.
struct RealGolden {
  std::string model;  // a file of PELLUCID_HOME/models
  std::string file;   // of tests/golden
};

class RealModelGoldenTest : public ::testing::TestWithParam<RealGolden> {};
INSTANTIATE_TEST_SUITE_P(
    Models, RealModelGoldenTest,
    ::testing::Values(RealGolden{"smollm2-135m.gguf", "smollm2/prompt_a"},
                      RealGolden{"smollm2-135m.gguf", "smollm2/prompt_a_sites"},
                      RealGolden{"smollm2-135m.gguf", "smollm2/prompt_b"},
                      RealGolden{"smollm2-135m.gguf", "smollm2/prompt_c"},
                      RealGolden{"gemma-3-270m-q4_k_m.gguf", "gemma3/capital"},
                      RealGolden{"gemma-3-270m-q4_k_m.gguf", "gemma3/long"}),
    [](const auto& variant) {
      std::string name = variant.param.file;
      std::ranges::replace(name, '/', '_');
      return name;
    });

TEST_P(RealModelGoldenTest, EverySiteEqualsHuggingFace) {
  const std::string path = testutil::RealModelPath(GetParam().model);
  if (!std::filesystem::is_regular_file(path)) {
    GTEST_SKIP() << path << " is absent (get it with: script/get-model)";
  }
  const auto model = Model::Open(path);
  ASSERT_TRUE(model.ok()) << model.error().message;
  const auto golden = testutil::LoadGolden(GetParam().file + ".safetensors");
  ASSERT_TRUE(golden.ok()) << golden.error;
  RunOptions options{.sites = {"logits"}};
  for (const auto& [name, tensor] : golden.tensors) {
    if (!name.starts_with("logits")) options.sites.push_back(name);
  }
  const std::vector<TokenId> ids = golden.Ids();
  const auto run = model->Run(ids, options);
  ASSERT_TRUE(run.ok()) << run.error().message;
  const std::vector<std::size_t> positions = PositionsOf(golden, ids.size());
  const Tensor& logits = *run->Find("logits");
  for (const auto& [name, theirs] : golden.tensors) {
    if (name == "logits") {
      ExpectCloseLogits(logits.Row(ids.size() - 1), theirs.data, 1);
    } else if (name == "logits_every_97") {
      for (std::size_t i = 0; i < positions.size(); ++i) {
        ExpectCloseLogits(logits.Row(positions[i]), theirs.Row(i), 97);
      }
    } else {
      const Tensor& ours = *run->Find(name);
      const bool some = positions.size() != ids.size();
      EXPECT_TRUE(testutil::Close(some ? RowsOf(ours, positions) : ours, theirs,
                                  testutil::kActivationTolerance))
          << name;
    }
  }
}

TEST_F(DefaultModelTest, SaysParis) {
  const auto encoded =
      (*model_->RequireTokenizer())->Encode("The capital of France is");
  ASSERT_TRUE(encoded.ok());
  const auto run = model_->Run(encoded->ids, {.last_logits = true});
  ASSERT_TRUE(run.ok());
  const auto best = std::ranges::max_element(run->last_logits);
  const auto id = static_cast<TokenId>(best - run->last_logits.begin());
  EXPECT_EQ(model_->tokenizer()->TokenText(id), " Paris");
  // The value of Hugging Face float32 on the dequantised weights.
  EXPECT_NEAR(*best, 17.371, 0.01);
}

TEST_F(DefaultModelTest, DescribesItself) {
  const ModelInfo& info = model_->info();
  EXPECT_EQ(info.architecture, "llama");
  EXPECT_EQ(info.format, "gguf");
  EXPECT_EQ(info.n_layers, 30u);
  EXPECT_EQ(info.d_model, 576u);
  EXPECT_EQ(info.vocab_size, 49152u);
  EXPECT_EQ(info.context_length, 8192u);
  EXPECT_EQ(info.hash.size(), 64u);
  EXPECT_EQ(model_->Tensors().size(), 272u);
}

class ModelTest : public ::testing::Test {
 protected:
  Model model_ = Model::Open(testutil::TinyLlamaPath("mha_tied_f32")).value();
};

void ExpectUsage(const Result<Trace>& result, const std::string& part) {
  ASSERT_FALSE(result.ok()) << part;
  EXPECT_EQ(result.error().code, ErrorCode::kUsage);
  EXPECT_THAT(result.error().message, HasSubstr(part));
}

TEST_F(ModelTest, PromptsThatCannotRunAreUsageErrors) {
  ExpectUsage(model_.Run({}), "no tokens");
  const auto vocab = static_cast<TokenId>(model_.info().vocab_size);
  ExpectUsage(model_.Run(std::vector<TokenId>{0, vocab}), "vocabulary");
  ExpectUsage(model_.Run(std::vector<TokenId>{-1}), "token id -1");
  ExpectUsage(
      model_.Run(std::vector<TokenId>(model_.info().context_length + 1, 0)),
      "context is");
  ExpectUsage(model_.Run(std::vector<TokenId>{1}, {.sites = {"nope"}}), "nope");
}

TEST_F(ModelTest, RunsAPromptThatFillsTheContext) {
  EXPECT_TRUE(
      model_.Run(std::vector<TokenId>(model_.info().context_length, 1)).ok());
}

TEST_F(ModelTest, WithoutATokenizerOnlyIdsCanBeRun) {
  EXPECT_EQ(model_.tokenizer(), nullptr);
  const auto required = model_.RequireTokenizer();
  ASSERT_FALSE(required.ok());
  EXPECT_THAT(required.error().message, HasSubstr("--ids"));
}

// Norm and unembedding of the last block's rows are the logits, to the bit.
TEST_F(ModelTest, UnembedOfTheLastBlockGivesTheLogits) {
  const std::vector<TokenId> ids = {1, 5, 2, 7, 7, 3};
  const std::string last =
      "model.layers." + std::to_string(model_.info().n_layers - 1);
  const Trace trace =
      model_.Run(ids, {.sites = {last, "logits", "model.norm"}}).value();
  EXPECT_TRUE(testutil::SameBits(model_.Unembed(*trace.Find(last)).value(),
                                 *trace.Find("logits")));
  EXPECT_TRUE(testutil::SameBits(
      model_.Unembed(*trace.Find("model.norm"), /*apply_final_norm=*/false)
          .value(),
      *trace.Find("logits")));
}

TEST_F(ModelTest, UnembedChecksShapes) {
  EXPECT_EQ(model_.Unembed(Tensor({2, 3})).error().code, ErrorCode::kUsage);
  Tensor wraps;  // 2^63 rows of an even width are 0 numbers in 64 bits
  wraps.shape = {std::size_t{1} << 63, model_.info().d_model};
  ASSERT_EQ(model_.info().d_model % 2, 0u);
  EXPECT_EQ(model_.Unembed(wraps).error().code, ErrorCode::kUsage);
  EXPECT_EQ(model_.Unembed(Tensor({0, model_.info().d_model}))->shape[0], 0u);
}

TEST_F(ModelTest, CopiesShareTheModel) {
  const Model copy = model_;
  EXPECT_EQ(&copy.info(), &model_.info());
}

TEST(ModelOpenTest, WhatIsNoModelIsAModelError) {
  const testutil::TempDir dir;
  const std::string text = "this is no model, but a text";
  testutil::WriteFileBytes(dir / "x.gguf", std::as_bytes(std::span(text)));
  testutil::WriteFileBytes(dir / "empty.gguf", {});
  for (const std::string& path :
       {dir / "x.gguf", dir / "empty.gguf", dir / "none.gguf", dir.path()}) {
    const auto model = Model::Open(path);
    ASSERT_FALSE(model.ok()) << path;
    EXPECT_EQ(model.error().code, ErrorCode::kModel) << path;
    EXPECT_THAT(model.error().message, HasSubstr("open: " + path)) << path;
  }
}

}  // namespace
}  // namespace pellucid
