// Direct path patching against the same three runs by edits.
#include "analysis/path_patch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pellucid/edit.h"
#include "pellucid/model.h"
#include "testutil/golden_json.h"
#include "testutil/noise.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;

constexpr TokenId kAnswer = 3, kFoil = 5;

Model Open(const std::string& name) {
  return Model::Open(testutil::GoldenPath(name), {.threads = 2}).value();
}

PatchPair MakePair(const Model& model) {
  testutil::Random random(1);
  PatchPair pair;
  for (int i = 0; i < 7; ++i) {
    pair.clean.push_back(
        static_cast<TokenId>(random.Below(model.info().vocab_size)));
  }
  pair.corrupt = pair.clean;
  pair.corrupt[1] = (pair.clean[1] + 1) % 7;
  pair.corrupt[4] = (pair.clean[4] + 2) % 7;
  pair.answer = {kAnswer};
  pair.foil = {kFoil};
  return pair;
}

Edit Make(EditKind kind, const std::string& site, Tensor values,
          std::vector<std::size_t> heads = {}) {
  Edit edit{.site = site, .kind = kind};
  edit.scope.heads = std::move(heads);
  edit.values = std::move(values);
  edit.values.shape = {edit.values.shape[0], edit.values.RowSize()};
  return edit;
}

Tensor Record(const Model& model, const std::vector<TokenId>& ids,
              const std::string& site, std::vector<Edit> edits = {}) {
  auto trace = model.Run(ids, {.sites = {site}, .edits = std::move(edits)});
  EXPECT_TRUE(trace.ok()) << trace.error().message;
  return trace->sites.begin()->second;
}

double LogitDiff(const Model& model, const std::vector<TokenId>& ids,
                 std::vector<Edit> edits = {}) {
  const auto logits = Record(model, ids, "logits", std::move(edits));
  const auto row = logits.Row(ids.size() - 1);
  return double{row[kAnswer]} - double{row[kFoil]};
}

Tensor Less(Tensor a, const Tensor& b) {
  for (std::size_t i = 0; i < a.data.size(); ++i) a.data[i] -= b.data[i];
  return a;
}

struct Case {
  std::string model;
  std::string layer;     // path of a block, {} for its number
  std::string attn_out;  // what attention adds, below it
};

std::string At(const Case& c, std::size_t layer, const std::string& what) {
  std::string path = c.layer;
  path.replace(path.find("{}"), 2, std::to_string(layer));
  return what.empty() ? path : path + "." + what;
}

// By norms in front, by norms behind as well, and in parallel.
std::vector<Case> Cases() {
  return {
      {"tiny_hf/llama_head_dim", "model.layers.{}", "self_attn"},
      {"families/gemma2_plain", "model.layers.{}", "post_attention_layernorm"},
      {"families/gptj_plain", "transformer.h.{}", "attn"}};
}

// The stream's change where head `head` of block 0 has the clean run's values.
Tensor ChangeOfHead(const Model& model, const Case& c, const PatchPair& pair,
                    std::size_t head) {
  const std::string z =
      At(c, 0, "") +
      (c.model.find("gptj") != std::string::npos ? ".attn.z" : ".self_attn.z");
  const Tensor clean = Record(model, pair.clean, z);
  Tensor values({7, clean.shape[2]});
  for (std::size_t t = 0; t < 7; ++t) {
    for (std::size_t i = 0; i < clean.shape[2]; ++i) {
      values.Row(t)[i] = clean.Row(t)[head * clean.shape[2] + i];
    }
  }
  const std::string added = At(c, 0, c.attn_out);
  return Less(Record(model, pair.corrupt, added,
                     {Make(EditKind::kReplace, z, values, {head})}),
              Record(model, pair.corrupt, added));
}

