#include "kernels/decode.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/reference/decode.h"
#include "testutil/golden.h"
#include "testutil/noise.h"
#include "testutil/per_isa.h"

namespace pellucid::kernels {
namespace {

using testutil::Bits;

class DecodeTest : public testutil::PerIsaTest {};
PELLUCID_INSTANTIATE_PER_ISA(DecodeTest);

constexpr DType kDTypes[] = {
    DType::kF32,   DType::kF16,  DType::kBF16,   DType::kQ4_0,   DType::kQ4_1,
    DType::kQ5_0,  DType::kQ5_1, DType::kQ8_0,   DType::kQ4_K,   DType::kQ5_K,
    DType::kQ6_K,  DType::kF64,  DType::kF8E4M3, DType::kF8E5M2, DType::kQ2_K,
    DType::kQ3_K,  DType::kQ8_1, DType::kQ8_K,   DType::kIQ4_NL, DType::kIQ4_XS,
    DType::kMXFP4, DType::kNVFP4};

// Which numpy or the eye judges, not a golden file.
bool IsPlain(DType dtype) {
  return dtype == DType::kF32 || dtype == DType::kF64 ||
         dtype == DType::kF8E4M3 || dtype == DType::kF8E5M2;
}

std::vector<std::byte> RandomBytes(std::size_t count, std::uint64_t seed) {
  testutil::Random random(seed);
  std::vector<std::byte> bytes(count);
  for (std::byte& b : bytes) b = static_cast<std::byte>(random.Below(256));
  return bytes;
}

std::vector<std::byte> BytesOf(const std::vector<int>& values) {
  std::vector<std::byte> bytes;
  for (const int v : values) bytes.push_back(static_cast<std::byte>(v));
  return bytes;
}

// The bits, but that all NaN are one: from a scale that is NaN, a fused step
// makes one of another sign than a subtraction does (on Arm, not on x86).
std::vector<std::uint32_t> BitsButOfNan(std::vector<float> values) {
  for (float& v : values) {
    if (std::isnan(v)) v = std::numeric_limits<float>::quiet_NaN();
  }
  return Bits(values);
}

// Random bytes are random half-precision scales too: infinities, NaN and
// subnormals among them. Each offset is a different alignment.
TEST_P(DecodeTest, EqualsReferenceAtAnyAlignment) {
  for (const DType dtype : kDTypes) {
    const std::size_t elements = InfoOf(dtype).block_elements * 40;
    const std::size_t bytes = RowBytes(dtype, elements);
    for (std::size_t offset = 0; offset < 4; ++offset) {
      SCOPED_TRACE(std::string(InfoOf(dtype).name) + " at offset " +
                   std::to_string(offset));
      const auto row = RandomBytes(offset + bytes, /*seed=*/offset + 1);
      std::vector<float> out(elements), expected(elements);
      DecodeRow(dtype, row.data() + offset, out);
      reference::DecodeRow(dtype, row.data() + offset, expected);
      EXPECT_EQ(BitsButOfNan(out), BitsButOfNan(expected));
    }
  }
}

// Random blocks and their values, made outside (tools/goldens).
TEST_P(DecodeTest, EqualsGoldenBlocks) {
  const auto golden = testutil::LoadGolden("dequant/blocks.safetensors");
  ASSERT_TRUE(golden.ok()) << golden.error;
  for (const DType dtype : kDTypes) {
    if (IsPlain(dtype)) continue;
    const std::string name(InfoOf(dtype).name);
    SCOPED_TRACE(name);
    const auto& bytes = golden.Bytes(name + ".bytes");
    const Tensor& values = golden.Get(name + ".values");
    ASSERT_EQ(values.shape.size(), 2u);
    const std::size_t rows = values.shape[0], cols = values.shape[1];
    ASSERT_EQ(bytes.size(), rows * RowBytes(dtype, cols));
    const WeightView w = {.dtype = dtype,
                          .data = bytes.data(),
                          .rows = rows,
                          .cols = cols,
                          .row_bytes = RowBytes(dtype, cols),
                          .row_order = {}};
    std::vector<float> out(rows * cols);
    DecodeRows(w, 0, MatrixView(out.data(), rows, cols));
    EXPECT_EQ(Bits(out), Bits(values.data));
  }
}

TEST_P(DecodeTest, DecodesAnyCountOfPlainElements) {
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16, DType::kF64,
                            DType::kF8E4M3, DType::kF8E5M2}) {
    for (std::size_t count = 0; count <= 35; ++count) {
      SCOPED_TRACE(::testing::Message()
                   << InfoOf(dtype).name << " count=" << count);
      const auto row = RandomBytes(RowBytes(dtype, count), /*seed=*/count);
      std::vector<float> out(count + 1, -7.0f), expected(count);
      DecodeRow(dtype, row.data(), std::span(out).first(count));
      reference::DecodeRow(dtype, row.data(), expected);
      EXPECT_EQ(out.back(), -7.0f) << "wrote past the end";
      out.pop_back();
      EXPECT_EQ(Bits(out), Bits(expected));
    }
  }
}

