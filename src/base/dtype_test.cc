#include "base/dtype.h"

#include <string_view>

#include "gtest/gtest.h"

namespace pellucid {
namespace {

// ggml's block table and what MLX packs; the enum and the table must stay in
// step.
TEST(DTypeTest, BlocksAreThoseOfTheFormats) {
  struct Row {
    DType dtype;
    std::string_view name;
    std::size_t elements, bytes;
  };
  for (const Row& row : {Row{DType::kF32, "F32", 1, 4},
                         Row{DType::kF16, "F16", 1, 2},
                         Row{DType::kBF16, "BF16", 1, 2},
                         Row{DType::kQ4_0, "Q4_0", 32, 2 + 16},
                         Row{DType::kQ4_1, "Q4_1", 32, 2 + 2 + 16},
                         Row{DType::kQ5_0, "Q5_0", 32, 2 + 4 + 16},
                         Row{DType::kQ5_1, "Q5_1", 32, 2 + 2 + 4 + 16},
                         Row{DType::kQ8_0, "Q8_0", 32, 2 + 32},
                         Row{DType::kQ4_K, "Q4_K", 256, 4 + 12 + 128},
                         Row{DType::kQ5_K, "Q5_K", 256, 4 + 12 + 32 + 128},
                         Row{DType::kQ6_K, "Q6_K", 256, 128 + 64 + 16 + 2},
                         Row{DType::kF64, "F64", 1, 8},
                         Row{DType::kF8E4M3, "F8_E4M3", 1, 1},
                         Row{DType::kF8E5M2, "F8_E5M2", 1, 1},
                         Row{DType::kF8E8M0, "F8_E8M0", 1, 1},
                         Row{DType::kQ2_K, "Q2_K", 256, 16 + 64 + 4},
                         Row{DType::kQ3_K, "Q3_K", 256, 32 + 64 + 12 + 2},
                         Row{DType::kQ8_1, "Q8_1", 32, 2 + 2 + 32},
                         Row{DType::kQ8_K, "Q8_K", 256, 4 + 256 + 32},
                         Row{DType::kIQ4_NL, "IQ4_NL", 32, 2 + 16},
                         Row{DType::kIQ4_XS, "IQ4_XS", 256, 2 + 2 + 4 + 128},
                         Row{DType::kMXFP4, "MXFP4", 32, 1 + 16},
                         Row{DType::kNVFP4, "NVFP4", 64, 4 + 32},
                         Row{DType::kU1, "U1", 32, 4},
                         Row{DType::kU2, "U2", 32, 8},
                         Row{DType::kU3, "U3", 32, 12},
                         Row{DType::kU4, "U4", 32, 16},
                         Row{DType::kU5, "U5", 32, 20},
                         Row{DType::kU6, "U6", 32, 24},
                         Row{DType::kU8, "U8", 32, 32},
                         Row{DType::kE2M1, "F4_E2M1", 16, 8}}) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(InfoOf(row.dtype).name, row.name);
    EXPECT_EQ(InfoOf(row.dtype).block_elements, row.elements);
    EXPECT_EQ(InfoOf(row.dtype).block_bytes, row.bytes);
    EXPECT_EQ(RowBytes(row.dtype, 3 * row.elements), 3 * row.bytes);
    EXPECT_EQ(RowBytes(row.dtype, 0), 0u);
  }
}

}  // namespace
}  // namespace pellucid
