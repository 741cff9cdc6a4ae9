#include "model/family.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testutil/gguf_builder.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;

TEST(FamilyTest, AnUnknownArchitectureIsNamed) {
  const auto bytes =
      testutil::GgufBuilder().String("general.architecture", "rwkv7").Build();
  const auto file = GgufFile::Parse(bytes, "m.gguf").value();
  const auto loaded = LoadFromGguf(file);
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, ErrorCode::kModel);
  EXPECT_THAT(loaded.error().message,
              HasSubstr("open: m.gguf: unsupported architecture \"rwkv7\""));
}

TEST(FamilyTest, AFileWithoutAnArchitectureIsRefused) {
  const auto bytes = testutil::GgufBuilder().Build();
  const auto file = GgufFile::Parse(bytes, "m.gguf").value();
  const auto loaded = LoadFromGguf(file);
  ASSERT_FALSE(loaded.ok());
  EXPECT_THAT(loaded.error().message, HasSubstr("general.architecture"));
}

}  // namespace
}  // namespace pellucid
