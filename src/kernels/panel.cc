// Layout. Rows of x are packed in strips of up to 6, rows of w in panels of 16;
// both hold 16 sections, one a partial in the order of kOrder, of one group of
// floats a step of K: [section][step][row in strip or panel]. K is padded to
// whole steps with zeros, and the last panel to 16 rows.
#include "kernels/panel.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstring>
#include <iterator>

#include "hwy/cache_control.h"
#include "kernels/canonical.h"
#include "kernels/isa.h"
#include "kernels/panel_layout.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/panel.cc"  // this file, seen from src/
#include "hwy/foreach_target.h"  // re-includes this file, once per target
#include "hwy/highway.h"
#include "kernels/transpose-inl.h"
#include "kernels/unroll-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pellucid::kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, kPanelRows>;
using Vec = hn::Vec<Floats>;
constexpr std::size_t kLanes = hn::MaxLanes(Floats());
// Registers that one row of a panel takes.
constexpr std::size_t kRegisters = kPanelRows / kLanes;
// Panels that a tile takes: of AVX-512's 32 registers 6 x 4 are 24. One panel
// would load 7 registers for 6 multiply-adds and wait for each of them.
constexpr std::size_t kPanelsAtOnce = kRegisters == 1 ? 4 : 1;

// Adds a step of K to one partial of each output of a tile: sum[row * kInRow +
// register], of panels `panel` floats apart. Inlined by force, as what follows:
// sums that are passed to a function lie in memory, and each multiply-add would
// store its own there.
template <std::size_t kRows, std::size_t kPanels>
HWY_INLINE void AddStep(const float* x, const float* w, std::size_t panel,
                        Vec (&sum)[kRows * kPanels * kRegisters]) {
  constexpr std::size_t kInRow = kPanels * kRegisters;
  const Floats d;
  Vec b[kInRow];
  Unroll<kInRow>([&](auto r) HWY_ATTR {
    constexpr std::size_t kPanel = r / kRegisters, kPart = r % kRegisters;
    b[r] = InRegister(hn::Load(d, w + kPanel * panel + kPart * kLanes));
  });
  Unroll<kRows>([&](auto i) HWY_ATTR {
    const Vec a = InRegister(hn::Set(d, x[i]));
    Unroll<kInRow>([&](auto r) HWY_ATTR {
      Vec& s = sum[i * kInRow + r];
      s = hn::MulAdd(a, b[r], s);
    });
  });
}

// One partial of each output of a tile.
template <std::size_t kRows, std::size_t kPanels>
HWY_INLINE void AccumulatePartial(const float* x, const float* w,
                                  std::size_t panel, std::size_t steps,
                                  Vec (&sum)[kRows * kPanels * kRegisters]) {
  Unroll<kRows * kPanels * kRegisters>(
      [&](auto s) HWY_ATTR { sum[s] = hn::Zero(Floats()); });
  // Four at once: counting is a tenth of a loop's instructions, which tells
  // where two threads of a core share their rate (3 to 8% of the time). Not by
  // Unroll, of whose large bodies g++ makes functions.
  for (; steps >= 4; steps -= 4) {
    AddStep<kRows, kPanels>(x, w, panel, sum);
    AddStep<kRows, kPanels>(x + kRows, w + kPanelRows, panel, sum);
    AddStep<kRows, kPanels>(x + 2 * kRows, w + 2 * kPanelRows, panel, sum);
    AddStep<kRows, kPanels>(x + 3 * kRows, w + 3 * kPanelRows, panel, sum);
    x += 4 * kRows;
    w += 4 * kPanelRows;
  }
  for (; steps > 0; --steps) {
    AddStep<kRows, kPanels>(x, w, panel, sum);
    x += kRows;
    w += kPanelRows;
  }
}

// Sums of partials that wait for their other halves, by how many partials each
// holds: 1, 2, 4 and 8.
constexpr std::size_t kLevels = 4;
template <std::size_t kOutputs>
struct Waiting {
  alignas(64) float sums[kLevels][kOutputs];
};

template <std::size_t kSums>
HWY_INLINE void AddSums(const float* from, Vec (&sum)[kSums]) {
  Unroll<kSums>([&](auto s) HWY_ATTR {
    sum[s] = hn::Add(hn::Load(Floats(), from + s * kLanes), sum[s]);
  });
}

constexpr std::size_t kLine = 64 / sizeof(float);

