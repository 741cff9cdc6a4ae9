// Trained lenses of every format, against what torch makes of the same maps;
// their own files; and what must be refused.
#include "pellucid/trained_lens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "formats/safetensors.h"
#include "formats/safetensors_writer.h"
#include "pellucid/lens.h"
#include "pellucid/model.h"
#include "testutil/golden.h"
#include "testutil/golden_json.h"
#include "testutil/temp_dir.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;

const std::string kFiles = testutil::GoldenPath("trained_lens/");

// A tiny model and its goldens of tools/goldens/trained_lens.py.
struct Case {
  testutil::Golden golden;
  Model model;
};

Case CaseOf(const std::string& name) {
  testutil::Golden golden =
      testutil::LoadGolden("trained_lens/" + name + ".safetensors");
  EXPECT_TRUE(golden.ok()) << golden.error;
  const std::string path = testutil::GoldenPath(golden.metadata.at("model"));
  return {std::move(golden), Model::Open(path).value()};
}

// Every logit of every row; `expected` [rows, positions, vocab] are the last
// ones that the lens shows.
void ExpectLogits(const Lens& lens, const Tensor& expected) {
  ASSERT_EQ(expected.shape.size(), 3u);
  ASSERT_LE(expected.shape[0], lens.rows.size());
  const std::size_t skipped = lens.rows.size() - expected.shape[0];
  const std::size_t vocab = expected.shape[2];
  const float* at = expected.data.data();
  for (std::size_t r = skipped; r < lens.rows.size(); ++r) {
    ASSERT_EQ(lens.rows[r].cells.size(), expected.shape[1]);
    for (const LensCell& cell : lens.rows[r].cells) {
      ASSERT_EQ(cell.top.size(), vocab);
      for (const TokenScore& score : cell.top) {
        const float theirs = at[score.id];
        EXPECT_NEAR(score.logit, theirs,
                    1e-3 * std::max(1.0, std::abs(double{theirs})))
            << lens.rows[r].site << " position " << cell.position;
      }
      at += vocab;
    }
  }
}

Lens LensThrough(const Case& c, LensKind kind, const std::string& file) {
  const auto trained = ReadTrainedLens(kind, kFiles + file, c.model);
  EXPECT_TRUE(trained.ok()) << trained.error().message;
  if (!trained.ok()) return {};
  const auto lens =
      ComputeLens(c.model, c.golden.Ids(),
                  {.top_k = c.model.info().vocab_size, .trained = *trained});
  EXPECT_TRUE(lens.ok()) << lens.error().message;
  return lens.ok() ? *lens : Lens();
}

class TrainedLensTest : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Models, TrainedLensTest,
                         ::testing::Values("gpt2", "gemma2"));

TEST_P(TrainedLensTest, EveryFormatSaysWhatTorchSays) {
  const Case c = CaseOf(GetParam());
  const std::size_t blocks = c.model.info().n_layers;
  const Tensor& tuned = c.golden.Get("tuned");
  for (const std::string& file : {GetParam(), GetParam() + "/params.pt"}) {
    const Lens lens = LensThrough(c, LensKind::kTuned, file);
    EXPECT_EQ(lens.kind, LensKind::kTuned);
    EXPECT_EQ(lens.rows.size(), blocks + 1);
    ExpectLogits(lens, tuned);
  }
  // Without the embedding's map.
  const Lens mlxterp = LensThrough(c, LensKind::kTuned, GetParam() + ".npz");
  ASSERT_EQ(mlxterp.rows.size(), blocks);
  EXPECT_EQ(mlxterp.rows[0].layer, 0);
  Tensor rows({blocks, tuned.shape[1], tuned.shape[2]});
  std::copy(tuned.data.begin() + static_cast<std::ptrdiff_t>(tuned.RowSize()),
            tuned.data.end(), rows.data.begin());
  ExpectLogits(mlxterp, rows);
  const Lens jacobian = LensThrough(c, LensKind::kJacobian, GetParam() + ".pt");
  EXPECT_EQ(jacobian.rows.size(), blocks);
  ExpectLogits(jacobian, c.golden.Get("jacobian"));
}

