// A small lens made by hand, for the tests of everything that renders one: a
// model of two blocks reads "The sky is" and says " blue". Numbers are made up
// and exact in binary, so that tests can spell what is printed.
#ifndef PELLUCID_RENDER_TEST_LENS_H_
#define PELLUCID_RENDER_TEST_LENS_H_

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "render/lens_report.h"

namespace pellucid::render::testutil {

// Token 7 is a byte that is no character; 8 is beyond the tokenizer.
inline std::optional<std::string> TestText(TokenId id) {
  static const std::array<std::string, 8> kTexts = {
      "The", " sky", " is", " blue", ",", "\n", "\u65e5\u672c", "\xe2"};
  if (id < 0 || static_cast<std::size_t>(id) >= kTexts.size()) {
    return std::nullopt;
  }
  return kTexts[static_cast<std::size_t>(id)];
}

inline LensCell TestCell(std::size_t position, TokenId first, float prob,
                         TokenId second, float kl) {
  LensCell cell;
  cell.position = position;
  cell.top = {{first, 4.5f, -0.5f, prob}, {second, 3.0f, -2.0f, 0.125f}};
  cell.logz = 5.0f;
  cell.entropy = 0.75f;
  cell.kl_to_final = kl;
  if (position < 2) {
    const TokenId next = position == 0 ? 1 : 2;
    cell.next = RankedScore{{next, 1.5f, -3.5f, 0.03125f}, 4};
  }
  return cell;
}

// Owns what a LensReport views.
struct TestLens {
  Lens lens;
  ModelInfo model;
  RunInfo run;
  TokenTexts texts = TestText;

  LensReport Report() const { return {lens, model, run, texts}; }
};

inline TestLens MakeTestLens() {
  TestLens test;
  test.model = {.ref = "toy",
                .path = "/models/toy.gguf",
                .architecture = "llama",
                .format = "gguf",
                .hash = "abc123",
                .n_layers = 2,
                .d_model = 16,
                .n_heads = 4,
                .n_kv_heads = 2,
                .head_dim = 4,
                .d_mlp = 32,
                .vocab_size = 8,
                .context_length = 64,
                .details = {{"rope_theta", "10000"}, {"act", "silu"}}};
  test.run = {.isa = "reference",
              .threads = 2,
              .load_ms = 12.1,
              .input_text = "The sky is"};
  Lens& lens = test.lens;
  lens.ids = {0, 1, 2};
  lens.positions = {0, 1, 2};
  lens.rows = {
      {"embed",
       -1,
       {TestCell(0, 0, 1.0f, 4, 8.0f), TestCell(1, 1, 0.75f, 6, 9.5f),
        TestCell(2, 2, 0.5f, 5, 10.0f)}},
      {"model.layers.0",
       0,
       {TestCell(0, 4, 0.25f, 5, 2.0f), TestCell(1, 5, 0.375f, 0, 1.5f),
        TestCell(2, 6, 0.0f, 4, 4.0f)}},
      {"model.layers.1",
       1,
       {TestCell(0, 1, 0.5f, 4, 0.0f), TestCell(1, 2, 0.9375f, 5, 0.0f),
        TestCell(2, 3, 0.75f, 7, 0.0f)}}};
  lens.summary = {{"embed", -1, 0.75f, 9.25f, 0.0f, -3.5f},
                  {"model.layers.0", 0, 0.75f, 2.5f, 0.25f, std::nullopt},
                  {"model.layers.1", 1, 0.75f, 0.0f, 1.0f, -3.5f}};
  lens.timing = {.forward_ms = 8.0, .lens_ms = 31.0004};
  return test;
}

// As ComputeLens with FollowFinal::kLast.
inline void Follow(Lens& lens) {
  const std::array<RankedScore, 3> scores = {{{{3, -2.0f, -7.0f, 0.00025f}, 7},
                                              {{3, 1.0f, -3.0f, 0.0625f}, 5},
                                              {{3, 4.5f, -0.5f, 0.75f}, 1}}};
  for (std::size_t row = 0; row < lens.rows.size(); ++row) {
    for (LensCell& cell : lens.rows[row].cells) cell.final_top1 = scores[row];
  }
  lens.followed = LensTarget{3, {1}, {1}};
}

// As ComputeLens with the target ",".
inline void AddTarget(Lens& lens) {
  for (LensRow& row : lens.rows) {
    for (LensCell& cell : row.cells) {
      cell.targets = {{{4, 3.0f, -2.0f, 0.125f}, 2}};
    }
  }
  lens.targets = {{4, {0, std::nullopt, 0}, {std::nullopt, std::nullopt, 1}}};
}

}  // namespace pellucid::render::testutil

#endif  // PELLUCID_RENDER_TEST_LENS_H_
