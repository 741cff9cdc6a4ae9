// What is written is read back by the project's own reader, and is, byte for
// byte, what the test's builder makes by the rules.
#include "formats/gguf_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "formats/gguf.h"
#include "testutil/gguf_builder.h"
#include "testutil/temp_dir.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;

const std::vector<float> kFive = {1, -2, 3.5f, 0, 1e-40f};
const std::vector<float> kSix = {1, 2, 3, 4, 5, 6};
const std::vector<std::size_t> kVector = {5}, kMatrix = {2, 3};

std::vector<GgufKey> Keys() {
  return {{"general.architecture", "controlvector"}, {"a.count", 7u}};
}
std::vector<NamedFloats> Tensors() {
  return {{"direction.1", kVector, kFive}, {"m", kMatrix, kSix}};
}

TEST(GgufWriterTest, WritesWhatTheRulesSay) {
  std::vector<std::byte> written;
  const Status status = WriteGguf(
      [&](std::span<const std::byte> bytes) {
        written.insert(written.end(), bytes.begin(), bytes.end());
        return Status();
      },
      Keys(), Tensors());
  ASSERT_TRUE(status.ok()) << status.error().message;
  auto expected = testutil::GgufBuilder()
                      .String("general.architecture", "controlvector")
                      .Scalar<std::uint32_t>("a.count", 7)
                      .Floats("direction.1", kVector, kFive)
                      .Floats("m", kMatrix, kSix)
                      .Build();
  expected.resize((expected.size() + 31) / 32 * 32);  // the last is padded too
  EXPECT_EQ(written, expected);
}

TEST(GgufWriterTest, AFileReadsBack) {
  const testutil::TempDir dir;
  ASSERT_TRUE(WriteGguf(dir / "v.gguf", Keys(), Tensors()).ok());
  const auto file = GgufFile::Open(dir / "v.gguf");
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_EQ(file->String("general.architecture").value(), "controlvector");
  EXPECT_EQ(file->Unsigned("a.count").value(), 7u);
  const GgufTensor* matrix = file->FindTensor("m");
  ASSERT_NE(matrix, nullptr);
  EXPECT_EQ(matrix->shape, kMatrix);
  EXPECT_EQ(matrix->dtype, DType::kF32);
  const auto bytes = std::as_bytes(std::span(kSix));
  EXPECT_TRUE(std::ranges::equal(matrix->data, bytes));
}

TEST(GgufWriterTest, RefusesNamesThatStandTwice) {
  const ByteSink sink = [](std::span<const std::byte>) { return Status(); };
  auto keys = Keys();
  keys.push_back(keys.front());
  auto tensors = Tensors();
  tensors.push_back(tensors.back());
  EXPECT_THAT(WriteGguf(sink, keys, {}).error().message,
              HasSubstr("two keys are named general.architecture"));
  EXPECT_THAT(WriteGguf(sink, {}, tensors).error().message,
              HasSubstr("two tensors are named m"));
}

TEST(GgufWriterTest, SaysWhereItCannotWrite) {
  const testutil::TempDir dir;
  EXPECT_EQ(WriteGguf(dir / "none/v.gguf", Keys(), Tensors()).error().code,
            ErrorCode::kFailed);
  const ByteSink sink = [](std::span<const std::byte>) -> Status {
    return FailedError("disk full");
  };
  EXPECT_EQ(WriteGguf(sink, Keys(), Tensors()).error().message, "disk full");
}

}  // namespace
}  // namespace pellucid
