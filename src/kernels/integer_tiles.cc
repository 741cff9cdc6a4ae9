// Written for one processor, beside the one source of all others: Highway has
// no tile registers.
#include "kernels/integer_tiles.h"

#include <algorithm>
#include <cassert>
#include <cstdint>

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace pellucid::kernels {

#if defined(__x86_64__) && defined(__linux__)
namespace {

#define PELLUCID_TILES \
  __attribute__((target("amx-tile,amx-int8,avx512f,avx512bw,avx512vl")))

// What LDTILECFG reads: all eight registers are of 16 rows of 64 bytes.
struct alignas(64) TileShapes {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(TileShapes) == 64);

// The four products of a group by a group, [16 rows of x, 16 rows of w].
struct Products {
  alignas(64) std::int32_t high[kGroupRows][kGroupRows];      // high by high
  alignas(64) std::int32_t high_low[kGroupRows][kGroupRows];  // x's high
  alignas(64) std::int32_t low_high[kGroupRows][kGroupRows];
  alignas(64) std::int32_t low[kGroupRows][kGroupRows];
};

// A sum of its own for each product: with one for the mixed two, each addition
// would wait for the last (52 cycles; four products take 64).
PELLUCID_TILES void MultiplyGroups(const std::int8_t* x, const std::int8_t* w,
                                   std::size_t steps, Products& out) {
  constexpr int kStride = 64;
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (std::size_t step = 0; step < steps; ++step) {
    _tile_loadd(4, x, kStride);
    _tile_loadd(6, w, kStride);
    _tile_dpbssd(0, 4, 6);
    _tile_loadd(7, w + kTileBytes, kStride);
    _tile_dpbssd(1, 4, 7);
    _tile_loadd(5, x + kTileBytes, kStride);
    _tile_dpbssd(2, 5, 6);
    _tile_dpbssd(3, 5, 7);
    x += kStepBytes;
    w += kStepBytes;
  }
  _tile_stored(0, out.high, kStride);
  _tile_stored(1, out.high_low, kStride);
  _tile_stored(2, out.low_high, kStride);
  _tile_stored(3, out.low, kStride);
}

// The forms with a mask, of all lanes: g++ 12 warns of what the headers of the
// others leave undefined.
constexpr __mmask16 kAll = 0xffff;

PELLUCID_TILES inline __m512 ToFloats(__m512i v) {
  return _mm512_maskz_cvtepi32_ps(kAll, v);
}

// The integers of one term of 16 rows of weights.
PELLUCID_TILES inline __m512 WeightsOfTerm(const std::int8_t* panel,
                                           std::size_t term) {
  // The bytes of four terms of a row are a word: this one's is moved to its
  // top, and back with its sign.
  const std::size_t byte = term % kQuad;
  const std::int8_t* at = panel + PlaceInPanel(0, term - byte);
  const __m128i shift = _mm_cvtsi32_si128(static_cast<int>(24 - 8 * byte));
  const auto part = [&](const std::int8_t* words) PELLUCID_TILES {
    const __m512i top =
        _mm512_maskz_sll_epi32(kAll, _mm512_load_si512(words), shift);
    return ToFloats(_mm512_maskz_srai_epi32(kAll, top, 24));
  };
  return _mm512_fmadd_ps(part(at), _mm512_set1_ps(256.0f),
                         part(at + kTileBytes));
}

// Products that are not in place yet: they are turned into floats while the
// tile registers do the next, not right after they were stored.
struct Pending {
  const Products* products = nullptr;
  std::size_t rows = 0, cols = 0;
  IntegerOperand x, w;  // of the groups
  float* to = nullptr;

  PELLUCID_TILES void Store(std::size_t stride) const {
    if (products == nullptr) return;
    const __m512 w_scales = _mm512_loadu_ps(w.scales);
    const auto stored = static_cast<__mmask16>((1u << cols) - 1);
    for (std::size_t r = 0; r < rows; ++r) {
      const __m512i mixed =
          _mm512_add_epi32(_mm512_load_si512(products->high_low[r]),
                           _mm512_load_si512(products->low_high[r]));
      const __m512 low = ToFloats(_mm512_load_si512(products->low[r]));
      const __m512 sum = _mm512_fmadd_ps(
          ToFloats(_mm512_load_si512(products->high[r])),
          _mm512_set1_ps(65536.0f),
          _mm512_fmadd_ps(ToFloats(mixed), _mm512_set1_ps(256.0f), low));
      __m512 dots = _mm512_mul_ps(sum, _mm512_set1_ps(x.scales[r]));
      for (std::size_t i = 0; i < kOutliers; ++i) {
        const Outlier& outlier = x.outliers[r * kOutliers + i];
        dots = _mm512_fmadd_ps(_mm512_set1_ps(outlier.value),
                               WeightsOfTerm(w.groups, outlier.term), dots);
      }
      _mm512_mask_storeu_ps(to + r * stride, stored,
                            _mm512_mul_ps(dots, w_scales));
    }
  }
};

bool AskForTiles() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  constexpr unsigned kTile = 1u << 24, kInt8 = 1u << 25;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
  if ((edx & kTile) == 0 || (edx & kInt8) == 0) return false;
  // Linux keeps their state (8 KiB a thread) for processes that asked.
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

}  // namespace

bool HasTileRegisters() {
  static const bool has = AskForTiles();
  return has;
}

PELLUCID_TILES void MultiplyTiles(IntegerOperand x, IntegerOperand w,
                                  std::size_t k, MatrixView out) {
  assert(k > 0 && k <= kMaxIntegerTerms);
  const TileShapes shapes;
  _tile_loadconfig(&shapes);
  const std::size_t steps = TileStepsOf(k), bytes = GroupBytes(k);
  Products products[2];
  Pending pending;
  std::size_t turn = 0;
  // A group of w stays in the nearest cache while those of x pass.
  for (std::size_t n = 0; n < out.cols; n += kGroupRows) {
    const std::int8_t* panel = w.groups + n / kGroupRows * bytes;
    const std::size_t cols = std::min(kGroupRows, out.cols - n);
    for (std::size_t m = 0; m < out.rows; m += kGroupRows) {
      MultiplyGroups(x.groups + m / kGroupRows * bytes, panel, steps,
                     products[turn]);
      pending.Store(out.stride);
      pending = {&products[turn],
                 std::min(kGroupRows, out.rows - m),
                 cols,
                 {nullptr, x.scales + m, x.outliers + m * kOutliers},
                 {panel, w.scales + n, nullptr},
                 out.Row(m) + n};
      turn ^= 1;
    }
  }
  pending.Store(out.stride);
  // A thread that holds tiles takes longer to switch to.
  _tile_release();
}

#else

bool HasTileRegisters() { return false; }

void MultiplyTiles(IntegerOperand, IntegerOperand, std::size_t, MatrixView) {
  assert(false);
}

#endif

}  // namespace pellucid::kernels
