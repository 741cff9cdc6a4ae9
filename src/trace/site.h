// The points of a forward pass that can be observed, before they have names.
// Names differ between architectures; these do not, so code compares them.
#ifndef PELLUCID_TRACE_SITE_H_
#define PELLUCID_TRACE_SITE_H_

#include <cstddef>
#include <cstdint>

namespace pellucid {

// In the order in which a run meets them. Points from kResidPre to kResidPost
// exist once a layer; the others once a model.
enum class Point : std::uint8_t {
  kEmbedTokens,  // token embedding alone
  kProjectIn,    // brought to the width of the blocks (OPT)
  kPosEmbed,     // learned position embedding
  kEmbedNorm,    // of the embeddings (BLOOM)
  kEmbed,        // what enters block 0
  kRotary,       // cos of the rotary table
  kRotaryLocal,  // the same of blocks with a window, where theirs is another
  kResidPre,     // what enters a block
  kAttnNorm,
  kQkv,    // queries, keys and values as one module gives them
  kQuery,  // before norm and rotation
  kKey,
  kValue,
  kQueryNorm,  // before rotation
  kKeyNorm,
  kScores,   // after scale, cap, bias and mask
  kPattern,  // after the softmax
  kZ,        // pattern times values: what enters the output projection
  kAttnProj,
  kAttn,          // the attention module's output
  kAttnPostNorm,  // of that output, before it is added
  kResidMid,      // residual stream between attention and MLP
  kMlpNorm,
  kGateUp,  // gate and up as one module gives them
  kGate,
  kUp,
  kAct,
  kMlpPost,  // what enters the down-projection
  kDown,
  kRouter,   // a number an expert
  kExperts,  // their weighted sum
  kSharedGate,
  kSharedUp,
  kSharedAct,
  kSharedPost,
  kSharedDown,
  kShared,        // output of the expert that sees every token
  kSharedWeight,  // of that, before the sigmoid
  kMlp,           // the MLP module's output
  kMlpPostNorm,   // of that output, before it is added
  kResidPost,     // a block's output: the residual stream after it
  kFinalNorm,
  kProjectOut,  // brought to the width of the embedding (OPT)
  kHead,        // the unembedding module's output
  kLogits,      // the model's output
};

inline constexpr std::size_t kPointCount =
    static_cast<std::size_t>(Point::kLogits) + 1;

constexpr bool IsPerLayer(Point point) {
  return point >= Point::kResidPre && point <= Point::kResidPost;
}

// Points of a dense MLP, which a block with experts does not have.
constexpr bool IsDenseMlp(Point point) {
  return point >= Point::kGateUp && point <= Point::kDown;
}

// Points of experts, which only a block with experts has.
constexpr bool IsOfExperts(Point point) {
  return point >= Point::kRouter && point <= Point::kSharedWeight;
}

// Points whose value is [heads, queries, keys], not [tokens, ...].
constexpr bool IsAttentionMatrix(Point point) {
  return point == Point::kScores || point == Point::kPattern;
}

struct SiteKey {
  Point point = Point::kEmbed;
  std::size_t layer = 0;  // 0 where the point is not per layer

  friend bool operator==(const SiteKey&, const SiteKey&) = default;
};

}  // namespace pellucid

#endif  // PELLUCID_TRACE_SITE_H_