TEST_P(DecodeTest, WidensEveryHalfPrecisionNumber) {
  std::vector<std::uint16_t> halves(1 << 16);
  for (std::size_t i = 0; i < halves.size(); ++i) {
    halves[i] = static_cast<std::uint16_t>(i);
  }
  std::vector<float> out(halves.size()), expected(halves.size());
  const auto* row = reinterpret_cast<const std::byte*>(halves.data());
  DecodeRow(DType::kF16, row, out);
  reference::DecodeRow(DType::kF16, row, expected);
  EXPECT_EQ(Bits(out), Bits(expected));
  EXPECT_EQ(out[0x3c00], 1.0f);
  EXPECT_EQ(out[0x7bff], 65504.0f);
  EXPECT_EQ(out[0x0001], 0x1p-24f);
  EXPECT_EQ(out[0x83ff], -1023 * 0x1p-24f);
  EXPECT_EQ(out[0xfc00], -std::numeric_limits<float>::infinity());
}

TEST_P(DecodeTest, ShiftsBFloat16) {
  const auto row = BytesOf({0x80, 0x3f, 0x00, 0xc0, 0x01, 0x00});
  std::vector<float> out(3);
  DecodeRow(DType::kBF16, row.data(), out);
  EXPECT_EQ(out, (std::vector<float>{1.0f, -2.0f, 0x1p-133f}));
}

// Scale 0.5 (0x3800), offset -2 (0xc000), bytes 0x10, 0x21, ...: element j is
// the low nibble j, element j + 16 the high nibble (j + 1) mod 16.
TEST_P(DecodeTest, DecodesNibblesByHand) {
  std::vector<int> q4_0 = {0x00, 0x38}, q4_1 = {0x00, 0x38, 0x00, 0xc0};
  for (int j = 0; j < 16; ++j) {
    q4_0.push_back((j + 1) % 16 * 16 + j);
    q4_1.push_back((j + 1) % 16 * 16 + j);
  }
  std::vector<float> out_0(32), out_1(32);
  DecodeRow(DType::kQ4_0, BytesOf(q4_0).data(), out_0);
  DecodeRow(DType::kQ4_1, BytesOf(q4_1).data(), out_1);
  for (std::size_t j = 0; j < 32; ++j) {
    const auto q = static_cast<float>(j < 16 ? j : (j + 1) % 16);
    EXPECT_EQ(out_0[j], (q - 8) * 0.5f) << j;
    EXPECT_EQ(out_1[j], q * 0.5f - 2.0f) << j;
  }
}

TEST_P(DecodeTest, DecodesSignedBytesByHand) {
  std::vector<int> q8_0 = {0x00, 0x34};  // scale 0.25
  for (int j = 0; j < 32; ++j) q8_0.push_back(j * 8 - 128);
  std::vector<float> out(32);
  DecodeRow(DType::kQ8_0, BytesOf(q8_0).data(), out);
  for (std::size_t j = 0; j < 32; ++j) {
    EXPECT_EQ(out[j], static_cast<float>(j) * 2.0f - 32.0f) << j;
  }
}

// One byte of each kind: zero, the smallest, one, the largest, and what has no
// number.
TEST_P(DecodeTest, ReadsFloatsOfEightBits) {
  const auto row = BytesOf({0x00, 0x01, 0x38, 0xb8, 0x7e, 0xfe, 0x7f, 0xff});
  std::vector<float> out(8);
  DecodeRow(DType::kF8E4M3, row.data(), out);
  EXPECT_EQ(Bits(std::vector(out.begin(), out.begin() + 6)),
            Bits(std::vector<float>{0, 0x1p-9f, 1, -1, 448, -448}));
  EXPECT_TRUE(std::isnan(out[6]) && std::isnan(out[7]));
  const auto wide = BytesOf({0x80, 0x01, 0x3c, 0xbc, 0x7b, 0xfc, 0x7d, 0xff});
  DecodeRow(DType::kF8E5M2, wide.data(), out);
  EXPECT_EQ(Bits(std::vector(out.begin(), out.begin() + 6)),
            Bits(std::vector<float>{-0.0f, 0x1p-16f, 1, -1, 57344,
                                    -std::numeric_limits<float>::infinity()}));
  EXPECT_TRUE(std::isnan(out[6]) && std::isnan(out[7]));
}

// To the nearest float, ties to the even one.
TEST_P(DecodeTest, RoundsDoubles) {
  const std::vector<double> values = {1.0,       1 + 0x1p-24, 1 + 0x1.8p-23,
                                      -0x1p-149, 0x1p-151,    1e300};
  std::vector<float> out(values.size());
  DecodeRow(DType::kF64, reinterpret_cast<const std::byte*>(values.data()),
            out);
  EXPECT_EQ(out, (std::vector<float>{1.0f, 1.0f, 1 + 0x1p-22f, -0x1p-149f, 0,
                                     std::numeric_limits<float>::infinity()}));
}

TEST_P(DecodeTest, RowsFollowTheRowOrder) {
  const std::vector<float> weights = testutil::Noise(4 * 5, /*seed=*/3);
  const std::vector<std::uint32_t> order = {2, 0, 3, 1};
  const WeightView w = {
      .dtype = DType::kF32,
      .data = reinterpret_cast<const std::byte*>(weights.data()),
      .rows = 4,
      .cols = 5,
      .row_bytes = 20,
      .row_order = order};
  std::vector<float> out(3 * 8, -1.0f);
  DecodeRows(w, /*begin=*/1, MatrixView(out.data(), 3, 5, 8));
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t k = 0; k < 5; ++k) {
      EXPECT_EQ(out[r * 8 + k], weights[order[r + 1] * 5 + k]);
    }
    EXPECT_EQ(out[r * 8 + 5], -1.0f) << "wrote between the rows";
  }
}

}  // namespace
}  // namespace pellucid::kernels