// Fetches floats that are written soon. What the other thread has read or
// written takes as long to get as from memory, and stores that wait for it
// hold up what follows.
HWY_INLINE void PrefetchToWrite(const float* at, std::size_t floats) {
  for (std::size_t i = 0; i < floats; i += kLine) {
#if HWY_ARCH_X86
    // Of __builtin_prefetch compilers make a fetch to read, unless they are
    // told of a processor that all with AVX2 are.
    asm volatile("prefetchw %0" : : "m"(at[i]));
#else
    __builtin_prefetch(at + i, 1);
#endif
  }
}

// Floats that are read soon, fetched a sixteenth at a time. Rows of x often
// come from a far cache: waiting for them took a tenth of the time of a lens.
struct Upcoming {
  const float* at;
  std::size_t floats;

  HWY_INLINE void Fetch(std::size_t sixteenth) const {
    const std::size_t end = (sixteenth + 1) * floats / kPartials;
    for (std::size_t i = sixteenth * floats / kPartials; i < end; i += kLine) {
      hwy::Prefetch(at + i);
    }
  }
};

// A strip of kRows rows of x by kPanels panels: rows of 16 dots a panel at
// `out`.
template <std::size_t kRows, std::size_t kPanels>
void MultiplyTile(const float* x, const float* w, std::size_t steps,
                  Upcoming upcoming, float* out, std::size_t stride) {
  constexpr std::size_t kInRow = kPanels * kRegisters;
  constexpr std::size_t kColumns = kPanels * kPanelRows;
  const Floats d;
  const std::size_t panel = kPartials * PanelSection(steps);
  Waiting<kRows * kColumns> waiting;
  Unroll<kRows>([&](auto row) HWY_ATTR {
    PrefetchToWrite(out + row * stride, kColumns);
  });
  for (std::size_t i = 0; i < kPartials; ++i) {
    Vec sum[kRows * kInRow];
    AccumulatePartial<kRows, kPanels>(x, w, panel, steps, sum);
    upcoming.Fetch(i);
    x += RowSection(kRows, steps);
    w += PanelSection(steps);
    // Every second partial completes a pair, every fourth a pair of pairs...
    const auto pairs = static_cast<std::size_t>(std::countr_one(i));
    float* to = pairs < kLevels ? waiting.sums[pairs] : out;
    const std::size_t to_stride = pairs < kLevels ? kColumns : stride;
    Unroll<kLevels>([&](auto level) HWY_ATTR {
      if (level < pairs) AddSums(waiting.sums[level], sum);
    });
    Unroll<kRows * kInRow>([&](auto s) HWY_ATTR {
      constexpr std::size_t kRow = s / kInRow, kPart = s % kInRow;
      hn::StoreU(sum[s], d, to + kRow * to_stride + kPart * kLanes);
    });
  }
}

using TileFunction = void (*)(const float*, const float*, std::size_t, Upcoming,
                              float*, std::size_t);
template <std::size_t kPanels>
constexpr TileFunction kTilesOfPanels[] = {
    MultiplyTile<1, kPanels>, MultiplyTile<2, kPanels>,
    MultiplyTile<3, kPanels>, MultiplyTile<4, kPanels>,
    MultiplyTile<5, kPanels>, MultiplyTile<6, kPanels>};
static_assert(std::size(kTilesOfPanels<1>) == kStripRows);

TileFunction TileOf(std::size_t rows, [[maybe_unused]] std::size_t panels) {
#if HWY_TARGET <= HWY_AVX3 && HWY_ARCH_X86
  if (panels == 4) return kTilesOfPanels<4>[rows - 1];
  if (panels == 3) return kTilesOfPanels<3>[rows - 1];
  if (panels == 2) return kTilesOfPanels<2>[rows - 1];
#endif
  assert(panels == 1);
  return kTilesOfPanels<1>[rows - 1];
}

void MultiplyAll(const float* x, const float* w, std::size_t k,
                 MatrixView out) {
  const std::size_t steps = StepsOf(k);
  const std::size_t panels = PanelsOf(out.cols);
  const std::size_t panel_floats = kPartials * PanelSection(steps);
  std::size_t strips = StripsOf(out.rows);
  for (std::size_t m = 0; m < out.rows; --strips) {
    const std::size_t rows = ShareOf(out.rows - m, strips);
    const std::size_t floats = kPartials * RowSection(rows, steps);
    std::size_t groups = (panels + kPanelsAtOnce - 1) / kPanelsAtOnce;
    for (std::size_t p = 0; p < panels; --groups) {
      const std::size_t count = ShareOf(panels - p, groups);
      const std::size_t n = p * kPanelRows, columns = count * kPanelRows;
      const float* panel = w + p * panel_floats;
      const Upcoming next{x + floats + p * floats / panels,
                          count * floats / panels};
      const TileFunction multiply = TileOf(rows, count);
      float* to = out.Row(m) + n;
      if (out.cols - n >= columns) {
        multiply(x, panel, steps, next, to, out.stride);
      } else {
        alignas(64) float tile[kStripRows * kPanelsAtOnce * kPanelRows];
        multiply(x, panel, steps, next, tile, columns);
        for (std::size_t i = 0; i < rows; ++i) {
          std::memcpy(to + i * out.stride, tile + i * columns,
                      (out.cols - n) * sizeof(float));
        }
      }
      p += count;
    }
    x += floats;
    m += rows;
  }
}

