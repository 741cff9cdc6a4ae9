#include "formats/npz.h"

#include <cstring>
#include <string>
#include <vector>

#include "formats/crc32.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testutil/noise.h"
#include "testutil/temp_dir.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Shape = std::vector<std::size_t>;

// One array of an archive, found through its local headers.
struct Npy {
  std::string name, header, data;
};

template <typename T>
T At(const std::string& bytes, std::size_t offset) {
  T value{};
  EXPECT_LE(offset + sizeof(T), bytes.size());
  if (offset + sizeof(T) <= bytes.size()) {
    std::memcpy(&value, bytes.data() + offset, sizeof(T));
  }
  return value;
}

std::vector<Npy> ArraysOf(const std::string& zip) {
  std::vector<Npy> arrays;
  std::size_t at = 0;
  while (zip.compare(at, 4, "PK\x03\x04") == 0) {
    const auto crc = At<std::uint32_t>(zip, at + 14);
    const std::size_t size = At<std::uint32_t>(zip, at + 18);
    const std::size_t name = At<std::uint16_t>(zip, at + 26);
    const std::string entry = zip.substr(at + 30 + name, size);
    EXPECT_EQ(Crc32(AsBytes(entry)), crc);
    EXPECT_EQ(entry.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
    const std::size_t header = 10u + At<std::uint16_t>(entry, 8);
    EXPECT_EQ(header % 64, 0u);
    EXPECT_EQ(entry[header - 1], '\n');
    arrays.push_back({zip.substr(at + 30, name), entry.substr(10, header - 10),
                      entry.substr(header)});
    at += 30 + name + size;
  }
  EXPECT_EQ(zip.compare(at, 4, "PK\x01\x02"), 0);
  return arrays;
}

ByteSink Into(std::string& out) {
  return [&out](std::span<const std::byte> bytes) {
    out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return Status();
  };
}

template <typename T>
std::string Raw(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()),
          values.size() * sizeof(T)};
}

TEST(NpzTest, ArraysOfEveryKind) {
  const auto noise = testutil::Noise(6, 1);
  const std::vector<std::int64_t> ids = {504, -1, std::int64_t{1} << 40};
  const Shape matrix = {2, 3}, vector = {3}, none = {0, 5}, scalar = {};
  const std::vector<float> one = {1.0f};
  std::string out;
  NpzWriter npz(Into(out));
  ASSERT_TRUE(npz.AddFloats("model.layers.0", matrix, noise).ok());
  ASSERT_TRUE(npz.AddIntegers("ids", vector, ids).ok());
  ASSERT_TRUE(npz.AddFloats("none", none, {}).ok());
  ASSERT_TRUE(npz.AddFloats("scalar", scalar, one).ok());
  ASSERT_TRUE(npz.Finish().ok());
  const auto arrays = ArraysOf(out);
  ASSERT_EQ(arrays.size(), 4u);
  EXPECT_EQ(arrays[0].name, "model.layers.0.npy");
  EXPECT_THAT(arrays[0].header,
              HasSubstr("{'descr': '<f4', 'fortran_order': False, 'shape': "
                        "(2, 3), }"));
  EXPECT_EQ(arrays[0].data, Raw(noise));
  EXPECT_EQ(arrays[1].name, "ids.npy");
  EXPECT_THAT(arrays[1].header, HasSubstr("'<i8'"));
  EXPECT_THAT(arrays[1].header, HasSubstr("'shape': (3,), "));
  EXPECT_EQ(arrays[1].data, Raw(ids));
  EXPECT_THAT(arrays[2].header, HasSubstr("'shape': (0, 5), "));
  EXPECT_TRUE(arrays[2].data.empty());
  EXPECT_THAT(arrays[3].header, HasSubstr("'shape': (), "));
  EXPECT_EQ(arrays[3].data, Raw(one));
}

TEST(NpzTest, TextsAreUtf32) {
  std::string out;
  NpzWriter npz(Into(out));
  ASSERT_TRUE(npz.AddText("text", "a\xc3\xa9\xf0\x9f\x98\x80").ok());
  ASSERT_TRUE(npz.AddText("empty", "").ok());
  ASSERT_TRUE(npz.AddText("bad", "\xff").ok());
  ASSERT_TRUE(npz.Finish().ok());
  const auto arrays = ArraysOf(out);
  ASSERT_EQ(arrays.size(), 3u);
  EXPECT_THAT(arrays[0].header, HasSubstr("'<U3', 'fortran_order': False, "
                                          "'shape': (), "));
  EXPECT_EQ(arrays[0].data,
            Raw(std::vector<char32_t>{U'a', U'\u00e9', U'\U0001f600'}));
  EXPECT_THAT(arrays[1].header, HasSubstr("'<U1'"));
  EXPECT_EQ(arrays[1].data, std::string(4, '\0'));
  EXPECT_EQ(arrays[2].data, Raw(std::vector<char32_t>{0xfffd}));
}

TEST(NpzTest, NamesThatStandTwice) {
  std::string out;
  NpzWriter npz(Into(out));
  ASSERT_TRUE(npz.AddText("x", "1").ok());
  const auto twice = npz.AddText("x", "2");
  ASSERT_FALSE(twice.ok());
  EXPECT_EQ(twice.error().message, "write: two arrays are named x");
}

TEST(NpzTest, AFileAppearsWithFinish) {
  const testutil::TempDir dir;
  const Shape shape = {2};
  const std::vector<float> values = {1, 2};
  {
    auto npz = NpzWriter::Create(dir / "gone.npz");
    ASSERT_TRUE(npz.ok());
    ASSERT_TRUE(npz->AddFloats("x", shape, values).ok());
  }
  EXPECT_THAT(dir.List(), ElementsAre());
  auto created = NpzWriter::Create(dir / "kept.npz");
  ASSERT_TRUE(created.ok());
  NpzWriter npz = std::move(*created);
  ASSERT_TRUE(npz.AddFloats("x", shape, values).ok());
  ASSERT_TRUE(npz.Finish().ok());
  EXPECT_THAT(dir.List(), ElementsAre("kept.npz"));
  EXPECT_EQ(ArraysOf(testutil::ReadFileText(dir / "kept.npz")).size(), 1u);
  EXPECT_FALSE(NpzWriter::Create(dir / "none/x.npz").ok());
}

}  // namespace
}  // namespace pellucid