TEST_P(TrainedLensTest, TheLastRowIsTheModelsOwnOutput) {
  const Case c = CaseOf(GetParam());
  const Lens tuned = LensThrough(c, LensKind::kTuned, GetParam());
  const auto logit = ComputeLens(c.model, c.golden.Ids(),
                                 {.top_k = c.model.info().vocab_size});
  ASSERT_TRUE(logit.ok());
  const LensRow& ours = tuned.rows.back();
  const LensRow& plain = logit->rows.back();
  ASSERT_EQ(ours.cells.size(), plain.cells.size());
  for (std::size_t p = 0; p < ours.cells.size(); ++p) {
    for (std::size_t k = 0; k < ours.cells[p].top.size(); ++k) {
      EXPECT_EQ(ours.cells[p].top[k].id, plain.cells[p].top[k].id);
      EXPECT_EQ(ours.cells[p].top[k].logit, plain.cells[p].top[k].logit);
    }
    EXPECT_EQ(ours.cells[p].kl_to_final, 0);
  }
  EXPECT_EQ(tuned.max_abs_last_row_minus_logits, 0);
}

TEST_P(TrainedLensTest, WhatIsWrittenIsReadAgain) {
  const Case c = CaseOf(GetParam());
  const auto read =
      ReadTrainedLens(LensKind::kTuned, kFiles + GetParam(), c.model);
  ASSERT_TRUE(read.ok()) << read.error().message;
  TrainedLens lens = **read;
  lens.record = {{"tokens", "12"}};
  const testutil::TempDir dir;
  const std::string path = dir / "lens.safetensors";
  ASSERT_TRUE(WriteTrainedLens(path, lens, c.model).ok());
  const auto again = ReadTrainedLens(LensKind::kTuned, path, c.model);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ((*again)->record, lens.record);
  EXPECT_EQ((*again)->model_hash, c.model.info().hash);
  ASSERT_EQ((*again)->translators.size(), lens.translators.size());
  for (std::size_t i = 0; i < lens.translators.size(); ++i) {
    EXPECT_EQ((*again)->translators[i].site, lens.translators[i].site);
    EXPECT_EQ((*again)->translators[i].weight.data,
              lens.translators[i].weight.data);
    EXPECT_EQ((*again)->translators[i].bias, lens.translators[i].bias);
  }
}

TEST_P(TrainedLensTest, ExportsAreReadAgainWithTheSameBits) {
  const Case c = CaseOf(GetParam());
  const auto read =
      ReadTrainedLens(LensKind::kTuned, kFiles + GetParam(), c.model);
  ASSERT_TRUE(read.ok()) << read.error().message;
  const testutil::TempDir dir;
  ASSERT_TRUE(ExportTunedLens(dir / "t", **read, c.model, "a/b").ok());
  const auto tuned = ReadTrainedLens(LensKind::kTuned, dir / "t", c.model);
  ASSERT_TRUE(tuned.ok()) << tuned.error().message;
  ASSERT_TRUE(ExportMlxterpLens(dir / "m.npz", **read, c.model).ok());
  const auto mlxterp =
      ReadTrainedLens(LensKind::kTuned, dir / "m.npz", c.model);
  ASSERT_TRUE(mlxterp.ok()) << mlxterp.error().message;
  EXPECT_THAT(testutil::ReadFileText(dir / "m.json"),
              HasSubstr("\"num_layers\""));
  ASSERT_EQ((*tuned)->translators.size(), (*read)->translators.size());
  ASSERT_EQ((*mlxterp)->translators.size(), (*read)->translators.size());
  for (std::size_t i = 0; i < (*read)->translators.size(); ++i) {
    const LensTranslator& from = (*read)->translators[i];
    EXPECT_EQ((*tuned)->translators[i].weight.data, from.weight.data);
    EXPECT_EQ((*tuned)->translators[i].bias, from.bias);
    const LensTranslator& other = (*mlxterp)->translators[i];
    EXPECT_EQ(other.site, from.site);
    EXPECT_EQ(other.bias, from.bias);
    for (std::size_t k = 0; k < from.weight.data.size(); ++k) {
      // Adding 1 and taking it away rounds to 2^-24 of 1 to 2.
      EXPECT_NEAR(other.weight.data[k], from.weight.data[k], 0x1p-23);
    }
  }
}