// Float r of step s of a section lies at
// to + section * kSectionOf[partial] + s * step + r.
struct Packing {
  float* to;
  std::size_t section, step;
};

// Packs terms j .. j + 3 of steps [0, steps) of the kTransposeRows rows `at`,
// where steps may have fewer: what is written past the end of a step, the next
// one writes again.
HWY_INLINE void PackTerms(const float* const* at, std::size_t j,
                          std::size_t steps, const Packing& p) {
  constexpr std::size_t kTerms = 4;
  const float* rows[kTransposeRows];
  Unroll<kTransposeRows>([&](auto r) HWY_ATTR { rows[r] = at[r] + j; });
  float* sections[kTerms];
  Unroll<kTerms>([&](auto i) HWY_ATTR {
    sections[i] = p.to + kSectionOf[j + i] * p.section;
  });
  const std::size_t step = p.step;
  for (std::size_t s = 0, from = 0, to = 0; s < steps; ++s) {
    const TransposedTile tile = TransposeTile([&](std::size_t r) HWY_ATTR {
      return hn::LoadU(TileFour(), rows[r] + from);
    });
    Unroll<kTerms>([&](auto i) HWY_ATTR {
      hn::StoreU(tile.v[i], TileRows(), sections[i] + to);
    });
    from += kPartials;
    to += step;
  }
}

// Packs `steps` steps of kRows rows, the last rows first: they may overhang.
template <std::size_t kRows>
void PackSteps(const float* const* at, std::size_t steps, const Packing& p) {
  for (std::size_t j = 0; j < kPartials; j += 4) {
    for (std::size_t r = kRows; r > 0; r -= kTransposeRows) {
      const std::size_t first = r - kTransposeRows;
      PackTerms(at + first, j, steps, {p.to + first, p.section, p.step});
    }
  }
}

// Steps that are packed at a time, so that what is read and written four times
// stays in the nearest cache: 21% less time than whole rows of 576 (Zen 3).
constexpr std::size_t kStepsAtOnce = 8;

// Fetches the steps behind the next kStepsAtOnce and where they go. Rows often
// come from another core's cache.
template <std::size_t kRows>
HWY_INLINE void FetchAhead(const float* const* at, std::size_t steps,
                           const Packing& p) {
  if (steps <= kStepsAtOnce) return;
  const std::size_t ahead = std::min(2 * kStepsAtOnce, steps) - kStepsAtOnce;
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t s = 0; s < ahead; ++s) {
      hwy::Prefetch(at[r] + (kStepsAtOnce + s) * kPartials);
    }
  }
  for (std::size_t j = 0; j < kPartials; ++j) {
    PrefetchToWrite(p.to + j * p.section + kStepsAtOnce * p.step,
                    ahead * p.step);
  }
}

// Packs up to kRows rows; in place of missing ones, the last again.
template <std::size_t kRows>
void PackGroup(ConstMatrixView rows, const Packing& p) {
  const float* at[kRows];
  for (std::size_t r = 0; r < kRows; ++r) {
    at[r] = rows.Row(std::min(r, rows.rows - 1));
  }
  const std::size_t whole = rows.cols / kPartials;
  const std::size_t begin = whole * kPartials;
  for (std::size_t s = 0; s < whole; s += kStepsAtOnce) {
    const std::size_t steps = std::min(kStepsAtOnce, whole - s);
    FetchAhead<kRows>(at, whole - s, {p.to + s * p.step, p.section, p.step});
    PackSteps<kRows>(at, steps, {p.to + s * p.step, p.section, p.step});
    for (const float*& row : at) row += steps * kPartials;
  }
  if (begin == rows.cols) return;
  alignas(64) float tail[kRows][kPartials] = {};
  for (std::size_t r = 0; r < kRows; ++r) {
    std::memcpy(tail[r], at[r], (rows.cols - begin) * sizeof(float));
    at[r] = tail[r];
  }
  PackSteps<kRows>(at, 1, {p.to + whole * p.step, p.section, p.step});
}

