// Scores of heads on repeated random tokens: which sequences, and their runs.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "analysis/head_score_probe.h"
#include "analysis/random_tokens.h"
#include "base/float_environment.h"
#include "base/out_of_memory.h"
#include "model/model_impl.h"
#include "pellucid/attention.h"

namespace pellucid {
namespace {

// Tokens that are run at once: enough that weights are decoded for many, and
// bounds what a run holds. No score depends on it.
constexpr std::size_t kTokensAtOnce = 2048;
constexpr std::size_t kMostSequences = 100000;

Error TooFew(std::string_view what, std::size_t given, std::size_t least) {
  return UsageError(fmt::format(
      "attn: {}: {} given, but {} are needed; give more", what, given, least));
}

// kUsage: sizes that define no score, or that the model has no room for.
Status CheckSizes(const Model::Impl& model, const HeadScoreOptions& options,
                  std::size_t lead) {
  // With one token, what followed it last time would be the token itself.
  if (options.n_random_tokens < 2) {
    return TooFew("random tokens", options.n_random_tokens, 2);
  }
  if (options.n_repeats < 2) return TooFew("repeats", options.n_repeats, 2);
  if (options.n_sequences < 1 || options.n_sequences > kMostSequences) {
    return UsageError(
        fmt::format("attn: sequences: {} is not within 1 and {}; give a number "
                    "that is",
                    options.n_sequences, kMostSequences));
  }
  const std::size_t room = model.spec.context_length - lead;
  if (options.n_random_tokens <= room / options.n_repeats) return {};
  return UsageError(fmt::format(
      "attn: random tokens: {} x {}{} are more than the {} tokens of the "
      "model's context; give fewer tokens or repeats",
      options.n_random_tokens, options.n_repeats, lead > 0 ? " and BOS" : "",
      model.spec.context_length));
}

// The token before the random ones. kUsage: it is asked for, and there is none.
Result<std::optional<TokenId>> LeadToken(const Model& model, BosPolicy bos) {
  if (bos == BosPolicy::kNever) return std::optional<TokenId>();
  const Tokenizer* tokenizer = model.tokenizer();
  if (bos == BosPolicy::kAuto) {
    if (tokenizer == nullptr || !tokenizer->AddsBos()) {
      return std::optional<TokenId>();
    }
    return tokenizer->BosId();
  }
  PELLUCID_ASSIGN_OR_RETURN(tokenizer, model.RequireTokenizer());
  if (!tokenizer->BosId()) {
    return UsageError(
        "attn: bos: the model's files name no BOS token; leave it to auto or "
        "never");
  }
  return tokenizer->BosId();
}

// Where random ids come from: what the tokenizer has, and has as text. A
// special token, and only such a one, is text that skipping these removes.
RandomTokensSpec SpecOf(const Model& model, const HeadScoreOptions& options) {
  RandomTokensSpec spec{.count = options.n_random_tokens,
                        .seed = options.seed,
                        .candidates = model.info().vocab_size};
  const Tokenizer* tokenizer = model.tokenizer();
  if (tokenizer == nullptr) return spec;
  spec.candidates = std::min(spec.candidates, tokenizer->VocabSize());
  spec.left_out = [tokenizer](TokenId id) {
    const TokenId one[] = {id};
    return tokenizer->TokenBytes(id).empty() ||
           tokenizer->Decode(one, false) != tokenizer->Decode(one, true);
  };
  return spec;
}

Result<std::vector<std::vector<TokenId>>> DrawSequences(
    const Model& model, const HeadScoreOptions& options,
    const std::optional<TokenId>& lead) {
  const RandomTokensSpec spec = SpecOf(model, options);
  std::vector<std::vector<TokenId>> out(options.n_sequences);
  for (std::size_t s = 0; s < out.size(); ++s) {
    PELLUCID_ASSIGN_OR_RETURN(const std::vector<TokenId> block,
                              DrawTokens(spec, s));
    if (lead) out[s].push_back(*lead);
    for (std::size_t r = 0; r < options.n_repeats; ++r) {
      out[s].insert(out[s].end(), block.begin(), block.end());
    }
  }
  return out;
}

// `progress` of part `index` of `count`.
Progress PartOf(const Progress& progress, std::size_t index,
                std::size_t count) {
  if (!progress) return {};
  return [&progress, index, count](double done) {
    progress((static_cast<double>(index) + done) / static_cast<double>(count));
  };
}

Result<HeadScores> Score(const Model& model, const HeadScoreOptions& options) {
  const FloatEnvironment environment;
  const Model::Impl& impl = model.impl();
  PELLUCID_ASSIGN_OR_RETURN(const std::optional<TokenId> lead,
                            LeadToken(model, options.bos));
  PELLUCID_RETURN_IF_ERROR(CheckSizes(impl, options, lead ? 1 : 0));
  HeadScores out;
  out.has_bos = lead.has_value();
  out.n_layers = impl.spec.n_layers;
  out.n_heads = impl.spec.n_heads;
  PELLUCID_ASSIGN_OR_RETURN(out.sequences, DrawSequences(model, options, lead));
  PELLUCID_RETURN_IF_ERROR(impl.CheckPrompts(out.sequences));
  const RepeatedForm form{lead ? std::size_t{1} : 0, options.n_random_tokens,
                          options.n_repeats};
  const std::size_t at_once = std::clamp<std::size_t>(
      kTokensAtOnce / form.tokens(), 1, options.n_sequences);
  HeadScoreProbe probe(form, at_once, out.n_layers, out.n_heads);
  const std::size_t runs = (options.n_sequences + at_once - 1) / at_once;
  for (std::size_t run = 0; run < runs; ++run) {
    const std::size_t first = run * at_once;
    const auto part =
        std::span(out.sequences)
            .subspan(first, std::min(at_once, options.n_sequences - first));
    probe.Begin(part.size());
    PELLUCID_ASSIGN_OR_RETURN(
        const Forwarded done,
        RunForward(impl.context(), Pack(part),
                   {.probe = &probe,
                    .stop = options.stop,
                    .progress = PartOf(options.progress, run, runs)}));
    static_cast<void>(done);
  }
  out.heads = probe.Means(options.n_sequences);
  return out;
}

}  // namespace

std::string_view HeadKindName(HeadKind kind) {
  switch (kind) {
    case HeadKind::kPreviousToken:
      return "previous_token";
    case HeadKind::kDuplicateToken:
      return "duplicate_token";
    case HeadKind::kInduction:
      return "induction";
    case HeadKind::kFirstToken:
      return "first_token";
  }
  return "";
}

Result<HeadScores> ScoreHeads(const Model& model,
                              const HeadScoreOptions& options) {
  return CatchOutOfMemory("attn", [&] { return Score(model, options); });
}

std::vector<HeadScore> RankHeads(const HeadScores& scores, HeadKind kind) {
  std::vector<HeadScore> ranked = scores.heads;
  std::ranges::stable_sort(ranked, [&](const HeadScore& a, const HeadScore& b) {
    return a.Of(kind) > b.Of(kind);
  });
  return ranked;
}

}  // namespace pellucid
