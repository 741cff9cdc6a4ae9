#include "kernels/reference/integer_product.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "kernels/integer_scale.h"

namespace pellucid::kernels::reference {

void TakeOutliers(std::span<float> row, Outlier* to) {
  std::fill_n(to, kOutliers, Outlier());
  for (std::size_t i = 0; i < kOutliers; ++i) {
    const auto greatest = std::ranges::max_element(
        row, {}, [](float x) { return MagnitudeBits(x); });
    if (!std::isfinite(*greatest)) return;
    to[i].term = static_cast<std::uint32_t>(greatest - row.begin());
    to[i].value = std::exchange(*greatest, 0.0f);
  }
}

float Quantise(std::span<const float> row, std::size_t r, std::int8_t* to) {
  std::uint32_t max = 0;
  for (const float x : row) max = std::max(max, MagnitudeBits(x));
  const IntegerScale scale = IntegerScaleOf(max);
  for (std::size_t k = 0; k < TileStepsOf(row.size()) * kTileTerms; ++k) {
    const float x = k < row.size() && scale.inverse != 0 ? row[k] : 0;
    const int q = static_cast<int>(std::nearbyint(x * scale.inverse));
    const int high = (q + 128) >> 8;
    std::int8_t* at = to + PlaceInStrip(r, k);
    at[0] = static_cast<std::int8_t>(high);
    at[kTileBytes] = static_cast<std::int8_t>(q - 256 * high);
  }
  return scale.scale;
}

void Multiply(IntegerOperand x, IntegerOperand w, std::size_t k,
              MatrixView out) {
  for (std::size_t m = 0; m < out.rows; ++m) {
    const std::int8_t* strip = x.groups + m / kGroupRows * GroupBytes(k);
    for (std::size_t n = 0; n < out.cols; ++n) {
      const std::int8_t* panel = w.groups + n / kGroupRows * GroupBytes(k);
      std::int32_t high = 0, mixed = 0, low = 0;
      for (std::size_t i = 0; i < k; ++i) {
        const std::int8_t* a = strip + PlaceInStrip(m % kGroupRows, i);
        const std::int8_t* b = panel + PlaceInPanel(n % kGroupRows, i);
        high += a[0] * b[0];
        mixed += a[0] * b[kTileBytes] + a[kTileBytes] * b[0];
        low += a[kTileBytes] * b[kTileBytes];
      }
      const float sum = std::fma(
          static_cast<float>(high), 65536.0f,
          std::fma(static_cast<float>(mixed), 256.0f, static_cast<float>(low)));
      float dot = sum * x.scales[m];
      for (std::size_t i = 0; i < kOutliers; ++i) {
        const Outlier& outlier = x.outliers[m * kOutliers + i];
        const std::int8_t* b =
            panel + PlaceInPanel(n % kGroupRows, outlier.term);
        dot = std::fma(outlier.value,
                       static_cast<float>(256 * b[0] + b[kTileBytes]), dot);
      }
      out.Row(m)[n] = dot * w.scales[n];
    }
  }
}

}  // namespace pellucid::kernels::reference