// Strips are packed as if they had so many rows.
constexpr std::size_t kPackedStripRows = 8;
static_assert(kStripRows <= kPackedStripRows);

void PackStrips(ConstMatrixView x, float* to) {
  const std::size_t steps = StepsOf(x.cols);
  std::size_t strips = StripsOf(x.rows);
  for (std::size_t m = 0; m < x.rows; --strips) {
    const std::size_t rows = ShareOf(x.rows - m, strips);
    const std::size_t section = RowSection(rows, steps);
    PackGroup<kPackedStripRows>(x.Rows(m, rows), {to, section, rows});
    to += kPartials * section;
    m += rows;
  }
}

void PackWhole(ConstMatrixView w, float* to) {
  const std::size_t section = PanelSection(StepsOf(w.cols));
  for (std::size_t n = 0; n < w.rows; n += kPanelRows) {
    const std::size_t count = std::min(kPanelRows, w.rows - n);
    PackGroup<kPanelRows>(w.Rows(n, count), {to, section, kPanelRows});
    to += kPartials * section;
  }
}

// Columns of a panel of rows of length k, from `first`, a whole step, on.
void PackPart(ConstMatrixView w, std::size_t first, std::size_t k, float* to) {
  const std::size_t section = PanelSection(StepsOf(k));
  PackGroup<kPanelRows>(
      w, {to + first / kPartials * kPanelRows, section, kPanelRows});
}

std::size_t GroupPanels() { return kPanelsAtOnce; }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace pellucid::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pellucid::kernels {

HWY_EXPORT(GroupPanels);
HWY_EXPORT(MultiplyAll);
HWY_EXPORT(PackPart);
HWY_EXPORT(PackStrips);
HWY_EXPORT(PackWhole);

namespace {

// With fewer rows of x, packing w costs more than it saves (AVX2: equal at
// about 32 rows of 576 terms; AVX-512, whose dots along rows are faster, at
// about 96, or 24 where weights need not be packed: a forward pass of 60 tokens
// takes 0.93 of the time then). Short rows spend their time on waiting sums.
constexpr std::size_t kLeastRows = 32;
constexpr std::size_t kLeastRowsWide = 96, kLeastUnpackedRowsWide = 9;
constexpr std::size_t kLeastTerms = 128;

}  // namespace

bool PanelsPay(std::size_t rows, std::size_t k, bool unpacked) {
  std::size_t least = kLeastRows;
  if (PanelsAtOnce() > 1) {
    least = unpacked ? kLeastUnpackedRowsWide : kLeastRowsWide;
  }
  return rows >= least && k >= kLeastTerms && !UsesReference();
}

std::size_t PanelsAtOnce() { return HWY_DYNAMIC_DISPATCH(GroupPanels)(); }

std::size_t PackedRowFloats(std::size_t rows, std::size_t k) {
  std::size_t floats = 0, strips = StripsOf(rows);
  for (; rows > 0; --strips) {
    const std::size_t strip = ShareOf(rows, strips);
    floats += kPartials * RowSection(strip, StepsOf(k));
    rows -= strip;
  }
  return floats;
}

std::size_t PackedPanelFloats(std::size_t rows, std::size_t k) {
  return PanelsOf(rows) * kPartials * PanelSection(StepsOf(k));
}

void PackRows(ConstMatrixView x, float* to) {
  assert(x.cols > 0);
  if (x.rows > 0) HWY_DYNAMIC_DISPATCH(PackStrips)(x, to);
}

void PackPanels(ConstMatrixView w, float* to) {
  assert(w.cols > 0);
  if (w.rows > 0) HWY_DYNAMIC_DISPATCH(PackWhole)(w, to);
}

void PackPanelColumns(ConstMatrixView w, std::size_t first, std::size_t k,
                      float* to) {
  assert(w.rows > 0 && w.rows <= kPanelRows);
  assert(first % kPartials == 0 && first + w.cols <= k);
  assert(w.cols % kPartials == 0 || first + w.cols == k);
  HWY_DYNAMIC_DISPATCH(PackPart)(w, first, k, to);
}

void MultiplyPanels(const float* x, const float* w, std::size_t k,
                    MatrixView out) {
  assert(k > 0);
  HWY_DYNAMIC_DISPATCH(MultiplyAll)(x, w, k, out);
}

}  // namespace pellucid::kernels
#endif  // HWY_ONCE