TEST(PathPatchTest, IsThreeRunsByEdits) {
  for (const Case& c : Cases()) {
    const Model model = Open(c.model);
    const PatchPair pair = MakePair(model);
    const double corrupt = LogitDiff(model, pair.corrupt);
    for (const std::string to : {"q:1", "v:1", "mlp:1", "attn:1", "logits"}) {
      SCOPED_TRACE(c.model + ", " + to);
      const auto grid = Patch(
          model, pair, {.site = "z", .axes = PatchAxes::kLayerHead, .to = to});
      ASSERT_TRUE(grid.ok()) << grid.error().message;
      EXPECT_NEAR(grid->corrupt, corrupt, 1e-5);
      EXPECT_NEAR(grid->clean, LogitDiff(model, pair.clean), 1e-5);
      for (std::size_t head = 0; head < grid->columns.size(); ++head) {
        const Tensor change = ChangeOfHead(model, c, pair, head);
        double expected = 0;
        if (to == "logits") {
          const std::size_t last = model.info().n_layers - 1;
          expected = LogitDiff(model, pair.corrupt,
                               {Make(EditKind::kAdd, At(c, last, ""), change)});
        } else {
          const bool parallel = c.model.find("gptj") != std::string::npos;
          const bool middle = to == "mlp:1" && !parallel;
          const std::string reads =
              At(c, 1, middle ? "resid_mid" : "resid_pre");
          std::string site = "blocks.1.attn.hook_" + to.substr(0, 1);
          if (to == "mlp:1") site = At(c, 1, "mlp");
          if (to == "attn:1") site = At(c, 1, parallel ? "attn" : "self_attn");
          const Tensor value = Record(model, pair.corrupt, site,
                                      {Make(EditKind::kAdd, reads, change)});
          expected = LogitDiff(model, pair.corrupt,
                               {Make(EditKind::kReplace, site, value)});
        }
        EXPECT_NEAR(grid->values[0][head], expected, 1e-5) << head;
        EXPECT_NE(grid->values[0][head], grid->corrupt) << head;
        // Behind the reader there is no path.
        const bool reaches =
            to == "logits" ||
            (to == "mlp:1" && c.model.find("gptj") == std::string::npos);
        if (!reaches) {
          EXPECT_EQ(grid->values[1][head], grid->corrupt) << head;
        }
      }
    }
  }
}

TEST(PathPatchTest, OneHeadReadsAndPositionsAreCells) {
  const Model model = Open("tiny_hf/llama_head_dim");
  const PatchPair pair = MakePair(model);
  const auto grid = [&](const std::string& to) {
    return Patch(model, pair, {.site = "mlp_out", .to = to}).value();
  };
  const PatchGrid all = grid("q:1"), first = grid("q:1.0");
  EXPECT_NE(all.values[0][6], first.values[0][6]);
  EXPECT_NE(first.values[0][6], first.corrupt);
  // Queries of the last block are read at their own position alone.
  EXPECT_EQ(first.values[0][1], first.corrupt);
  EXPECT_EQ(first.values[0][0], first.corrupt);  // shared by both prompts
}

TEST(PathPatchTest, RefusesWhatHasNoPath) {
  const Model model = Open("tiny_hf/llama_head_dim");
  PatchPair pair = MakePair(model);
  const auto message = [&](const PatchOptions& options) {
    const auto grid = Patch(model, pair, options);
    EXPECT_FALSE(grid.ok());
    return grid.ok() ? "" : grid.error().message;
  };
  EXPECT_THAT(message({.to = "logits"}),
              HasSubstr("resid_post is no part that adds to the stream"));
  EXPECT_THAT(message({.site = "z", .to = "x:1"}), HasSubstr("is not known"));
  EXPECT_THAT(message({.site = "z", .to = "q:9"}),
              HasSubstr("the model has blocks 0 to "));
  EXPECT_THAT(message({.site = "z", .to = "q:1.99"}), HasSubstr(" heads"));
  EXPECT_THAT(message({.site = "z", .to = "mlp:1.0"}), HasSubstr("0 heads"));
  EXPECT_THAT(message({.site = "z", .window = 2, .to = "q:1"}),
              HasSubstr("use 1"));
  pair.answer = {3, 4};
  EXPECT_THAT(message({.site = "z", .to = "q:1"}), HasSubstr("one token"));
}

}  // namespace
}  // namespace pellucid
