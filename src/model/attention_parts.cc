#include "model/attention_parts.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <utility>

namespace pellucid {
namespace {

// To the nearest bfloat16, ties to even.
float RoundToBf16(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t odd = bits >> 16 & 1;
  return std::bit_cast<float>((bits + 0x7FFF + odd) & 0xFFFF0000);
}

}  // namespace

std::vector<kernels::RopeTable> MakeRopeTables(const ArchSpec& spec,
                                               const PackedPrompts& prompts) {
  std::vector<kernels::RopeTable> tables;
  for (const RopeSpec& rope : spec.ropes) {
    kernels::RopeTable& table = tables.emplace_back();
    table.pairs = rope.pairs;
    table.scale = rope.scale;
    for (std::size_t p = 0; p < prompts.count(); ++p) {
      table.Append(rope.FrequenciesFor(prompts.whole_length(p)),
                   prompts.past(p), prompts.length(p));
    }
  }
  return tables;
}

Buffer MakeAlibi(const ArchSpec& spec, const PackedPrompts& prompts) {
  if (spec.alibi.slopes.empty()) return {};
  std::size_t positions = 0;
  for (std::size_t p = 0; p < prompts.count(); ++p) {
    positions = std::max(positions, prompts.past(p) + prompts.length(p));
  }
  Buffer alibi(spec.n_heads, positions);
  for (std::size_t head = 0; head < spec.n_heads; ++head) {
    const std::span<float> row = alibi.view().RowSpan(head);
    const float slope = spec.alibi.slopes[head];
    for (std::size_t k = 0; k < row.size(); ++k) {
      const auto position = static_cast<float>(k);
      row[k] = spec.alibi.falcon
                   ? RoundToBf16(RoundToBf16(slope) * RoundToBf16(position)) *
                         spec.layers.front().attention_scale
                   : slope * position;
    }
  }
  return alibi;
}

kernels::AttentionShape ShapeOfHead(const ArchSpec& spec, std::size_t layer,
                                    std::size_t head, const Buffer& alibi,
                                    std::size_t keys) {
  kernels::AttentionShape shape{.head_dim = spec.head_dim,
                                .scale = spec.layers[layer].attention_scale,
                                .window = spec.layers[layer].window,
                                .softcap = spec.score_cap};
  if (!spec.alibi.slopes.empty()) {
    shape.key_bias = alibi.view().RowSpan(head).first(keys);
  }
  return shape;
}

void MaskUnseen(float unseen, std::size_t window, std::size_t first_query,
                MatrixView rows) {
  for (std::size_t i = 0; i < rows.rows; ++i) {
    const std::size_t end = first_query + i + 1;
    float* row = rows.Row(i);
    if (window > 0 && end > window) std::fill_n(row, end - window, unseen);
    std::fill(row + std::min(end, rows.cols), row + rows.cols, unseen);
  }
}

float UnseenValue(Point point) {
  return point == Point::kPattern ? 0 : -std::numeric_limits<float>::infinity();
}

}  // namespace pellucid
