#include "model/gguf_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testutil/gguf_builder.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;

class GgufLoaderTest : public ::testing::Test {
 protected:
  GgufLoaderTest()
      : bytes_(testutil::GgufBuilder()
                   .Scalar<std::uint16_t>("a.size", 7)
                   .Floats("m.weight", {2, 3}, {1, 2, 3, 4, 5, 6})
                   .Floats("m.bias", {2}, {7, 8})
                   .Build()),
        file_(GgufFile::Parse(bytes_, "f").value()),
        loader_(file_) {}

  std::vector<std::byte> bytes_;
  GgufFile file_;
  GgufLoader loader_;
};

TEST_F(GgufLoaderTest, ReadsSizesWithinBounds) {
  EXPECT_EQ(loader_.Size("a.size", 1, 7).value(), 7u);
  EXPECT_FALSE(loader_.Size("a.size", 1, 6).ok());
  EXPECT_FALSE(loader_.Size("a.size", 8, 9).ok());
  EXPECT_FALSE(loader_.Size("a.other", 1, 9).ok());
  EXPECT_EQ(loader_.Size("a.other", 1, 9, 4).value(), 4u);
}

TEST_F(GgufLoaderTest, FindsTensorsByTheirNames) {
  EXPECT_TRUE(loader_.HasTensor("m.weight"));
  EXPECT_FALSE(loader_.HasTensor("m"));
  EXPECT_TRUE(loader_.Linear("m", 2, 3).ok());
  EXPECT_TRUE(loader_.CheckAllTaken().ok());
}

// Row 2i + t of the file is row t * (head_dim / 2) + i of the model.
TEST(InterleavedRowOrderTest, PutsTheRotaryHalvesOneAfterTheOther) {
  EXPECT_THAT(InterleavedRowOrder(/*heads=*/2, /*head_dim=*/4),
              ElementsAre(0, 2, 1, 3, 4, 6, 5, 7));
  const float values[] = {0, 1, 2, 3};
  EXPECT_THAT(Reordered(values, InterleavedRowOrder(1, 4)),
              ElementsAre(0, 2, 1, 3));
}

}  // namespace
}  // namespace pellucid
