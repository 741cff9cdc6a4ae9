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
  kPosEmbed,     // learned position embedding
  kEmbed,        // what enters block 0
  kRotary,       // cos of the rotary table
  kResidPre,     // what enters a block
  kAttnNorm,
  kQkv,    // queries, keys and values as one module gives them
  kQuery,  // before rotation
  kKey,
  kValue,
  kScores,   // after scale and mask
  kPattern,  // after the softmax
  kZ,        // pattern times values: what enters the output projection
  kAttnProj,
  kAttn,      // the attention module's output
  kResidMid,  // residual stream between attention and MLP
  kMlpNorm,
  kGate,
  kUp,
  kAct,
  kMlpPost,  // what enters the down-projection
  kDown,
  kMlp,        // the MLP module's output
  kResidPost,  // a block's output: the residual stream after it
  kFinalNorm,
  kHead,    // the unembedding module's output
  kLogits,  // the model's output
};

inline constexpr std::size_t kPointCount =
    static_cast<std::size_t>(Point::kLogits) + 1;

constexpr bool IsPerLayer(Point point) {
  return point >= Point::kResidPre && point <= Point::kResidPost;
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
