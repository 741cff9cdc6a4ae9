// Rows of blocks (kernels/blocks-inl.h), one after another. Scales that lie in
// tensors beside them (kernels/packed-inl.h) are brought into the same form.
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
#include "kernels/low_bit_blocks-inl.h"
#include "kernels/packed-inl.h"

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

// `unpack(first, some, scales)`: the scales of blocks [first, first + some).
template <class Block, class Unpack>
HWY_INLINE void DecodeScaled(const std::uint8_t* row, std::size_t count,
                             const Unpack& unpack, float* out) {
  constexpr std::size_t kUnitElements = Block::kElements / Block::kUnits;
  float scales[kBlocks * Block::kScales + blocks::kScaleSlack];
  const std::size_t all = count / Block::kElements;
  for (std::size_t first = 0; first < all; first += kBlocks) {
    const std::size_t some = std::min(kBlocks, all - first);
    unpack(first, some, scales);
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

template <class Block>
void DecodeBlocks(const std::uint8_t* row, std::size_t count, float* out) {
  const auto unpack = [row](std::size_t first, std::size_t some,
                            float* scales) HWY_ATTR {
    Block::UnpackScales(row + first * Block::kBytes, some, scales);
  };
  DecodeScaled<Block>(row, count, unpack, out);
}

// Elements of one or two bytes without a scale: any count.
template <class Block>
void DecodeNarrow(const std::uint8_t* row, std::size_t count, float* out) {
  constexpr std::size_t kEach = Block::kBytes / Block::kElements;
  const std::size_t whole = count / kStepElements * kStepElements;
  DecodeBlocks<Block>(row, whole, out);
  if (whole == count) return;
  std::uint8_t in[Block::kBytes] = {};
  float values[kStepElements];
  std::memcpy(in, row + kEach * whole, kEach * (count - whole));
  DecodeBlocks<Block>(in, kStepElements, values);
  std::memcpy(out + whole, values, (count - whole) * sizeof(float));
}

// Rounded to nearest, as a conversion of the whole model would do.
void DecodeF64(const std::uint8_t* row, std::size_t count, float* out) {
  for (std::size_t i = 0; i < count; ++i) {
    double value;
    std::memcpy(&value, row + i * sizeof(value), sizeof(value));
    out[i] = static_cast<float>(value);
  }
}

template <class Block>
void DecodeGroups(const WeightView& w, std::size_t r, float* out) {
  const auto unpack = [&](std::size_t first, std::size_t some,
                          float* scales) HWY_ATTR {
    blocks::UnpackGroups<Block>(w, r, first * Block::kElements, some, scales);
  };
  const auto* row = reinterpret_cast<const std::uint8_t*>(w.Row(r));
  DecodeScaled<Block>(row, w.cols, unpack, out);
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
    case DType::kF64:
      return DecodeF64(row, count, out);
    case DType::kF8E4M3:
      return DecodeNarrow<blocks::F8<true>>(row, count, out);
    case DType::kF8E5M2:
      return DecodeNarrow<blocks::F8<false>>(row, count, out);
    case DType::kQ2_K:
      return DecodeBlocks<blocks::Q2_K>(row, count, out);
    case DType::kQ3_K:
      return DecodeBlocks<blocks::Q3_K>(row, count, out);
    case DType::kQ8_1:
      return DecodeBlocks<blocks::Q8_1>(row, count, out);
    case DType::kQ8_K:
      return DecodeBlocks<blocks::Q8_K>(row, count, out);
    case DType::kIQ4_NL:
      return DecodeBlocks<blocks::IQ4_NL>(row, count, out);
    case DType::kIQ4_XS:
      return DecodeBlocks<blocks::IQ4_XS>(row, count, out);
    case DType::kMXFP4:
      return DecodeBlocks<blocks::MXFP4>(row, count, out);
    case DType::kNVFP4:
      return DecodeBlocks<blocks::NVFP4>(row, count, out);
    default:
      assert(false && "elements that only a WeightView says the scales of");
  }
}

void DecodeGroupedRow(const WeightView& w, std::size_t r, float* out) {
  switch (w.dtype) {
    case DType::kU1:
      return DecodeGroups<blocks::Affine<1>>(w, r, out);
    case DType::kU2:
      return DecodeGroups<blocks::Affine<2>>(w, r, out);
    case DType::kU3:
      return DecodeGroups<blocks::Affine<3>>(w, r, out);
    case DType::kU4:
      return DecodeGroups<blocks::Affine<4>>(w, r, out);
    case DType::kU5:
      return DecodeGroups<blocks::Affine<5>>(w, r, out);
    case DType::kU6:
      return DecodeGroups<blocks::Affine<6>>(w, r, out);
    case DType::kU8:
      return DecodeGroups<blocks::Affine<8>>(w, r, out);
    case DType::kE2M1:
      return DecodeGroups<blocks::ScaledE2M1>(w, r, out);
    default:
      assert(w.dtype == DType::kF8E4M3);
      return DecodeGroups<blocks::ScaledE4M3>(w, r, out);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::kernels {

HWY_EXPORT(DecodeElements);
HWY_EXPORT(DecodeGroupedRow);

void DecodeRow(DType dtype, const std::byte* row, std::span<float> out) {
  assert(out.size() % InfoOf(dtype).block_elements == 0);
  if (out.empty()) return;
  if (UsesReference()) return reference::DecodeRow(dtype, row, out);
  HWY_DYNAMIC_DISPATCH(DecodeElements)
  (dtype, reinterpret_cast<const std::uint8_t*>(row), out.size(), out.data());
}

void DecodeRow(const WeightView& w, std::size_t r, std::span<float> out) {
  assert(out.size() == w.cols && r < w.rows);
  if (w.transposed) {
    return DecodeTransposedRows(w, r, {out.data(), 1, out.size()});
  }
  if (!w.HasGroups()) return DecodeRow(w.dtype, w.Row(r), out);
  assert(w.cols % w.groups.elements == 0);
  if (UsesReference()) return reference::DecodeRow(w, r, out);
  HWY_DYNAMIC_DISPATCH(DecodeGroupedRow)(w, r, out.data());
}

void DecodeRows(const WeightView& w, std::size_t begin, MatrixView out) {
  assert(out.cols == w.cols && begin + out.rows <= w.rows);
  if (w.transposed) return DecodeTransposedRows(w, begin, out);
  for (std::size_t r = 0; r < out.rows; ++r) {
    DecodeRow(w, begin + r, out.RowSpan(r));
  }
}

}  // namespace pellucid::kernels
#endif  // HWY_ONCE
