// Where heads look, and what kind they are.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <utility>
#include <vector>

#include "arrays.h"
#include "bindings.h"
#include "edits.h"
#include "pellucid/attention.h"
#include "watched.h"

namespace nb = nanobind;

namespace pellucid::python {
namespace {

// [layers, heads, queries, keys].
nb::dict Patterns(const Model& model, const std::vector<TokenId>& ids,
                  const std::string& layers, const std::string& heads) {
  PatternOptions options{.layers = SelectionOf(layers, "layers"),
                         .heads = SelectionOf(heads, "heads")};
  const AttentionPatterns found = Watched([&](const std::stop_token& stop) {
    options.stop = stop;
    return ComputePatterns(model, ids, options);
  });
  std::vector<float> weights;
  for (const HeadPattern& pattern : found.patterns) {
    weights.insert(weights.end(), pattern.weights.data.begin(),
                   pattern.weights.data.end());
  }
  nb::dict out;
  out["layers"] = nb::cast(found.layers);
  out["heads"] = nb::cast(found.heads);
  out["weights"] =
      Own(std::move(weights),
          {found.layers.size(), found.heads.size(), ids.size(), ids.size()});
  return out;
}

// [n_layers, n_heads] a kind.
nb::dict Scores(const Model& model, std::size_t n_random_tokens,
                std::size_t n_repeats, std::size_t n_sequences,
                std::uint64_t seed) {
  HeadScoreOptions options{.n_random_tokens = n_random_tokens,
                           .n_repeats = n_repeats,
                           .n_sequences = n_sequences,
                           .seed = seed};
  const HeadScores scores = Watched([&](const std::stop_token& stop) {
    options.stop = stop;
    return ScoreHeads(model, options);
  });
  nb::dict out;
  for (const HeadKind kind : kHeadKinds) {
    std::vector<double> values;
    for (const HeadScore& head : scores.heads) {
      values.push_back(head.Of(kind));
    }
    const std::string name(HeadKindName(kind));
    out[nb::str(name.c_str())] =
        Own(std::move(values), {scores.n_layers, scores.n_heads});
  }
  out["sequences"] = nb::cast(scores.sequences);
  out["has_bos"] = scores.has_bos;
  return out;
}

}  // namespace

void BindAttention(nb::module_& m) {
  m.def("attention_patterns", &Patterns, nb::arg("model"), nb::arg("ids"),
        nb::arg("layers"), nb::arg("heads"));
  m.def("head_scores", &Scores, nb::arg("model"), nb::arg("n_random_tokens"),
        nb::arg("n_repeats"), nb::arg("n_sequences"), nb::arg("seed"));
}

}  // namespace pellucid::python
