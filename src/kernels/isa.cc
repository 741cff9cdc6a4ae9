#include "kernels/isa.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "fmt/format.h"
#include "hwy/targets.h"

namespace pellucid::kernels {
namespace {

struct IsaEntry {
  Isa isa;
  std::string_view name;
  std::int64_t target;  // Highway's bit; 0: plain loops, which run anywhere
};

// Worst first.
constexpr std::array<IsaEntry, 4> kIsas = {{
    {Isa::kReference, "reference", 0},
    {Isa::kNeon, "neon", HWY_NEON},
    {Isa::kAvx2, "avx2", HWY_AVX2},
    {Isa::kAvx512, "avx512", HWY_AVX3},
}};

constexpr int kNothingSelected = -1;
// The one choice that Highway's dispatch state cannot hold is the plain loops;
// both belong to the process.
std::atomic<int> selected_isa{kNothingSelected};

const IsaEntry& EntryOf(Isa isa) {
  for (const IsaEntry& entry : kIsas) {
    if (entry.isa == isa) return entry;
  }
  return kIsas.front();
}

// Highway's answer covers the processor and the system: for AVX2 also FMA,
// F16C, BMI2 and the saving of YMM state, for AVX-512 F, VL, DQ, BW and ZMM
// state. HWY_TARGETS is what this build holds.
bool IsSupported(const IsaEntry& entry) {
  const std::int64_t here = hwy::SupportedTargets() & HWY_TARGETS;
  return entry.target == 0 || (here & entry.target) != 0;
}

template <typename Keep>
std::string JoinNames(Keep keep) {
  std::string names;
  for (const IsaEntry& entry : kIsas) {
    if (!keep(entry)) continue;
    if (!names.empty()) names += ", ";
    names += entry.name;
  }
  return names;
}

}  // namespace

std::string_view NameOf(Isa isa) { return EntryOf(isa).name; }

std::optional<Isa> IsaFromName(std::string_view name) {
  for (const IsaEntry& entry : kIsas) {
    if (entry.name == name) return entry.isa;
  }
  return std::nullopt;
}

std::vector<Isa> SupportedIsas() {
  std::vector<Isa> isas;
  for (const IsaEntry& entry : kIsas) {
    if (IsSupported(entry)) isas.push_back(entry.isa);
  }
  return isas;
}

Status SelectIsa(Isa isa) {
  const IsaEntry& entry = EntryOf(isa);
  if (!IsSupported(entry)) {
    return FailedError(fmt::format(
        "select instruction set: {}: this processor and this build run only "
        "{}; choose one of these, or unset PELLUCID_ISA",
        entry.name, JoinNames(IsSupported)));
  }
  if (entry.target != 0) hwy::GetChosenTarget().Update(entry.target);
  selected_isa.store(static_cast<int>(isa));
  return {};
}

Status SelectIsaFromEnvironment() {
  const char* value = std::getenv("PELLUCID_ISA");
  const std::string_view name = value == nullptr ? "" : value;
  if (!name.empty()) {
    const std::optional<Isa> isa = IsaFromName(name);
    if (isa) return SelectIsa(*isa);
    return UsageError(fmt::format(
        "select instruction set: PELLUCID_ISA={}: no such instruction set; "
        "choose one of {}",
        name, JoinNames([](const IsaEntry&) { return true; })));
  }
  const Isa best = SupportedIsas().back();
  if (best == Isa::kReference) {
    return FailedError(
        "select instruction set: this processor: it lacks AVX2 and FMA (on "
        "Arm: NEON), which are needed; PELLUCID_ISA=reference runs plain "
        "loops, some hundred times slower");
  }
  return SelectIsa(best);
}

Status EnsureIsa() {
  if (selected_isa.load() != kNothingSelected) return {};
  return SelectIsaFromEnvironment();
}

Isa CurrentIsa() {
  const int selected = selected_isa.load(std::memory_order_relaxed);
  if (selected != kNothingSelected) return static_cast<Isa>(selected);
  const Isa best = SupportedIsas().back();
  // Remembered, unless another thread selects meanwhile.
  int expected = kNothingSelected;
  selected_isa.compare_exchange_strong(expected, static_cast<int>(best));
  return expected == kNothingSelected ? best : static_cast<Isa>(expected);
}

bool UsesReference() { return CurrentIsa() == Isa::kReference; }

}  // namespace pellucid::kernels
