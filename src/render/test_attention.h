// Small results of attention and attribution for the tests of their renderings:
// numbers that are easy to find again in a text.
#ifndef PELLUCID_RENDER_TEST_ATTENTION_H_
#define PELLUCID_RENDER_TEST_ATTENTION_H_

#include <optional>
#include <string>

#include "pellucid/attention.h"
#include "pellucid/attribution.h"
#include "pellucid/model.h"
#include "render/run_info.h"
#include "render/token_texts.h"

namespace pellucid::render {

inline ModelInfo TestModelInfo() {
  ModelInfo info;
  info.ref = "tiny";
  info.architecture = "llama";
  info.format = "gguf";
  info.hash = "abc";
  info.n_layers = 2;
  info.d_model = 8;
  info.n_heads = 2;
  info.vocab_size = 19;
  return info;
}

inline RunInfo TestRunInfo() {
  RunInfo run;
  run.isa = "avx2";
  run.threads = 2;
  run.input_text = "a b";
  return run;
}

inline TokenTexts TestTexts() {
  return [](TokenId id) -> std::optional<std::string> {
    if (id == 1) return "a";
    if (id == 2) return " b";
    return std::nullopt;
  };
}

// Two tokens; layers 0 and 1, heads 0 and 1.
inline AttentionPatterns TestPatterns() {
  AttentionPatterns out;
  out.ids = {1, 2};
  out.layers = {0, 1};
  out.heads = {0, 1};
  for (std::size_t i = 0; i < 4; ++i) {
    Tensor weights({2, 2});
    const float first = 0.25f * static_cast<float>(i);
    weights.data = {1, 0, first, 1 - first};
    out.patterns.push_back({i / 2, i % 2, weights});
  }
  return out;
}

inline HeadScores TestScores() {
  HeadScores out;
  out.sequences = {{3, 4, 3, 4}};
  out.n_layers = 2;
  out.n_heads = 2;
  out.heads = {{0, 0, 0.1, 0.2, 0.3, 0.4},
               {0, 1, 0.5, 0.1, 0.9, 0.1},
               {1, 0, 0.25, 0.3, 0.9, 0.2},
               {1, 1, 0.125, 0.0001, 0.75, 0.95}};
  return out;
}

inline Attribution TestAttribution(AttributionBy by) {
  Attribution out;
  out.ids = {1, 2};
  out.position = 1;
  out.by = by;
  out.answer = {1, 2.5f, 2.75f};
  out.foil = AttributedLogit{7, 1, 1};
  out.value = 1.75;
  out.sum = 1.7500001;
  out.residue = -1e-7;
  out.bound = 1e-5;
  out.norm_scale = 0.5;
  out.terms = {{.kind = TermKind::kEmbed, .value = 0.25}};
  for (int layer = 0; layer < 2; ++layer) {
    if (by == AttributionBy::kHead) {
      for (std::size_t head = 0; head < 2; ++head) {
        out.terms.push_back(
            {.kind = TermKind::kHead,
             .layer = layer,
             .head = head,
             .value = layer - 0.75 * static_cast<double>(head)});
      }
      out.terms.push_back(
          {.kind = TermKind::kAttentionBias, .layer = layer, .value = 0.125});
    } else {
      out.terms.push_back(
          {.kind = TermKind::kAttention, .layer = layer, .value = layer - 0.5});
    }
    if (by == AttributionBy::kNeuron) {
      out.terms.push_back({.kind = TermKind::kNeuron,
                           .layer = layer,
                           .neuron = 5,
                           .expert = 3,
                           .value = -1.25 * (layer + 1)});
      out.terms.push_back(
          {.kind = TermKind::kOtherNeurons, .layer = layer, .value = 1});
    } else {
      out.terms.push_back(
          {.kind = TermKind::kMlp, .layer = layer, .value = 0.0001});
    }
  }
  out.terms.push_back({.kind = TermKind::kUnembedBias, .value = -0.5});
  return out;
}

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_TEST_ATTENTION_H_
