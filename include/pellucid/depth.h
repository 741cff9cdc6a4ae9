// pellucid/depth.h - how deep is a prediction? Over many texts, the block at
// which a token first is what the model would say, and the block from which it
// stays so.
//
//   auto windows = CutWindows(model, documents, 256).value();
//   auto depths = MeasureDepths(model, windows, {}).value();
//   DepthHistogram all = HistogramOf(depths, model.info().n_layers);
//
// Two readings, because they often differ: `first_hit`, the first block whose
// top-1 token it is (as the issue 72 of the tuned-lens package asks), and
// `stable_from`, the block from whose output on every block's top-1 is it. Both
// are of blocks' outputs; the embedding row is not looked at.
#ifndef PELLUCID_DEPTH_H_
#define PELLUCID_DEPTH_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/export.h"
#include "pellucid/model.h"
#include "pellucid/result.h"
#include "pellucid/tokenizer.h"
#include "pellucid/trace.h"  // Progress
#include "pellucid/trained_lens.h"

namespace pellucid {

// Which token is looked for in the blocks.
enum class DepthToken : std::uint8_t {
  kPredicted,  // the final row's top-1: it is always reached
  kNext,       // the text's own next token: often never
};

// What a token is, by its bytes. Letters are those of ASCII and all beyond it.
enum class TokenClass : std::uint8_t {
  kWord,         // begins a word: a blank, then a letter
  kPart,         // begins with a letter: goes on with a word, or begins a text
  kNumber,       // a digit, behind blanks or not
  kPunctuation,  // another sign of ASCII, behind blanks or not
  kBlank,        // blanks and line feeds alone
  kOther,        // no text: a control token, or no tokenizer
};

// "word", "part", "number", "punctuation", "blank", "other".
PELLUCID_API std::string_view TokenClassName(TokenClass token_class);
// Of one token; without a tokenizer kOther.
PELLUCID_API TokenClass ClassOfToken(const Tokenizer* tokenizer, TokenId id);

// At one position of one window.
struct TokenDepth {
  std::size_t window = 0, position = 0;
  TokenId id = 0;  // the token that is looked for
  TokenClass token_class = TokenClass::kOther;
  // Blocks; empty: never.
  std::optional<std::size_t> first_hit = {}, stable_from = {};
};

// What MeasureDepths looks for and leaves out, and through which lens.
struct DepthOptions {
  DepthToken token = DepthToken::kPredicted;
  // Null: the logit lens. Blocks that it has no map for are passed over.
  std::shared_ptr<const TrainedLens> trained = {};
  std::size_t skip_first = 1;  // positions of each window
  std::stop_token stop = {};
  Progress progress = {};
};

// Of each position of each window, in their order; with kNext less the last of
// each. Costs the logits of all blocks and positions. kUsage: no position is
// left, or a window that the model cannot run. kModel: a lens that does not fit
// the model. kCancelled.
PELLUCID_API Result<std::vector<TokenDepth>> MeasureDepths(
    const Model& model, std::span<const std::vector<TokenId>> windows,
    const DepthOptions& options = {});

// How many tokens have which depth.
struct DepthHistogram {
  std::size_t tokens = 0;
  std::vector<std::size_t> first_hit, stable_from;  // [n_layers]: by block
  std::size_t never_hit = 0, never_stable = 0;
  // Of those that have one: the mean block; empty: none has.
  std::optional<double> mean_first_hit = {}, mean_stable_from = {};
};

// Counts `depths` of a model of so many blocks.
PELLUCID_API DepthHistogram HistogramOf(std::span<const TokenDepth> depths,
                                        std::size_t n_layers);

// A part of all tokens: those of one class, or of some positions.
struct DepthGroup {
  std::string name;  // "word"; "8-15"
  DepthHistogram histogram;
};

// By class, those that there are; by position in a window: 0, 1, 2-3, 4-7, 8-15
// and so on, those that there are.
PELLUCID_API std::vector<DepthGroup> DepthsByClass(
    std::span<const TokenDepth> depths, std::size_t n_layers);
PELLUCID_API std::vector<DepthGroup> DepthsByPosition(
    std::span<const TokenDepth> depths, std::size_t n_layers);

}  // namespace pellucid

#endif  // PELLUCID_DEPTH_H_
