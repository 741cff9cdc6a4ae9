#include "base/dtype.h"

#include <string_view>

#include "gtest/gtest.h"

namespace pellucid {
namespace {

// ggml's block table; the enum and the table must stay in step.
TEST(DTypeTest, BlocksAreThoseOfGgml) {
  struct Row {
    DType dtype;
    std::string_view name;
    std::size_t elements, bytes;
  };
  for (const Row& row :
       {Row{DType::kF32, "F32", 1, 4}, Row{DType::kF16, "F16", 1, 2},
        Row{DType::kBF16, "BF16", 1, 2}, Row{DType::kQ4_0, "Q4_0", 32, 2 + 16},
        Row{DType::kQ4_1, "Q4_1", 32, 2 + 2 + 16},
        Row{DType::kQ5_0, "Q5_0", 32, 2 + 4 + 16},
        Row{DType::kQ5_1, "Q5_1", 32, 2 + 2 + 4 + 16},
        Row{DType::kQ8_0, "Q8_0", 32, 2 + 32},
        Row{DType::kQ4_K, "Q4_K", 256, 4 + 12 + 128},
        Row{DType::kQ5_K, "Q5_K", 256, 4 + 12 + 32 + 128},
        Row{DType::kQ6_K, "Q6_K", 256, 128 + 64 + 16 + 2}}) {
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
