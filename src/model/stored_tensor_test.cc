#include "model/stored_tensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "formats/safetensors_writer.h"
#include "testutil/temp_dir.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(StoredTensorTest, ATensorIsReadByItsName) {
  const testutil::TempDir dir;
  const std::string path = dir / "v.safetensors";
  const std::vector<float> numbers = {1, -2, 0.5f, 4, 5, 6};
  const std::vector<std::size_t> shape = {2, 3};
  const NamedFloats tensors[] = {{"v", shape, numbers}};
  ASSERT_TRUE(WriteSafetensors(path, tensors).ok());
  const Tensor tensor = ReadStoredTensor("edits", path, "v").value();
  EXPECT_THAT(tensor.shape, ElementsAre(2, 3));
  EXPECT_EQ(tensor.data, numbers);
  EXPECT_THAT(ReadStoredTensor("edits", path, "w").error().message,
              HasSubstr("has no tensor \"w\"; there are v"));
  EXPECT_EQ(ReadStoredTensor("edits", dir / "no", "w").error().code,
            ErrorCode::kModel);
}

}  // namespace
}  // namespace pellucid
