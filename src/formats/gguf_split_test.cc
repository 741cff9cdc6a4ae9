#include "formats/gguf_split.h"

#include <cstdint>
#include <string>
#include <vector>

#include "formats/gguf.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testutil/gguf_builder.h"
#include "testutil/temp_dir.h"
#include "testutil/tiny_hf.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testutil::GgufBuilder;

GgufBuilder Part(std::uint16_t part, std::uint16_t count) {
  return GgufBuilder()
      .Scalar<std::uint16_t>("split.no", part)
      .Scalar<std::uint16_t>("split.count", count);
}

// A model of two tensors in two files, and a third file without one.
class GgufSplitTest : public ::testing::Test {
 protected:
  GgufSplitTest() {
    Write(0, Part(0, 3)
                 .String("general.name", "whole")
                 .Scalar<std::int32_t>("split.tensors.count", 2)
                 .Floats("a", {2}, {1, 2}));
    Write(1, Part(1, 3));
    Write(2, Part(2, 3).Floats("b", {1, 3}, {3, 4, 5}));
  }

  std::string PathOf(std::size_t part) const {
    return dir_ / ("m-0000" + std::to_string(part + 1) + "-of-00003.gguf");
  }
  void Write(std::size_t part, const GgufBuilder& builder) const {
    const std::vector<std::byte> bytes = builder.Build();
    testutil::WriteFileText(
        PathOf(part),
        {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  std::string ErrorOf(const std::string& path) const {
    const auto file = GgufFile::Open(path);
    if (file.ok()) return "no error";
    EXPECT_EQ(file.error().code, ErrorCode::kModel);
    return file.error().message;
  }

  testutil::TempDir dir_;
};

TEST_F(GgufSplitTest, AnyPartOpensAll) {
  for (std::size_t part = 0; part < 3; ++part) {
    const auto file = GgufFile::Open(PathOf(part));
    ASSERT_TRUE(file.ok()) << file.error().message;
    EXPECT_EQ(file->name(), PathOf(part));
    EXPECT_EQ(file->String("general.name").value(), "whole");
    EXPECT_EQ(file->tensors().size(), 2u);
    ASSERT_NE(file->FindTensor("b"), nullptr);
    EXPECT_THAT(file->FindTensor("b")->shape, ElementsAre(1, 3));
    EXPECT_EQ(file->FindTensor("b")->data.size(), 12u);
    EXPECT_EQ(file->FindTensor("a")->data.size(), 8u);
    EXPECT_EQ(file->headers().size(), 3u);
  }
}

TEST_F(GgufSplitTest, AMissingPartIsNamed) {
  std::remove(PathOf(1).c_str());
  EXPECT_THAT(ErrorOf(PathOf(0)),
              HasSubstr("open: " + PathOf(1) +
                        ": part 2 of 3 of a split model is missing"));
}

TEST_F(GgufSplitTest, AnotherNameLosesTheRest) {
  const std::string other = dir_ / "other.gguf";
  ASSERT_EQ(std::rename(PathOf(0).c_str(), other.c_str()), 0);
  EXPECT_THAT(ErrorOf(other),
              HasSubstr("is part 1 of 3 of a split model, but its name does "
                        "not end in -00001-of-00003.gguf"));
}

TEST_F(GgufSplitTest, PartsMustBelongTogether) {
  Write(1, Part(2, 3));
  EXPECT_THAT(ErrorOf(PathOf(0)), HasSubstr("is not what its name says"));
  Write(1, Part(1, 4));
  EXPECT_THAT(ErrorOf(PathOf(0)), HasSubstr("is not what its name says"));
  Write(1, GgufBuilder());
  EXPECT_THAT(ErrorOf(PathOf(0)), HasSubstr("is not what its name says"));
  Write(0, Part(0, 3).Floats("b", {1}, {1}));
  Write(1, Part(1, 3));
  EXPECT_THAT(ErrorOf(PathOf(2)), HasSubstr("tensor b lies in two files"));
  Write(0, Part(0, 3).Scalar<std::int32_t>("split.tensors.count", 2));
  Write(1, Part(1, 3));
  EXPECT_THAT(
      ErrorOf(PathOf(0)),
      HasSubstr("hold 1 tensors, where key split.tensors.count says 2"));
}

// The count stands in the first file only; another may be the one opened.
TEST_F(GgufSplitTest, TensorsAreCountedWhicheverPartIsNamed) {
  Write(2, Part(2, 3));
  EXPECT_THAT(ErrorOf(PathOf(1)), HasSubstr("hold 1 tensors"));
}

TEST_F(GgufSplitTest, BytesAloneAreNoWholeModel) {
  const std::vector<std::byte> bytes = Part(1, 3).Build();
  const auto file = GgufFile::Parse(bytes, "f");
  ASSERT_FALSE(file.ok());
  EXPECT_THAT(file.error().message,
              HasSubstr("open: f: is part 2 of 3 of a split model"));
  const std::vector<std::byte> whole = Part(0, 1).Build();
  EXPECT_TRUE(GgufFile::Parse(whole, "f").ok());
}

TEST(GgufSplitOfTest, KeysMustBeNumbersThatFit) {
  const auto error_of = [](const GgufBuilder& builder) {
    const std::vector<std::byte> bytes = builder.Build();
    const auto file = GgufFile::Parse(bytes, "f");
    return file.ok() ? "no error" : file.error().message;
  };
  EXPECT_THAT(error_of(GgufBuilder().String("split.count", "x")),
              HasSubstr("key split.count is no such number"));
  EXPECT_THAT(error_of(GgufBuilder().Scalar<std::int32_t>("split.count", -2)),
              HasSubstr("key split.count is no such number"));
  EXPECT_THAT(
      error_of(GgufBuilder().Scalar<std::uint32_t>("split.count", 100000)),
      HasSubstr("key split.count is 100000, expected a whole number up to "));
  EXPECT_THAT(error_of(Part(3, 3)), HasSubstr("key split.no is 3"));
  EXPECT_THAT(error_of(GgufBuilder().Scalar<std::uint16_t>("split.count", 3)),
              HasSubstr("key split.no does not say which"));
}

}  // namespace
}  // namespace pellucid
