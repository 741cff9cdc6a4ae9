// Panels of weights against rows that are decoded, then packed.
#include "kernels/decode_panel.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "hwy/aligned_allocator.h"
#include "kernels/panel.h"
#include "kernels/reference/decode.h"
#include "testutil/noise.h"
#include "testutil/per_isa.h"

namespace pellucid::kernels {
namespace {

using testutil::Bits;

class DecodePanelTest : public testutil::PerIsaTest {};
PELLUCID_INSTANTIATE_PER_ISA(DecodePanelTest);

constexpr float kGuard = 12345.0f;

// What a panel holds, where nothing is written kGuard.
class Panel {
 public:
  Panel(std::size_t rows, std::size_t k)
      : size_(PackedPanelFloats(rows, k)),
        floats_(hwy::AllocateAligned<float>(size_ + 16)) {
    std::fill_n(floats_.get(), size_ + 16, kGuard);
  }
  float* data() { return floats_.get(); }
  // Bits, but that all NaN are one: which of two operands an instruction keeps
  // is its own affair.
  std::vector<std::uint32_t> ComparedBits() const {
    std::vector<float> values(floats_.get(), floats_.get() + size_ + 16);
    for (float& v : values) {
      if (std::isnan(v)) v = std::numeric_limits<float>::quiet_NaN();
    }
    return Bits(values);
  }

 private:
  std::size_t size_;
  hwy::AlignedFreeUniquePtr<float[]> floats_;
};

std::vector<std::byte> RandomBytes(std::size_t count, std::uint64_t seed) {
  testutil::Random random(seed);
  std::vector<std::byte> bytes(count);
  for (std::byte& b : bytes) b = static_cast<std::byte>(random.Below(256));
  return bytes;
}

// Random bytes are random scales too: infinities, NaN and subnormals.
struct Weights {
  Weights(DType dtype, std::size_t rows, std::size_t cols, std::size_t offset)
      : bytes(RandomBytes(offset + rows * RowBytes(dtype, cols), cols + rows)) {
    view.dtype = dtype;
    view.data = bytes.data() + offset;
    view.rows = rows;
    view.cols = cols;
    view.row_bytes = RowBytes(dtype, cols);
  }
  void AddGroups(std::size_t elements, DType dtype, std::size_t offset) {
    view.groups.elements = elements;
    view.groups.dtype = dtype;
    view.groups.row_bytes = RowBytes(dtype, view.cols / elements);
    const std::size_t count = offset + view.rows * view.groups.row_bytes;
    scales = RandomBytes(count, /*seed=*/1);
    biases = RandomBytes(count, /*seed=*/2);
    view.groups.scales = scales.data() + offset;
    view.groups.biases = biases.data() + offset;
  }
  std::vector<std::byte> bytes, scales, biases;
  WeightView view;
};

void ExpectEqualsRows(const WeightView& w, std::size_t begin,
                      std::size_t count) {
  SCOPED_TRACE(::testing::Message()
               << InfoOf(w.dtype).name << ", rows " << begin << " + " << count
               << " of " << w.cols);
  ASSERT_TRUE(CanDecodePanel(w));
  std::vector<float> rows(count * w.cols);
  const MatrixView decoded(rows.data(), count, w.cols);
  for (std::size_t r = 0; r < count; ++r) {
    reference::DecodeRow(w, begin + r, decoded.RowSpan(r));
  }
  Panel panel(count, w.cols), expected(count, w.cols);
  PackPanels(decoded, expected.data());
  DecodePanel(w, begin, count, panel.data());
  EXPECT_EQ(panel.ComparedBits(), expected.ComparedBits());
}

TEST_P(DecodePanelTest, EqualsRowsOfEveryTypeAtAnyAlignment) {
  for (const DType dtype :
       {DType::kF16, DType::kBF16, DType::kQ4_0, DType::kQ4_1, DType::kQ8_0}) {
    for (std::size_t offset = 0; offset < 4; ++offset) {
      for (const std::size_t cols : {32u, 96u, 160u, 576u}) {
        const Weights w(dtype, 19, cols, offset);
        ExpectEqualsRows(w.view, 3, 16);
      }
    }
  }
}

TEST_P(DecodePanelTest, EqualsRowsOfLargeBlocks) {
  for (const DType dtype : {DType::kQ4_K, DType::kQ5_K, DType::kQ6_K}) {
    for (std::size_t offset = 0; offset < 4; ++offset) {
      for (const std::size_t cols : {256u, 768u, 1536u}) {
        const Weights w(dtype, 19, cols, offset);
        ExpectEqualsRows(w.view, 3, 16);
        ExpectEqualsRows(w.view, 18, 1);
      }
    }
  }
}

TEST_P(DecodePanelTest, EqualsRowsWithScalesBeside) {
  for (const DType dtype : {DType::kU4, DType::kU8}) {
    for (const DType scale_type : {DType::kF32, DType::kF16, DType::kBF16}) {
      for (const std::size_t group : {32u, 64u, 128u}) {
        for (const std::size_t groups : {1u, 7u, 8u, 9u, 17u}) {
          Weights w(dtype, 18, group * groups, /*offset=*/groups % 4);
          w.AddGroups(group, scale_type, /*offset=*/groups % 4);
          ExpectEqualsRows(w.view, 2, 16);
        }
      }
    }
  }
}

// In place of rows that a panel lacks, its last again, and no row behind it is
// read: it may be the file's last.
TEST_P(DecodePanelTest, EveryCountOfRows) {
  for (std::size_t count = 1; count <= 16; ++count) {
    const Weights w(DType::kQ4_1, 2 + count, 64, /*offset=*/0);
    ExpectEqualsRows(w.view, 2, count);
    const Weights narrow(DType::kBF16, 2 + count, 48, /*offset=*/0);
    ExpectEqualsRows(narrow.view, 2, count);
  }
}

TEST_P(DecodePanelTest, RowsInAnOrderOfTheModel) {
  std::vector<std::uint32_t> order(20);
  for (std::uint32_t i = 0; i < 20; ++i) order[i] = (7 * i + 3) % 20;
  Weights w(DType::kQ8_0, 20, 96, /*offset=*/0);
  w.view.row_order = order;
  ExpectEqualsRows(w.view, 1, 16);
  Weights grouped(DType::kU4, 20, 128, /*offset=*/0);
  grouped.AddGroups(64, DType::kF16, /*offset=*/0);
  grouped.view.row_order = order;
  ExpectEqualsRows(grouped.view, 4, 16);
}

TEST_P(DecodePanelTest, SaysWhatItDoesNotRead) {
  Weights w(DType::kF16, 16, 32, /*offset=*/0);
  EXPECT_TRUE(CanDecodePanel(w.view));
  w.view.transposed = true;
  EXPECT_FALSE(CanDecodePanel(w.view));
  EXPECT_FALSE(CanDecodePanel(Weights(DType::kBF16, 16, 24, 0).view));
  EXPECT_FALSE(CanDecodePanel(Weights(DType::kF32, 16, 32, 0).view));
  EXPECT_FALSE(CanDecodePanel(Weights(DType::kQ3_K, 16, 256, 0).view));
  Weights grouped(DType::kU8, 16, 64, /*offset=*/0);
  grouped.AddGroups(16, DType::kF32, /*offset=*/0);
  EXPECT_FALSE(CanDecodePanel(grouped.view));
}

}  // namespace
}  // namespace pellucid::kernels
