// Rows of blocks (kernels/blocks-inl.h), one after another.
#include "kernels/decode.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstring>

#include "kernels/decode_transposed.h"
#include "kernels/isa.h"
#include "kernels/reference/decode.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/decode.cc"  // this file, seen from src/
#include "hwy/foreach_target.h"  // re-includes this file, once per target
#include "hwy/highway.h"
#include "kernels/blocks-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using blocks::Floats;
using blocks::kLanes;
using blocks::kStepElements;

// Blocks whose scales are unpacked at once.
constexpr std::size_t kBlocks = 8;

template <class Block>
void DecodeBlocks(const std::uint8_t* row, std::size_t count, float* out) {
  constexpr std::size_t kUnitElements = Block::kElements / Block::kUnits;
  float scales[kBlocks * Block::kScales + blocks::kScaleSlack];
  const std::size_t all = count / Block::kElements;
  for (std::size_t first = 0; first < all; first += kBlocks) {
    const std::size_t some = std::min(kBlocks, all - first);
    Block::UnpackScales(row, some, scales);
    for (std::size_t i = 0; i < some; ++i, row += Block::kBytes) {
      for (std::size_t unit = 0; unit < Block::kUnits; ++unit) {
        for (std::size_t lane = 0; lane < kStepElements; lane += kLanes) {
          Unroll<kUnitElements / kStepElements>([&](auto step) HWY_ATTR {
            const auto values = Block::template Decode<step>(
                row, scales + i * Block::kScales, unit, lane);
            hn::StoreU(values, Floats(), out + step * kStepElements + lane);
          });
        }
        out += kUnitElements;
      }
    }
  }
}

// Half precision and bfloat16: any count.
template <class Block>
void DecodeNarrow(const std::uint8_t* row, std::size_t count, float* out) {
  const std::size_t whole = count / kStepElements * kStepElements;
  DecodeBlocks<Block>(row, whole, out);
  if (whole == count) return;
  std::uint8_t in[Block::kBytes] = {};
  float values[kStepElements];
  std::memcpy(in, row + 2 * whole, 2 * (count - whole));
  DecodeBlocks<Block>(in, kStepElements, values);
  std::memcpy(out + whole, values, (count - whole) * sizeof(float));
}

void DecodeElements(DType dtype, const std::uint8_t* row, std::size_t count,
                    float* out) {
  switch (dtype) {
    case DType::kF32:
      std::memcpy(out, row, count * sizeof(float));
      return;
    case DType::kF16:
      return DecodeNarrow<blocks::F16>(row, count, out);
    case DType::kBF16:
      return DecodeNarrow<blocks::BF16>(row, count, out);
    case DType::kQ4_0:
      return DecodeBlocks<blocks::Q4_0>(row, count, out);
    case DType::kQ4_1:
      return DecodeBlocks<blocks::Q4_1>(row, count, out);
    case DType::kQ5_0:
      return DecodeBlocks<blocks::Q5_0>(row, count, out);
    case DType::kQ5_1:
      return DecodeBlocks<blocks::Q5_1>(row, count, out);
    case DType::kQ8_0:
      return DecodeBlocks<blocks::Q8_0>(row, count, out);
    case DType::kQ4_K:
      return DecodeBlocks<blocks::Q4_K>(row, count, out);
    case DType::kQ5_K:
      return DecodeBlocks<blocks::Q5_K>(row, count, out);
    case DType::kQ6_K:
      return DecodeBlocks<blocks::Q6_K>(row, count, out);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::kernels {

HWY_EXPORT(DecodeElements);

void DecodeRow(DType dtype, const std::byte* row, std::span<float> out) {
  assert(out.size() % InfoOf(dtype).block_elements == 0);
  if (out.empty()) return;
  if (UsesReference()) return reference::DecodeRow(dtype, row, out);
  HWY_DYNAMIC_DISPATCH(DecodeElements)
  (dtype, reinterpret_cast<const std::uint8_t*>(row), out.size(), out.data());
}

void DecodeRows(const WeightView& w, std::size_t begin, MatrixView out) {
  assert(out.cols == w.cols && begin + out.rows <= w.rows);
  if (w.transposed) return DecodeTransposedRows(w, begin, out);
  for (std::size_t r = 0; r < out.rows; ++r) {
    DecodeRow(w.dtype, w.Row(begin + r), out.RowSpan(r));
  }
}

}  // namespace pellucid::kernels
#endif  // HWY_ONCE
