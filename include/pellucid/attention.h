// pellucid/attention.h - where heads look, and what kind of heads they are.
//
// A pattern is the matrix of weights after the softmax: row i says how much of
// each position j <= i the head reads at position i. ScoreHeads measures four
// habits of heads on random tokens, said several times over, where nothing but
// repetition can be known. A sequence is n random tokens, r times, with BOS
// before them where there is one; with position j of random token 0, 1, ...:
//
//   previous token   mean weight from j to j - 1, over all j >= 1 (Elhage et
//                    al. 2021, "A Mathematical Framework for Transformer
//                    Circuits": the first half of an induction circuit)
//   duplicate token  mean weight from j to j - n, j - 2n, ... together, the
//                    earlier places of the same token, over all j >= n (Wang
//                    et al. 2022, "Interpretability in the Wild")
//   induction        mean weight from j to j - n + 1, what followed the token
//                    the last time, over all j >= n (Olsson et al. 2022,
//                    "In-context Learning and Induction Heads")
//   first token      mean weight on position 0 of the sequence, over all other
//                    positions (Xiao et al. 2023: the attention sink)
//
// All lie in [0, 1]. A head that looks at everything alike scores about 1 / T.
//
//   HeadScores scores = ScoreHeads(model).value();
//   for (const HeadScore& head : RankHeads(scores, HeadKind::kInduction))
//     Use(head.layer, head.head, head.induction);
#ifndef PELLUCID_ATTENTION_H_
#define PELLUCID_ATTENTION_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

#include "pellucid/export.h"
#include "pellucid/model.h"
#include "pellucid/result.h"
#include "pellucid/selection.h"
#include "pellucid/tensor.h"
#include "pellucid/tokenizer.h"
#include "pellucid/trace.h"  // Progress

namespace pellucid {

// Which patterns ComputePatterns keeps.
struct PatternOptions {
  Selection layers = {}, heads = {};
  // Bytes of patterns [layers, heads, tokens, tokens] (float32) that may be
  // kept: more is an error.
  std::size_t max_bytes = std::size_t{1} << 30;
  std::stop_token stop = {};
  Progress progress = {};
};

// The weights of one head.
struct HeadPattern {
  std::size_t layer = 0, head = 0;
  Tensor weights;  // [queries, keys]; a row sums to 1, and is 0 at keys that
                   // the query does not see
};

// Patterns of one prompt. Owns its data.
struct AttentionPatterns {
  std::vector<TokenId> ids;                // the input, [tokens]
  std::vector<std::size_t> layers, heads;  // those asked for, ascending
  std::vector<HeadPattern> patterns;       // by layer, then by head
};

// The patterns of the run itself, not computed anew: windows, caps, biases and
// rotation are in them. Costs a forward pass. kUsage: what Model::Run refuses,
// a layer or head that is not there, more than max_bytes. kModel, kCancelled:
// as Model::Run.
PELLUCID_API Result<AttentionPatterns> ComputePatterns(
    const Model& model, std::span<const TokenId> ids,
    const PatternOptions& options = {});

// The habits above.
enum class HeadKind {
  kPreviousToken,
  kDuplicateToken,
  kInduction,
  kFirstToken
};

// All of them, in the order of HeadScore.
inline constexpr std::array<HeadKind, 4> kHeadKinds = {
    HeadKind::kPreviousToken, HeadKind::kDuplicateToken, HeadKind::kInduction,
    HeadKind::kFirstToken};

// The kind's name in JSON: "previous_token", "duplicate_token", "induction",
// "first_token".
PELLUCID_API std::string_view HeadKindName(HeadKind kind);

// What ScoreHeads draws. The defaults are mlxterp's.
struct HeadScoreOptions {
  std::size_t n_random_tokens = 50;  // 2 or more, no two of them alike
  std::size_t n_repeats = 2;         // 2 or more
  std::size_t n_sequences = 1;       // 1 or more, each of other tokens
  std::uint64_t seed = 42;
  BosPolicy bos = BosPolicy::kAuto;
  std::stop_token stop = {};
  Progress progress = {};
};

// The scores of one head, in [0, 1].
struct HeadScore {
  std::size_t layer = 0, head = 0;
  double previous_token = 0, duplicate_token = 0, induction = 0,
         first_token = 0;

  // The score of that kind.
  double Of(HeadKind kind) const {
    switch (kind) {
      case HeadKind::kPreviousToken:
        return previous_token;
      case HeadKind::kDuplicateToken:
        return duplicate_token;
      case HeadKind::kInduction:
        return induction;
      case HeadKind::kFirstToken:
        return first_token;
    }
    return 0;
  }
};

// The scores of all heads, and what they were measured on.
struct HeadScores {
  std::vector<std::vector<TokenId>> sequences;  // [n_sequences, tokens]
  bool has_bos = false;                         // each begins with BOS
  std::size_t n_layers = 0, n_heads = 0;
  std::vector<HeadScore> heads;  // [n_layers * n_heads], by layer, then by head
};

// Draws the sequences and measures every head on them. Tokens are drawn evenly
// from those that are no special token and that the tokenizer has; seed and
// sizes decide them, on every machine (docs/attention.md). No pattern is kept:
// memory is that of a run of some thousand tokens, or of one sequence. Sums are
// float64 in the order of sequences and positions, so threads change no bit.
// Costs a forward pass over all tokens. kUsage: sizes out of range, more tokens
// than the context or the vocabulary holds, BosPolicy::kAlways where there is
// no BOS. kModel, kCancelled: as Model::Run.
PELLUCID_API Result<HeadScores> ScoreHeads(
    const Model& model, const HeadScoreOptions& options = {});

// All heads, the highest of `kind` first, of equal ones the lower.
PELLUCID_API std::vector<HeadScore> RankHeads(const HeadScores& scores,
                                              HeadKind kind);

}  // namespace pellucid

#endif  // PELLUCID_ATTENTION_H_
