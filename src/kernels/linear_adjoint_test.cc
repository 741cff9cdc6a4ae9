#include "kernels/linear_adjoint.h"

#include <cmath>
#include <cstdint>
#include <numeric>
#include <stop_token>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/decode.h"
#include "kernels/reference/linear_adjoint.h"
#include "testutil/padded_matrix.h"
#include "testutil/per_isa.h"
#include "testutil/random_weights.h"

namespace pellucid::kernels {
namespace {

using testutil::Bits;
using testutil::PaddedMatrix;
using testutil::RandomWeights;

class LinearAdjointTest : public testutil::PerIsaTest {
 protected:
  // Both thread counts against the plain loop.
  static void ExpectEqualsReference(std::size_t rows, const WeightView& w) {
    const TaskPool one(1), three(3);
    PaddedMatrix dy(rows, w.rows, /*seed=*/6);
    PaddedMatrix out_1(rows, w.cols, /*seed=*/8);
    PaddedMatrix out_3(rows, w.cols, /*seed=*/8);
    PaddedMatrix expected(rows, w.cols, /*seed=*/8);
    LinearAdjoint(one, dy.View(), w, out_1.View());
    LinearAdjoint(three, dy.View(), w, out_3.View());
    const LinearCotangent product{w, dy.View()};
    reference::LinearAdjoint({&product, 1}, expected.View());
    EXPECT_EQ(Bits(out_1.values), Bits(expected.values));
    EXPECT_EQ(Bits(out_3.values), Bits(expected.values));
  }
};
PELLUCID_INSTANTIATE_PER_ISA(LinearAdjointTest);

TEST_P(LinearAdjointTest, EveryDTypeEqualsReference) {
  for (const DType dtype :
       {DType::kF32, DType::kF16, DType::kBF16, DType::kQ4_0, DType::kQ4_1,
        DType::kQ5_0, DType::kQ5_1, DType::kQ8_0, DType::kQ4_K, DType::kQ5_K,
        DType::kQ6_K}) {
    SCOPED_TRACE(std::string(InfoOf(dtype).name));
    const std::size_t block = InfoOf(dtype).block_elements;
    const RandomWeights w(dtype, 71, block == 1 ? 177 : 3 * block, /*seed=*/5);
    ExpectEqualsReference(9, w.view);
  }
}

// Rows about the blocks that are summed by themselves, and columns and rows of
// dy about those of a task.
TEST_P(LinearAdjointTest, EveryShapeEqualsReference) {
  for (const std::size_t n : {1u, 63u, 64u, 65u, 128u, 200u}) {
    for (const std::size_t m : {1u, 3u, 5u, 130u}) {
      SCOPED_TRACE(::testing::Message() << "N=" << n << " M=" << m);
      const RandomWeights w(DType::kF32, n, n % 3 == 0 ? 7 : 101, /*seed=*/n);
      ExpectEqualsReference(m, w.view);
    }
  }
}

TEST_P(LinearAdjointTest, FollowsTheRowOrderAndTurnedLayout) {
  const TaskPool pool(2);
  RandomWeights w(DType::kF32, 70, 21, /*seed=*/5);
  std::vector<std::uint32_t> order(70);
  std::iota(order.rbegin(), order.rend(), 0u);
  WeightView ordered = w.view;
  ordered.row_order = order;
  ExpectEqualsReference(4, ordered);

  std::vector<float> turned(70 * 21);
  std::vector<float> row(21);
  for (std::size_t n = 0; n < 70; ++n) {
    DecodeRow(w.view, n, row);
    for (std::size_t k = 0; k < 21; ++k) turned[k * 70 + n] = row[k];
  }
  WeightView transposed = w.view;
  transposed.data = reinterpret_cast<const std::byte*>(turned.data());
  transposed.row_bytes = 70 * sizeof(float);
  transposed.transposed = true;
  PaddedMatrix dy(4, 70, /*seed=*/6);
  PaddedMatrix out(4, 21, /*seed=*/8), plain(4, 21, /*seed=*/8);
  LinearAdjoint(pool, dy.View(), transposed, out.View());
  LinearAdjoint(pool, dy.View(), w.view, plain.View());
  EXPECT_EQ(Bits(out.values), Bits(plain.values));
}

TEST_P(LinearAdjointTest, AddsProductsUpInTheirOrder) {
  const TaskPool pool(2);
  const RandomWeights a(DType::kF32, 70, 33, /*seed=*/1);
  const RandomWeights b(DType::kF16, 20, 33, /*seed=*/2);
  PaddedMatrix da(5, 70, /*seed=*/3), db(5, 20, /*seed=*/4);
  const LinearCotangent products[] = {{a.view, da.View()}, {b.view, db.View()}};
  PaddedMatrix out(5, 33, /*seed=*/8), expected(5, 33, /*seed=*/8);
  LinearAdjoint(pool, products, out.View());
  reference::LinearAdjoint(products, expected.View());
  EXPECT_EQ(Bits(out.values), Bits(expected.values));
}

// Of many rows all but two blocks are 0, as where two logits are compared.
TEST_P(LinearAdjointTest, BlocksOfZerosAddNothing) {
  const TaskPool pool(2);
  const RandomWeights w(DType::kF32, 1000, 33, /*seed=*/1);
  std::vector<float> dy(2 * 1000);
  dy[3] = 1;
  dy[1000 + 777] = -2;
  const LinearCotangent product{w.view, {dy.data(), 2, 1000}};
  std::vector<float> out(2 * 33), expected(2 * 33);
  LinearAdjoint(pool, {&product, 1}, {out.data(), 2, 33});
  reference::LinearAdjoint({&product, 1}, {expected.data(), 2, 33});
  EXPECT_EQ(Bits(out), Bits(expected));
}

// Within a block 64 roundings, then one a block: u (64 + blocks) of the sum of
// sizes bounds what float32 may lose.
TEST_P(LinearAdjointTest, IsTheTransposeInDoublePrecision) {
  const TaskPool pool(1);
  const RandomWeights w(DType::kF32, 3000, 5, /*seed=*/1);
  PaddedMatrix dy(1, 3000, /*seed=*/6);
  std::vector<float> out(5), row(5);
  LinearAdjoint(pool, dy.View(), w.view, {out.data(), 1, 5});
  std::vector<double> sum(5), size(5);
  for (std::size_t n = 0; n < 3000; ++n) {
    DecodeRow(w.view, n, row);
    for (std::size_t k = 0; k < 5; ++k) {
      const double term = double{dy.View().Row(0)[n]} * double{row[k]};
      sum[k] += term;
      size[k] += std::abs(term);
    }
  }
  for (std::size_t k = 0; k < 5; ++k) {
    EXPECT_NEAR(out[k], sum[k], 0x1p-24 * (64 + 47) * size[k]);
  }
}

TEST_P(LinearAdjointTest, StopsBetweenTasks) {
  if (GetParam() == Isa::kReference) return;  // has one task
  const TaskPool pool(1);
  const RandomWeights w(DType::kF32, 10, 21, /*seed=*/5);
  PaddedMatrix dy(3, 10, /*seed=*/6), out(3, 21, /*seed=*/8);
  const std::vector<float> before = out.values;
  std::stop_source source;
  source.request_stop();
  LinearAdjoint(pool, dy.View(), w.view, out.View(), source.get_token());
  EXPECT_EQ(out.values, before);
}

}  // namespace
}  // namespace pellucid::kernels
