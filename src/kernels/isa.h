// Which instruction set the kernels run on. All give the same bits; a choice
// exists for tests, for timing and for PELLUCID_ISA.
//
// The choice is Highway's process-wide dispatch state plus the reference
// loops, which Highway does not know. Make it before other threads run
// kernels.
#ifndef PELLUCID_KERNELS_ISA_H_
#define PELLUCID_KERNELS_ISA_H_

#include <optional>
#include <string_view>
#include <vector>

#include "pellucid/result.h"

namespace pellucid::kernels {

enum class Isa { kReference, kAvx2, kAvx512, kNeon };

std::string_view NameOf(Isa isa);                  // "reference", "avx2", ...
std::optional<Isa> IsaFromName(std::string_view);  // the reverse

// Those that this build holds and this processor runs, worst first; kReference
// is always among them.
std::vector<Isa> SupportedIsas();

// kFailed: this processor or this build cannot run it.
Status SelectIsa(Isa isa);

// Reads PELLUCID_ISA (unset or empty: the best there is) and selects. kUsage:
// no such name. kFailed: cannot run here, as on an x86 processor without AVX2
// and FMA, which runs only the plain loops and only if asked for them by name:
// they are compiled for any x86-64, but a hundred times slower.
Status SelectIsaFromEnvironment();

// SelectIsaFromEnvironment, unless a choice has been made already: what opening
// a model does, so that a library's user gets the refusal too.
Status EnsureIsa();

// The one in force: the last selected, else the best there is.
Isa CurrentIsa();

// Whether the plain loops are in force: asked by every kernel's wrapper.
bool UsesReference();

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_ISA_H_
