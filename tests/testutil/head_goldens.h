// What Hugging Face's modules say of heads and of the parts of a logit, made by
// tools/goldens/attention.py and attribution.py.
#ifndef PELLUCID_TESTS_TESTUTIL_HEAD_GOLDENS_H_
#define PELLUCID_TESTS_TESTUTIL_HEAD_GOLDENS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace pellucid::testutil {

// attention/scores.json: one model's heads on repeated random tokens.
struct GoldenHeadScores {
  std::string folder;  // below tests/golden
  std::size_t n_random_tokens = 0, n_repeats = 0;
  std::uint64_t seed = 0;
  std::vector<std::vector<std::int32_t>> sequences;
  // [n_layers * n_heads, 4]: previous token, duplicate token, induction, first
  // token.
  std::vector<std::vector<double>> scores;
};

std::vector<GoldenHeadScores> LoadGoldenHeadScores();

// attribution/terms.json: one logit difference of one model.
struct GoldenTerm {
  std::string kind;  // "embed", "pos_embed", "attn", "mlp", "head", "neuron"
  int layer = -1;
  std::size_t index = 0;  // of the head or neuron
  double value = 0;
};

struct GoldenAttribution {
  std::string folder;
  std::vector<std::int32_t> ids;
  std::int32_t answer = 0, foil = 0;
  double value = 0;  // before a cap
  std::vector<GoldenTerm> terms;
};

std::vector<GoldenAttribution> LoadGoldenAttributions();

}  // namespace pellucid::testutil

#endif  // PELLUCID_TESTS_TESTUTIL_HEAD_GOLDENS_H_
