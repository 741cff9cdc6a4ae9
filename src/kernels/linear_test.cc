#include "kernels/linear.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <stop_token>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/decode.h"
#include "kernels/reference/linear.h"
#include "testutil/noise.h"
#include "testutil/padded_matrix.h"
#include "testutil/per_isa.h"
#include "testutil/random_weights.h"

namespace pellucid::kernels {
namespace {

using testutil::Bits;
using testutil::Noise;
using testutil::PaddedMatrix;

class LinearTest : public testutil::PerIsaTest {};
PELLUCID_INSTANTIATE_PER_ISA(LinearTest);

using Weights = testutil::RandomWeights;

TEST_P(LinearTest, EveryDTypeEqualsReference) {
  const TaskPool one(1), four(4);
  for (const DType dtype :
       {DType::kF32, DType::kF16, DType::kBF16, DType::kQ4_0, DType::kQ4_1,
        DType::kQ5_0, DType::kQ5_1, DType::kQ8_0, DType::kQ4_K, DType::kQ5_K,
        DType::kQ6_K}) {
    SCOPED_TRACE(std::string(InfoOf(dtype).name));
    const std::size_t block = InfoOf(dtype).block_elements;
    const std::size_t k = block == 1 ? 77 : block;
    const Weights w(dtype, 71, k, /*seed=*/5);
    PaddedMatrix x(9, k, /*seed=*/6);
    const auto bias = Noise(71, /*seed=*/7);
    PaddedMatrix out_1(9, 71, /*seed=*/8), out_4(9, 71, /*seed=*/8);
    PaddedMatrix expected(9, 71, /*seed=*/8);
    Linear(one, x.View(), w.view, bias, out_1.View());
    Linear(four, x.View(), w.view, bias, out_4.View());
    reference::Linear(x.View(), w.view, bias, expected.View());
    EXPECT_EQ(Bits(out_1.values), Bits(expected.values));
    EXPECT_EQ(Bits(out_4.values), Bits(expected.values));
  }
}

TEST_P(LinearTest, EveryInputCountEqualsReference) {
  const TaskPool pool(4);
  const Weights w(DType::kQ4_1, 33, 96, /*seed=*/5);
  for (std::size_t m = 1; m <= 20; ++m) {
    SCOPED_TRACE(::testing::Message() << "M=" << m);
    PaddedMatrix x(m, 96, /*seed=*/m);
    PaddedMatrix out(m, 33, /*seed=*/8), expected(m, 33, /*seed=*/8);
    Linear(pool, x.View(), w.view, {}, out.View());
    reference::Linear(x.View(), w.view, {}, expected.View());
    EXPECT_EQ(Bits(out.values), Bits(expected.values));
  }
}

// Many rows and few outputs: the work is split over the rows too.
TEST_P(LinearTest, ManyInputsEqualReference) {
  const TaskPool pool(3);
  const Weights w(DType::kF16, 5, 19, /*seed=*/5);
  PaddedMatrix x(301, 19, /*seed=*/6);
  PaddedMatrix out(301, 5, /*seed=*/8), expected(301, 5, /*seed=*/8);
  Linear(pool, x.View(), w.view, {}, out.View());
  reference::Linear(x.View(), w.view, {}, expected.View());
  EXPECT_EQ(Bits(out.values), Bits(expected.values));
}

// Several outputs in panels, whose last blocks threads share; of types that are
// decoded straight into panels or by way of rows.
TEST_P(LinearTest, OutputsTogetherEqualReference) {
  constexpr std::size_t kTerms = 256;
  const Weights some[] = {{DType::kQ4_1, 150, kTerms, /*seed=*/1},
                          {DType::kBF16, 64, kTerms, /*seed=*/2},
                          {DType::kQ8_0, 7, kTerms, /*seed=*/3}};
  const Weights other(DType::kQ5_1, 65, kTerms, /*seed=*/4);
  const auto bias = Noise(150, /*seed=*/7);
  for (const std::size_t m : {24u, 61u, 130u}) {
    PaddedMatrix x(m, kTerms, /*seed=*/m);
    std::vector<PaddedMatrix> expected;
    std::vector<LinearOutput> outputs;
    for (const Weights* w : {&some[0], &some[1], &some[2], &other}) {
      const bool first = outputs.empty();
      const auto b =
          first ? std::span<const float>(bias) : std::span<const float>();
      outputs.push_back({w->view, b, {}});
      expected.emplace_back(m, w->view.rows, /*seed=*/8);
      reference::Linear(x.View(), w->view, b, expected.back().View());
    }
    // Without the last one, all are decoded straight into panels.
    for (const std::size_t count : {3u, 4u}) {
      for (const std::size_t threads : {1u, 2u, 3u, 16u}) {
        SCOPED_TRACE(::testing::Message()
                     << "M=" << m << ", " << count << " outputs, " << threads
                     << " threads");
        std::vector<PaddedMatrix> out;
        for (std::size_t i = 0; i < count; ++i) {
          out.emplace_back(m, outputs[i].w.rows, /*seed=*/8);
          outputs[i].y = out.back().View();
        }
        Linear(TaskPool(threads), x.View(), std::span(outputs).first(count));
        for (std::size_t i = 0; i < count; ++i) {
          EXPECT_EQ(Bits(out[i].values), Bits(expected[i].values)) << i;
        }
      }
    }
  }
}

TEST_P(LinearTest, FollowsTheRowOrderOfFloats) {
  const TaskPool pool(1);
  std::vector<std::uint32_t> order(70);
  std::iota(order.rbegin(), order.rend(), 0u);
  Weights w(DType::kF32, 70, 21, /*seed=*/5);
  w.view.row_order = order;
  PaddedMatrix x(3, 21, /*seed=*/6);
  PaddedMatrix out(3, 70, /*seed=*/8), expected(3, 70, /*seed=*/8);
  Linear(pool, x.View(), w.view, {}, out.View());
  reference::Linear(x.View(), w.view, {}, expected.View());
  EXPECT_EQ(Bits(out.values), Bits(expected.values));
}

TEST_P(LinearTest, ReadsFloatsAtAnyAlignment) {
  const TaskPool pool(1);
  Weights w(DType::kF32, 10, 21, /*seed=*/5);
  std::vector<std::byte> shifted(w.bytes.size() + 1);
  std::copy(w.bytes.begin(), w.bytes.end(), shifted.begin() + 1);
  PaddedMatrix x(3, 21, /*seed=*/6);
  PaddedMatrix out(3, 10, /*seed=*/8), expected(3, 10, /*seed=*/8);
  reference::Linear(x.View(), w.view, {}, expected.View());
  w.view.data = shifted.data() + 1;
  Linear(pool, x.View(), w.view, {}, out.View());
  EXPECT_EQ(Bits(out.values), Bits(expected.values));
}

// The weights of `w`, of one element a block, laid out as [cols, rows].
std::vector<std::byte> Transposed(const WeightView& w) {
  const std::size_t element = InfoOf(w.dtype).block_bytes;
  std::vector<std::byte> bytes(w.rows * w.row_bytes);
  for (std::size_t r = 0; r < w.rows; ++r) {
    for (std::size_t c = 0; c < w.cols; ++c) {
      std::copy_n(w.Row(r) + c * element, element,
                  bytes.begin() +
                      static_cast<std::ptrdiff_t>((c * w.rows + r) * element));
    }
  }
  return bytes;
}

// The last shape's rows are so long that but a few fit into the scratch.
TEST_P(LinearTest, TransposedWeightsEqualPlainOnes) {
  struct Shape {
    std::size_t m, n, k;
  };
  const TaskPool one(1), four(4);
  for (const Shape& s :
       {Shape{1, 1, 1}, Shape{1, 130, 77}, Shape{2, 33, 40}, Shape{3, 300, 130},
        Shape{9, 71, 77}, Shape{130, 67, 19}, Shape{6, 37, 7001}}) {
    for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
      SCOPED_TRACE(::testing::Message() << InfoOf(dtype).name << " M=" << s.m
                                        << " N=" << s.n << " K=" << s.k);
      const Weights w(dtype, s.n, s.k, /*seed=*/5);
      const std::vector<std::byte> bytes = Transposed(w.view);
      WeightView transposed = w.view;
      transposed.data = bytes.data();
      transposed.row_bytes = RowBytes(dtype, s.n);
      transposed.transposed = true;
      PaddedMatrix x(s.m, s.k, /*seed=*/6);
      const auto bias = Noise(s.n, /*seed=*/7);
      PaddedMatrix out_1(s.m, s.n, /*seed=*/8), out_4(s.m, s.n, /*seed=*/8);
      PaddedMatrix plain(s.m, s.n, /*seed=*/8), naive(s.m, s.n, /*seed=*/8);
      Linear(one, x.View(), w.view, bias, plain.View());
      Linear(one, x.View(), transposed, bias, out_1.View());
      Linear(four, x.View(), transposed, bias, out_4.View());
      reference::Linear(x.View(), transposed, bias, naive.View());
      EXPECT_EQ(Bits(out_1.values), Bits(plain.values));
      EXPECT_EQ(Bits(out_4.values), Bits(plain.values));
      EXPECT_EQ(Bits(naive.values), Bits(plain.values));
    }
  }
}

TEST_P(LinearTest, StopsBetweenTasks) {
  const TaskPool pool(1);
  const Weights w(DType::kF32, 10, 21, /*seed=*/5);
  PaddedMatrix x(3, 21, /*seed=*/6);
  PaddedMatrix out(3, 10, /*seed=*/8);
  const std::vector<float> before = out.values;
  std::stop_source source;
  source.request_stop();
  Linear(pool, x.View(), w.view, {}, out.View(), source.get_token());
  EXPECT_EQ(out.values, before);
}

}  // namespace
}  // namespace pellucid::kernels
