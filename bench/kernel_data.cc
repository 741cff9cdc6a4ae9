#include "bench/kernel_data.h"

#include <cstdint>
#include <cstring>

#include "bench/machine.h"

namespace pellucid::bench {
namespace {

std::uint32_t Next(std::uint32_t state) {
  return state * 1664525u + 1013904223u;
}

void ReportRate(benchmark::State& state, const char* unit, double work,
                double best) {
  const double total = work * static_cast<double>(state.iterations());
  const auto rate = benchmark::Counter::kIsRate;
  state.counters[unit] = benchmark::Counter(total * 1e-9, rate);
  state.counters["share"] = benchmark::Counter(total / best, rate);
}

}  // namespace

Values::Values(std::size_t count, float scale)
    : count_(count), values_(hwy::AllocateAligned<float>(count)) {
  std::uint32_t state = 1;
  for (float& value : all()) {
    state = Next(state);
    value = (static_cast<float>(state >> 8) * 0x1p-23f - 1.0f) * scale;
  }
}

Weights::Weights(DType dtype, std::size_t rows, std::size_t cols,
                 bool transposed)
    : bytes(rows * RowBytes(dtype, cols)) {
  std::uint32_t state = 1;
  for (std::byte& b : bytes) {
    state = Next(state);
    b = static_cast<std::byte>(state >> 24);
  }
  // Scales lead a block in some formats and end it in others; those at the end
  // may be anything, since no kernel's time depends on the values.
  const std::uint16_t scales[2] = {0x2000, 0xa400};
  const DTypeInfo& info = InfoOf(dtype);
  for (std::size_t at = 0; at < bytes.size(); at += info.block_bytes) {
    if (dtype == DType::kF32) {
      const float value = static_cast<float>(at % 1000) * 1e-3f;
      std::memcpy(&bytes[at], &value, sizeof(value));
    } else {
      std::memcpy(&bytes[at], scales, dtype == DType::kQ4_1 ? 4 : 2);
    }
  }
  view = {.dtype = dtype,
          .data = bytes.data(),
          .rows = rows,
          .cols = cols,
          .row_bytes = RowBytes(dtype, transposed ? rows : cols),
          .row_order = {},
          .transposed = transposed};
  if (dtype != DType::kU4 && dtype != DType::kU8 && dtype != DType::kU3 &&
      dtype != DType::kU6) {
    return;
  }
  // As MLX does by default, with scales in BF16.
  constexpr std::size_t kGroup = 64;
  beside.assign(rows * (cols / kGroup) * 2, std::byte{0x3c});
  view.groups = {.elements = kGroup,
                 .dtype = DType::kBF16,
                 .scales = beside.data(),
                 .biases = beside.data(),
                 .row_bytes = cols / kGroup * 2};
}

void ReportFlops(benchmark::State& state, double flops, std::size_t threads) {
  ReportRate(state, "GFLOP/s", flops, PeakFlops(threads));
}

void ReportBytes(benchmark::State& state, double bytes, std::size_t threads) {
  ReportRate(state, "GB/s", bytes, ReadBandwidth(threads));
}

}  // namespace pellucid::bench
