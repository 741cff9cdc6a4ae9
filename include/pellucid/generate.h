// pellucid/generate.h - what a model writes, token after token.
//
//   Generation g = Generate(model, ids, {.max_tokens = 40}).value();
//   Print(g.text);
//
// Each token is run once, behind a cache of keys and values; whether tokens are
// cached or computed again changes no bit, nor does the rest of a batch, the
// number of threads or the instruction set. Edits (pellucid/edit.h) hold on the
// prompt, on what is generated, or on both. Activations and the lens of what is
// generated are taken from the same runs.
#ifndef PELLUCID_GENERATE_H_
#define PELLUCID_GENERATE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/edit.h"
#include "pellucid/export.h"
#include "pellucid/lens.h"
#include "pellucid/model.h"
#include "pellucid/result.h"
#include "pellucid/tokenizer.h"
#include "pellucid/trace.h"

namespace pellucid {

// How the next token is chosen. With nothing set: the highest logit, of equal
// ones the lowest id. With any of `temperature`, `top_k`, `top_p`, `min_p` or
// `seed` it is drawn, unless the temperature is 0.
//
// The steps are those of Hugging Face's `generate`, in its order, each on what
// the one before leaves: repetition penalty, temperature, top-k, top-p, min-p.
struct SamplingOptions {
  // Logits of tokens that the prompt or the continuation holds: divided by it
  // where positive, else multiplied. Greedy choice heeds it too. > 0; 1: none.
  double repetition_penalty = 1;
  // Logits are divided by it. >= 0; 0: greedy whatever else is set. Nothing: 1.
  std::optional<double> temperature = {};
  // The k highest, and what is equal to the last of them. >= 1.
  std::optional<std::size_t> top_k = {};
  // Tokens before which, from the most probable on, less than p of the
  // probability stands. In (0, 1].
  std::optional<double> top_p = {};
  // Tokens of at least this share of the most probable one's probability. In
  // [0, 1].
  std::optional<double> min_p = {};
  // One uniform number a token, from Philox4x32-10 (Salmon et al. 2011) of key
  // `seed` and counter (index of the token, stream, 0, 2), the middle of one of
  // 2^52 intervals; the token is where the running sum of probabilities, by
  // rising id in float64, passes it. The same on every machine and in every
  // batch. Nothing: 0.
  std::optional<std::uint64_t> seed = {};
  std::uint32_t stream = 0;  // another one: other numbers of the same seed
};

// Whether tokens are drawn, not chosen greedily.
PELLUCID_API bool Draws(const SamplingOptions& options);

// A token and the probability that it is drawn with.
struct TokenChance {
  TokenId id = 0;
  double prob = 0;  // > 0; all of a distribution add up to 1
};

// What the steps leave of `logits` [vocab_size] behind the tokens `before`, by
// rising id; of a greedy choice the one token. Costs a few passes over the
// vocabulary. kUsage: an option out of its range, no logits, an id of `before`
// beyond them.
PELLUCID_API Result<std::vector<TokenChance>> SamplingDistribution(
    const SamplingOptions& options, std::span<const TokenId> before,
    std::span<const float> logits);

// A token of a continuation.
struct GeneratedToken {
  TokenId id = 0;
  // Of the model (with its edits) before any step of SamplingOptions: logit -
  // logz, nats.
  float logprob = 0;
};

// What Generate makes, records and watches.
struct GenerateOptions {
  std::size_t max_tokens = 64;  // >= 1
  SamplingOptions sampling = {};
  // Where one of these texts appears in the continuation, it ends before it.
  // Needs a tokenizer; none is empty.
  std::vector<std::string> stop_texts = {};
  // Tokens behind which it ends. Nothing: StopTokens(model); an empty list:
  // none.
  std::optional<std::vector<TokenId>> stop_tokens = {};
  // Made in their order. EditScope::when says at which tokens.
  std::vector<Edit> edits = {};
  // Names as in RunOptions. Of all tokens, those of the prompt too.
  std::vector<std::string> sites = {};
  // The lens of the positions that chose a token each. `positions`, `edits`,
  // `on_part`, `stop`, `progress` and `max_residual_bytes` are not read.
  std::optional<LensOptions> lens = {};
  // Called with each piece of the continuation as soon as it is certain: whole
  // characters, nothing that a stop text may begin with. `prompt`: which of the
  // batch. Must not throw. Not called without a tokenizer.
  std::function<void(std::size_t prompt, std::string_view text)> on_text = {};
  // Called with each token, once the text that it makes certain has gone to
  // on_text. Must not throw.
  std::function<void(std::size_t prompt, const GeneratedToken& token)>
      on_token = {};
  std::stop_token stop = {};  // looked at every few milliseconds
  Progress progress = {};
};

enum class FinishReason {
  kLength,  // max_tokens, or the context is full
  kStop,    // a stop token or a stop text
};

// "length" or "stop".
PELLUCID_API std::string_view FinishReasonName(FinishReason reason);

// The continuation of one prompt. Owns its data.
struct Generation {
  std::vector<TokenId> prompt;
  // All that were generated: a stop token, and those of a stop text, too.
  std::vector<GeneratedToken> tokens;
  // What the tokens add to the text of the prompt, without a stop token and
  // what follows; empty without a tokenizer.
  std::string text;
  FinishReason finish = FinishReason::kLength;
  // GenerateOptions::sites of all tokens, as Model::Run of them (with the
  // edits) records them, to the bit.
  Trace trace;
  // GenerateOptions::lens: one cell a generated token in each row, of the
  // position before it; LensCell::next is the token itself, with the logprob
  // above in the final row. Of a model whose rotary table grows with the length
  // (dynamic NTK), as it was when the token was chosen.
  std::optional<Lens> lens;
  double prompt_ms = 0;  // the run of the prompt, of the whole batch
  double tokens_ms = 0;  // all runs after it
};

// Tokens that end a text: of a Hugging Face folder eos_token_id of
// generation_config.json, else of config.json; of a GGUF file its eos, eot and
// eom ids. Where there are none, the tokenizer's end of sequence.
PELLUCID_API std::vector<TokenId> StopTokens(const Model& model);

// Continues `ids` by at most max_tokens tokens; prompt and continuation fit the
// model's context together. Costs a run of the prompt, and of each token a pass
// over all weights; with `sites`, the last token is run too. Memory: keys and
// values of all tokens, and what is recorded. kUsage: no tokens or too many, an
// option out of its range, an unknown site, an edit that does not fit. kModel:
// non-finite activations; no tokenizer for stop texts. kCancelled.
PELLUCID_API Result<Generation> Generate(const Model& model,
                                         std::span<const TokenId> ids,
                                         const GenerateOptions& options = {});

// Several prompts of any lengths, in one run a step: one Generation each, equal
// to that of the prompt alone, but for times, to the bit. EditScope::prompts
// chooses among them. Errors are those of Generate, and one bad prompt fails
// all.
PELLUCID_API Result<std::vector<Generation>> GenerateBatch(
    const Model& model, std::span<const std::vector<TokenId>> prompts,
    const GenerateOptions& options = {});

}  // namespace pellucid

#endif  // PELLUCID_GENERATE_H_
