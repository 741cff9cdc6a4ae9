// The logit lens by hand: record the residual stream, take one position of one
// layer, and give it to the model's own final norm and unembedding.
//
//   example_manual_lens MODEL TEXT
//
// Prints, for every fourth block and the last, the three likeliest next tokens
// after TEXT with their logits and probabilities. docs/tutorials/logit_lens.md
// walks through it.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "pellucid/model.h"
#include "pellucid/result.h"
#include "pellucid/tensor.h"
#include "pellucid/tokenizer.h"
#include "pellucid/trace.h"

namespace {

using pellucid::Model;
using pellucid::Result;
using pellucid::Status;
using pellucid::Tensor;
using pellucid::TokenId;
using pellucid::Tokenizer;
using pellucid::Trace;

// Ids of the `k` highest logits, the highest first.
std::vector<TokenId> TopK(std::span<const float> logits, std::size_t k) {
  std::vector<TokenId> ids(logits.size());
  std::iota(ids.begin(), ids.end(), 0);
  k = std::min(k, ids.size());
  std::partial_sort(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(k),
                    ids.end(), [&](TokenId a, TokenId b) {
                      const float x = logits[static_cast<std::size_t>(a)];
                      const float y = logits[static_cast<std::size_t>(b)];
                      return x != y ? x > y : a < b;
                    });
  ids.resize(k);
  return ids;
}

// ln of the sum of exp(logit): a logit less this is a log-probability.
double LogSumExp(std::span<const float> logits) {
  const double highest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(double{logit} - highest);
  return highest + std::log(sum);
}

// A token between quotes, a line feed as \n.
std::string Shown(const Tokenizer& tokenizer, TokenId id) {
  std::string text = "\"";
  for (const char c : tokenizer.TokenText(id)) {
    text += c == '\n' ? "\\n" : std::string(1, c);
  }
  return text + "\"";
}

// The residual stream after a block, by the name that every architecture
// shares; in a Llama it is also "model.layers.N", in a GPT-2 "transformer.h.N".
std::string SiteAfter(std::size_t layer) {
  return "blocks." + std::to_string(layer) + ".hook_resid_post";
}

// What the model would say next if it stopped after block `layer`.
Status PrintLayer(const Model& model, const Trace& trace, std::size_t layer) {
  const Tensor& stream = *trace.Find(SiteAfter(layer));  // [tokens, d_model]
  Tensor last({1, model.info().d_model});
  std::ranges::copy(stream.Row(trace.ids.size() - 1), last.data.begin());

  PELLUCID_ASSIGN_OR_RETURN(const Tensor logits, model.Unembed(last));

  const double log_z = LogSumExp(logits.Row(0));
  std::printf("layer %2zu:", layer);
  for (const TokenId id : TopK(logits.Row(0), 3)) {
    const float logit = logits.Row(0)[static_cast<std::size_t>(id)];
    std::printf("  %s %.2f (%.1f%%)", Shown(*model.tokenizer(), id).c_str(),
                double{logit}, 100 * std::exp(double{logit} - log_z));
  }
  std::printf("\n");
  return {};
}

Status PrintManualLens(const std::string& ref, const std::string& text) {
  PELLUCID_ASSIGN_OR_RETURN(const Model model, Model::Open(ref));
  PELLUCID_ASSIGN_OR_RETURN(const Tokenizer* tokenizer,
                            model.RequireTokenizer());
  PELLUCID_ASSIGN_OR_RETURN(const pellucid::Encoding prompt,
                            tokenizer->Encode(text));
  const std::size_t n_layers = model.info().n_layers;
  pellucid::RunOptions options;
  for (std::size_t layer = 0; layer < n_layers; ++layer) {
    options.sites.push_back(SiteAfter(layer));
  }
  PELLUCID_ASSIGN_OR_RETURN(const Trace trace, model.Run(prompt.ids, options));
  for (std::size_t layer = 0; layer < n_layers; ++layer) {
    if (layer % 4 != 0 && layer + 1 != n_layers) continue;
    PELLUCID_RETURN_IF_ERROR(PrintLayer(model, trace, layer));
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s MODEL TEXT\n", argv[0]);
    return 2;
  }
  const Status status = PrintManualLens(argv[1], argv[2]);
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", status.error().message.c_str());
    return 1;
  }
}
