#include "formats/safetensors_writer.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "formats/safetensors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testutil/noise.h"
#include "testutil/temp_dir.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using Bytes = std::vector<std::byte>;
using Shape = std::vector<std::size_t>;

ByteSink Into(Bytes& out) {
  return [&out](std::span<const std::byte> bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
    return Status();
  };
}

std::vector<float> FloatsOf(const SafetensorsTensor& tensor) {
  std::vector<float> out(tensor.data.size() / sizeof(float));
  std::memcpy(out.data(), tensor.data.data(), tensor.data.size());
  return out;
}

TEST(SafetensorsWriterTest, BytesAreThoseOfTheFormat) {
  const std::vector<float> values = {1.0f, -2.0f};
  const Shape shape = {2};
  Bytes out;
  ASSERT_TRUE(WriteSafetensors(Into(out),
                               std::vector<NamedFloats>{{"x", shape, values}})
                  .ok());
  const std::string header =
      R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  )";
  ASSERT_EQ(out.size(), 8 + 56 + 8u);
  EXPECT_EQ(out[0], std::byte{56});
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(out.data()) + 8, 56),
            header);
  EXPECT_EQ(std::memcmp(out.data() + 64, values.data(), 8), 0);
}

TEST(SafetensorsWriterTest, ReadsBackBitForBit) {
  const auto noise = testutil::Noise(24, 1);
  const std::vector<float> odd = {std::numeric_limits<float>::infinity(), -0.0f,
                                  std::nanf("7"),
                                  std::numeric_limits<float>::denorm_min()};
  const Shape shape = {2, 3, 4}, four = {4}, none = {0, 3}, scalar = {};
  const std::vector<float> one = {3.5f};
  const std::vector<NamedFloats> tensors = {{"z", shape, noise},
                                            {"a\"\\\n\x01", four, odd},
                                            {"none", none, {}},
                                            {"caf\xc3\xa9", scalar, one}};
  Bytes out;
  ASSERT_TRUE(WriteSafetensors(Into(out), tensors,
                               {{"text", "line\n\"two\""}, {"bad", "\xff"}})
                  .ok());
  const auto file = SafetensorsFile::Parse(out, "f");
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_THAT(file->metadata(), ElementsAre(Pair("bad", "\xef\xbf\xbd"),
                                            Pair("text", "line\n\"two\"")));
  EXPECT_EQ((8 + file->header().size()) % 8, 0u);
  EXPECT_EQ(FloatsOf(*file->Find("z")), noise);
  EXPECT_THAT(file->Find("z")->shape, ElementsAre(2, 3, 4));
  EXPECT_EQ(std::memcmp(file->Find("a\"\\\n\x01")->data.data(), odd.data(), 16),
            0);
  EXPECT_THAT(file->Find("none")->shape, ElementsAre(0, 3));
  EXPECT_TRUE(file->Find("caf\xc3\xa9")->shape.empty());
  // Data lies in the order of the names.
  EXPECT_LT(file->Find("caf\xc3\xa9")->data.data(),
            file->Find("z")->data.data());
}

TEST(SafetensorsWriterTest, OrderOfArgumentsDoesNotMatter) {
  const auto noise = testutil::Noise(2, 1);
  const Shape shape = {2};
  const NamedFloats a{"a", shape, noise}, b{"b", shape, noise};
  Bytes one, two;
  ASSERT_TRUE(WriteSafetensors(Into(one), std::vector{a, b}).ok());
  ASSERT_TRUE(WriteSafetensors(Into(two), std::vector{b, a}).ok());
  EXPECT_EQ(one, two);
}

TEST(SafetensorsWriterTest, NothingAtAll) {
  Bytes out;
  ASSERT_TRUE(WriteSafetensors(Into(out), {}).ok());
  EXPECT_TRUE(SafetensorsFile::Parse(out, "f").ok());
}

TEST(SafetensorsWriterTest, NamesThatCannotBe) {
  const Shape none = {0};
  Bytes out;
  const auto twice = WriteSafetensors(
      Into(out), std::vector<NamedFloats>{{"t", none, {}}, {"t", none, {}}});
  ASSERT_FALSE(twice.ok());
  EXPECT_EQ(twice.error().message, "write: two tensors are named t");
  const auto reserved = WriteSafetensors(
      Into(out), std::vector<NamedFloats>{{"__metadata__", none, {}}});
  ASSERT_FALSE(reserved.ok());
  EXPECT_TRUE(out.empty());
}

TEST(SafetensorsWriterTest, WritesAFileWholeOrNotAtAll) {
  const testutil::TempDir dir;
  const auto noise = testutil::Noise(3, 1);
  const Shape shape = {3};
  const std::vector<NamedFloats> tensors = {{"x", shape, noise}};
  ASSERT_TRUE(WriteSafetensors(dir / "o.safetensors", tensors).ok());
  EXPECT_THAT(dir.List(), ElementsAre("o.safetensors"));
  const auto file = SafetensorsFile::Open(dir / "o.safetensors");
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_EQ(FloatsOf(*file->Find("x")), noise);

  const auto failed = WriteSafetensors(dir / "none/o.safetensors", tensors);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, ErrorCode::kFailed);
  EXPECT_THAT(failed.error().message, HasSubstr("folder does not exist"));
}

TEST(SafetensorsWriterTest, SinkErrorsArePassedOn) {
  const Shape none = {0};
  const ByteSink full = [](std::span<const std::byte>) {
    return Status(FailedError("disk full"));
  };
  const auto status =
      WriteSafetensors(full, std::vector<NamedFloats>{{"t", none, {}}});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message, "disk full");
}

}  // namespace
}  // namespace pellucid
