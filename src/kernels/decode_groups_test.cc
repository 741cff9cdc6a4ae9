// Rows whose scales lie in tensors beside them, against MLX's own values.
#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/decode.h"
#include "testutil/golden.h"
#include "testutil/noise.h"
#include "testutil/per_isa.h"

namespace pellucid::kernels {
namespace {

using testutil::Bits;

class DecodeGroupsTest : public testutil::PerIsaTest {};
PELLUCID_INSTANTIATE_PER_ISA(DecodeGroupsTest);

struct Case {
  std::string name;  // of the golden tensors
  DType dtype;
  std::size_t group;
  DType scales;
  float factor = 1;
};

std::vector<Case> Cases() {
  constexpr std::pair<int, DType> kBits[] = {
      {1, DType::kU1}, {2, DType::kU2}, {3, DType::kU3}, {4, DType::kU4},
      {5, DType::kU5}, {6, DType::kU6}, {8, DType::kU8}};
  std::vector<Case> cases;
  for (const auto& [bits, dtype] : kBits) {
    for (const std::size_t group : {32u, 64u, 128u}) {
      for (const DType scales : {DType::kF32, DType::kF16, DType::kBF16}) {
        cases.push_back({"affine." + std::to_string(bits) + "." +
                             std::to_string(group) + "." +
                             std::string(InfoOf(scales).name),
                         dtype, group, scales});
      }
    }
  }
  cases.push_back({"mxfp4", DType::kE2M1, 32, DType::kF8E8M0});
  cases.push_back({"mxfp8", DType::kF8E4M3, 32, DType::kF8E8M0});
  cases.push_back({"nvfp4", DType::kE2M1, 16, DType::kF8E4M3});
  cases.push_back({"nvfp4.global", DType::kE2M1, 16, DType::kF8E4M3,
                   37.25f / (448.0f * 6.0f)});
  return cases;
}

// A golden matrix, `offset` bytes into memory of its own.
struct Rows {
  Rows(const testutil::Golden& golden, const Case& test, std::size_t offset) {
    const bool affine = test.name.starts_with("affine");
    const std::string stored =
        test.name == "nvfp4.global" ? "nvfp4" : test.name;
    const auto copy = [&](const std::string& what,
                          std::vector<std::byte>& bytes) {
      const auto& from = golden.Bytes(stored + what);
      bytes.resize(offset);
      bytes.insert(bytes.end(), from.begin(), from.end());
      return bytes.data() + offset;
    };
    values = &golden.Get(test.name + ".values");
    view.dtype = test.dtype;
    view.rows = values->shape[0];
    view.cols = values->shape[1];
    view.row_bytes = RowBytes(test.dtype, view.cols);
    view.data = copy(".weight", words);
    view.groups.elements = test.group;
    view.groups.dtype = test.scales;
    view.groups.row_bytes = RowBytes(test.scales, view.cols / test.group);
    view.groups.scales = copy(".scales", scales);
    if (affine) view.groups.biases = copy(".biases", biases);
    view.groups.factor = test.factor;
  }

  std::vector<float> ValuesOfRow(std::size_t r) const {
    const auto begin =
        values->data.begin() + static_cast<std::ptrdiff_t>(r * view.cols);
    return {begin, begin + static_cast<std::ptrdiff_t>(view.cols)};
  }

  std::vector<std::byte> words, scales, biases;
  WeightView view;
  const Tensor* values;
};

TEST_P(DecodeGroupsTest, EqualsMlxAtAnyAlignment) {
  const auto golden = testutil::LoadGolden("dequant/mlx_rows.safetensors");
  ASSERT_TRUE(golden.ok()) << golden.error;
  for (const Case& test : Cases()) {
    for (std::size_t offset = 0; offset < 4; ++offset) {
      SCOPED_TRACE(test.name + " at offset " + std::to_string(offset));
      const Rows rows(golden, test, offset);
      std::vector<float> out(rows.view.rows * rows.view.cols);
      DecodeRows(rows.view, 0,
                 MatrixView(out.data(), rows.view.rows, rows.view.cols));
      EXPECT_EQ(Bits(out), Bits(rows.values->data));
    }
  }
}

// The scales move with their rows, in an order of the model and in a part.
TEST_P(DecodeGroupsTest, ScalesFollowTheirRows) {
  const auto golden = testutil::LoadGolden("dequant/mlx_rows.safetensors");
  ASSERT_TRUE(golden.ok()) << golden.error;
  const std::vector<std::uint32_t> order = {2, 0, 1};
  for (const Case& test : Cases()) {
    SCOPED_TRACE(test.name);
    Rows rows(golden, test, /*offset=*/0);
    std::vector<float> out(rows.view.cols);
    DecodeRow(rows.view.Rows(1, 2), 1, out);
    EXPECT_EQ(Bits(out), Bits(rows.ValuesOfRow(2)));
    rows.view.row_order = order;
    DecodeRow(rows.view, 0, out);
    EXPECT_EQ(Bits(out), Bits(rows.ValuesOfRow(2)));
    DecodeRow(rows.view.Rows(1, 2), 1, out);
    EXPECT_EQ(Bits(out), Bits(rows.ValuesOfRow(1)));
  }
}

// Fewer columns than golden rows have: every count of whole groups.
TEST_P(DecodeGroupsTest, RowsOfAnyLengthEndWhereTheyEnd) {
  const auto golden = testutil::LoadGolden("dequant/mlx_rows.safetensors");
  ASSERT_TRUE(golden.ok()) << golden.error;
  for (const Case& test : Cases()) {
    SCOPED_TRACE(test.name);
    Rows rows(golden, test, /*offset=*/0);
    const std::vector<float> values = rows.ValuesOfRow(0);
    for (std::size_t cols = test.group; cols <= values.size();
         cols += test.group) {
      rows.view.cols = cols;
      std::vector<float> out(cols + 1, -7.0f);
      DecodeRow(rows.view, 0, std::span(out).first(cols));
      EXPECT_EQ(out.back(), -7.0f) << "wrote past the end";
      out.pop_back();
      EXPECT_EQ(Bits(out),
                Bits(std::vector(
                    values.begin(),
                    values.begin() + static_cast<std::ptrdiff_t>(cols))));
    }
  }
}

}  // namespace
}  // namespace pellucid::kernels
