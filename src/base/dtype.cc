#include "base/dtype.h"

#include <array>

namespace pellucid {

const DTypeInfo& InfoOf(DType dtype) {
  static constexpr std::array<DTypeInfo, 31> kInfo = {{
      {"F32", 1, 4},      {"F16", 1, 2},      {"BF16", 1, 2},
      {"Q4_0", 32, 18},   {"Q4_1", 32, 20},   {"Q5_0", 32, 22},
      {"Q5_1", 32, 24},   {"Q8_0", 32, 34},   {"Q4_K", 256, 144},
      {"Q5_K", 256, 176}, {"Q6_K", 256, 210}, {"F64", 1, 8},
      {"F8_E4M3", 1, 1},  {"F8_E5M2", 1, 1},  {"F8_E8M0", 1, 1},
      {"Q2_K", 256, 84},  {"Q3_K", 256, 110}, {"Q8_1", 32, 36},
      {"Q8_K", 256, 292}, {"IQ4_NL", 32, 18}, {"IQ4_XS", 256, 136},
      {"MXFP4", 32, 17},  {"NVFP4", 64, 36},  {"U1", 32, 4},
      {"U2", 32, 8},      {"U3", 32, 12},     {"U4", 32, 16},
      {"U5", 32, 20},     {"U6", 32, 24},     {"U8", 32, 32},
      {"F4_E2M1", 16, 8},
  }};
  return kInfo[static_cast<std::size_t>(dtype)];
}

}  // namespace pellucid
