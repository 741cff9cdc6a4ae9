// The default model as a Hugging Face folder: in float32 it gives the bits of
// the GGUF that it was made from; in bfloat16 it gives what Hugging Face makes
// of the rounded weights.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "kernels/decode.h"
#include "model/model_impl.h"
#include "pellucid/model.h"
#include "testutil/compare.h"
#include "testutil/golden.h"
#include "testutil/model_path.h"
#include "testutil/temp_dir.h"
#include "testutil/tiny_hf.h"

namespace pellucid {
namespace {

// One tensor to write: a matrix of the model, or a vector.
struct Source {
  std::string name;
  WeightView matrix = {};
  std::span<const float> vector = {};
};

std::vector<Source> SourcesOf(const Weights& weights) {
  std::vector<Source> out;
  const auto matrix = [&](const std::string& name, const WeightView& view) {
    out.push_back({.name = name + ".weight", .matrix = view});
  };
  const auto norm = [&](const std::string& name, const NormWeights& values) {
    out.push_back({.name = name + ".weight", .vector = values.weight});
  };
  matrix("model.embed_tokens", weights.embed);
  for (std::size_t i = 0; i < weights.layers.size(); ++i) {
    const LayerWeights& w = weights.layers[i];
    const std::string block = fmt::format("model.layers.{}.", i);
    norm(block + "input_layernorm", w.attn_norm);
    matrix(block + "self_attn.q_proj", w.query.weight);
    matrix(block + "self_attn.k_proj", w.key.weight);
    matrix(block + "self_attn.v_proj", w.value.weight);
    matrix(block + "self_attn.o_proj", w.attn_out.weight);
    norm(block + "post_attention_layernorm", w.mlp_norm);
    matrix(block + "mlp.gate_proj", w.gate.weight);
    matrix(block + "mlp.up_proj", w.up.weight);
    matrix(block + "mlp.down_proj", w.down.weight);
  }
  norm("model.norm", weights.final_norm);
  return out;
}

// To nearest, ties to even; finite values.
std::uint16_t ToBf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

void WriteValues(std::ofstream& file, std::span<const float> values,
                 bool narrow) {
  if (!narrow) {
    file.write(reinterpret_cast<const char*>(values.data()),
               static_cast<std::streamsize>(values.size_bytes()));
    return;
  }
  std::vector<std::uint16_t> halves(values.size());
  std::ranges::transform(values, halves.begin(), ToBf16);
  file.write(reinterpret_cast<const char*>(halves.data()),
             static_cast<std::streamsize>(halves.size() * 2));
}

std::string HeaderOf(const std::vector<Source>& sources, bool narrow) {
  std::string text = "{";
  std::size_t begin = 0;
  for (const Source& source : sources) {
    const WeightView& m = source.matrix;
    const std::size_t size = m.empty() ? source.vector.size() : m.rows * m.cols;
    const std::size_t end = begin + size * (narrow ? 2 : 4);
    text += fmt::format(
        R"({}"{}":{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})",
        text.size() > 1 ? "," : "", source.name, narrow ? "BF16" : "F32",
        m.empty() ? fmt::format("{}", size)
                  : fmt::format("{},{}", m.rows, m.cols),
        begin, end);
    begin = end;
  }
  return text + "}";
}

// Matrices are decoded a few rows at a time, so memory stays small.
void WriteWeights(const std::string& path, const Weights& weights,
                  bool narrow) {
  const std::vector<Source> sources = SourcesOf(weights);
  std::ofstream file(path, std::ios::binary);
  const std::string header = HeaderOf(sources, narrow);
  const std::uint64_t length = header.size();
  file.write(reinterpret_cast<const char*>(&length), sizeof(length));
  file << header;
  std::vector<float> rows;
  for (const Source& source : sources) {
    WriteValues(file, source.vector, narrow);
    const WeightView& m = source.matrix;
    constexpr std::size_t kRows = 64;
    for (std::size_t begin = 0; begin < m.rows; begin += kRows) {
      const std::size_t count = std::min(kRows, m.rows - begin);
      rows.resize(count * m.cols);
      kernels::DecodeRows(m, begin, {rows.data(), count, m.cols});
      WriteValues(file, rows, narrow);
    }
  }
  ASSERT_TRUE(file.good()) << path;
}

void WriteFolder(const std::string& folder, const Model& model, bool narrow) {
  const ArchSpec& spec = model.impl().spec;
  std::string theta;
  for (const auto& [key, value] : spec.details) {
    if (key == "rope_theta") theta = value;
  }
  testutil::WriteFileText(
      folder + "/config.json",
      fmt::format(R"({{"model_type": "llama", "hidden_size": {},
                       "num_attention_heads": {}, "num_key_value_heads": {},
                       "num_hidden_layers": {}, "intermediate_size": {},
                       "max_position_embeddings": {}, "vocab_size": {},
                       "rms_norm_eps": {:.9g}, "rope_theta": {},
                       "tie_word_embeddings": true}})",
                  spec.d_model, spec.n_heads, spec.n_kv_heads, spec.n_layers,
                  spec.d_mlp, spec.context_length, spec.vocab_size,
                  spec.norm_eps, theta));
  WriteWeights(folder + "/model.safetensors", model.impl().weights, narrow);
}

class HfDefaultModelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testutil::HasDefaultModel()) GTEST_SKIP() << "no default model";
  }
  // The default model, and the folder that it became.
  static Model OpenGguf() {
    return Model::Open(testutil::DefaultModelPath()).value();
  }
  Result<Model> OpenAsFolder(bool narrow) const {
    WriteFolder(dir_.path(), OpenGguf(), narrow);
    return Model::Open(dir_.path());
  }

  testutil::TempDir dir_;
};

TEST_F(HfDefaultModelTest, Float32GivesTheBitsOfTheGguf) {
  const auto folder = OpenAsFolder(/*narrow=*/false);
  ASSERT_TRUE(folder.ok()) << folder.error().message;
  const Model gguf = OpenGguf();
  const auto ids = testutil::LoadGolden("smollm2/bf16.safetensors").Ids();
  const RunOptions options{
      .sites = {"*.*", "model.layers.*", "model.layers.*.self_attn.pattern",
                "model.layers.*.mlp.post", "logits"},
      .last_logits = true};
  const auto ours = folder->Run(ids, options);
  ASSERT_TRUE(ours.ok()) << ours.error().message;
  const auto theirs = gguf.Run(ids, options);
  ASSERT_TRUE(theirs.ok()) << theirs.error().message;
  EXPECT_TRUE(testutil::SameBits(*ours, *theirs));
  // A row of the lens is the head on a block's output.
  const Tensor& middle = *ours->Find("model.layers.14");
  EXPECT_TRUE(testutil::SameBits(folder->Unembed(middle).value(),
                                 gguf.Unembed(middle).value()));
}

TEST_F(HfDefaultModelTest, Bfloat16EqualsHuggingFace) {
  const auto golden = testutil::LoadGolden("smollm2/bf16.safetensors");
  ASSERT_TRUE(golden.ok()) << golden.error;
  const auto folder = OpenAsFolder(/*narrow=*/true);
  ASSERT_TRUE(folder.ok()) << folder.error().message;
  RunOptions options{.sites = {"logits"}};
  for (const auto& [name, tensor] : golden.tensors) {
    if (!name.starts_with("logits")) options.sites.push_back(name);
  }
  const auto run = folder->Run(golden.Ids(), options);
  ASSERT_TRUE(run.ok()) << run.error().message;
  for (const auto& [name, theirs] : golden.tensors) {
    if (name.starts_with("logits")) continue;
    EXPECT_TRUE(testutil::Close(*run->Find(name), theirs,
                                testutil::kActivationTolerance))
        << name;
  }
  const Tensor& logits = *run->Find("logits");
  const Tensor& theirs = golden.Get("logits_every_13");
  ASSERT_EQ(theirs.shape[0], logits.shape[0]);
  for (std::size_t t = 0; t < theirs.shape[0]; ++t) {
    for (std::size_t i = 0; i < theirs.Row(t).size(); ++i) {
      const double z = theirs.Row(t)[i];
      ASSERT_NEAR(logits.Row(t)[13 * i], z, 1e-3 * std::max(1.0, std::abs(z)))
          << "position " << t << ", id " << 13 * i;
    }
  }
}

}  // namespace
}  // namespace pellucid