TEST(TrainedLensErrorTest, RefusesWhatDoesNotFit) {
  const Case c = CaseOf("gpt2");
  const Model other = CaseOf("gemma2").model;
  const auto refusal = [](LensKind kind, const std::string& path,
                          const Model& model) {
    const auto read = ReadTrainedLens(kind, path, model);
    return read.ok() ? std::string("ok") : read.error().message;
  };
  EXPECT_THAT(refusal(LensKind::kTuned, kFiles + "gemma2", c.model),
              HasSubstr("use a lens that was made for this model"));
  EXPECT_THAT(refusal(LensKind::kTuned, kFiles + "gpt2.pt", c.model),
              HasSubstr("no tensor \"0.weight\""));
  EXPECT_THAT(refusal(LensKind::kJacobian, kFiles + "gpt2", c.model),
              HasSubstr("no dict \"J\""));
  EXPECT_THAT(refusal(LensKind::kJacobian, kFiles + "gpt2.npz", c.model),
              HasSubstr("tuned lenses only"));
  EXPECT_THAT(refusal(LensKind::kTuned, kFiles + "gpt2.safetensors", c.model),
              HasSubstr("is no lens"));
  EXPECT_THAT(refusal(LensKind::kTuned, kFiles + "absent", c.model),
              HasSubstr("absent"));
}

TEST(TrainedLensErrorTest, RefusesAnotherModelsAndWhatIsNotFinite) {
  const Case c = CaseOf("gpt2");
  const auto read = ReadTrainedLens(LensKind::kTuned, kFiles + "gpt2", c.model);
  ASSERT_TRUE(read.ok());
  const testutil::TempDir dir;
  const std::string path = dir / "lens.safetensors";
  TrainedLens lens = **read;
  lens.translators[0].weight.data[3] = NAN;
  const Status nan = WriteTrainedLens(path, lens, c.model);
  ASSERT_FALSE(nan.ok());
  EXPECT_EQ(nan.error().code, ErrorCode::kUsage);
  EXPECT_THAT(nan.error().message, HasSubstr("not finite"));
  ASSERT_TRUE(WriteTrainedLens(path, **read, c.model).ok());
  // The same file, saying that it is another model's.
  const auto file = SafetensorsFile::Open(path).value();
  TextMap metadata(file.metadata());
  metadata["model_hash"] = std::string(64, '0');
  std::vector<NamedFloats> tensors;
  std::vector<std::vector<float>> values;
  values.reserve(file.tensors().size());
  for (const SafetensorsTensor& tensor : file.tensors()) {
    values.emplace_back(tensor.data.size() / sizeof(float));
    tensors.push_back({tensor.name, tensor.shape, values.back()});
  }
  const std::string changed = dir / "changed.safetensors";
  ASSERT_TRUE(WriteSafetensors(changed, tensors, metadata).ok());
  const auto refused = ReadTrainedLens(LensKind::kTuned, changed, c.model);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kModel);
  EXPECT_THAT(refused.error().message, HasSubstr("another model"));
  const auto wrong = ReadTrainedLens(LensKind::kJacobian, path, c.model);
  ASSERT_FALSE(wrong.ok());
  EXPECT_THAT(wrong.error().message, HasSubstr("is a tuned lens"));
}

TEST(TrainedLensErrorTest, RowsWithoutAMapAreRefusedByName) {
  const Case c = CaseOf("gemma2");
  const auto jacobian =
      ReadTrainedLens(LensKind::kJacobian, kFiles + "gemma2.pt", c.model);
  ASSERT_TRUE(jacobian.ok());
  LensOptions options{.trained = *jacobian};
  options.layers = Selection::Parse("embed,0", "layers", true).value();
  const auto embed = ComputeLens(c.model, c.golden.Ids(), options);
  ASSERT_FALSE(embed.ok());
  EXPECT_THAT(embed.error().message, HasSubstr("no map for embed"));
  options.layers = {};
  options.sites = {LensSite::kMlpOut};
  const auto site = ComputeLens(c.model, c.golden.Ids(), options);
  ASSERT_FALSE(site.ok());
  EXPECT_EQ(site.error().code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace pellucid
