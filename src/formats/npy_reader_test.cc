#include "formats/npy_reader.h"

#include <string>
#include <vector>

#include "formats/zip_reader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testutil/golden_json.h"
#include "testutil/temp_dir.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;
using Shape = std::vector<std::size_t>;

// The formula of tools/goldens/lens_files.py.
std::vector<float> Values(std::size_t count) {
  std::vector<float> out;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back((static_cast<float>(7 * i % 23) - 11) / 4);
  }
  return out;
}

std::string FileText(const std::string& name) {
  return testutil::ReadFileText(testutil::GoldenPath("lens_files/" + name));
}

Result<Tensor> Read(const std::string& bytes) {
  return ReadNpy(std::as_bytes(std::span(bytes)), "x.npy");
}

std::string Refusal(const std::string& bytes) {
  const auto array = Read(bytes);
  return array.ok() ? "ok" : array.error().message;
}

TEST(NpyReaderTest, ReadsEveryType) {
  for (const char* name : {"f2", "f4", "f8", "version2"}) {
    const auto array = Read(FileText(std::string(name) + ".npy"));
    ASSERT_TRUE(array.ok()) << array.error().message;
    EXPECT_EQ(array->shape, (Shape{3, 5})) << name;
    EXPECT_EQ(array->data, Values(15)) << name;
  }
}

TEST(NpyReaderTest, ReadsTheTwoBytesThatMlxWrites) {
  std::string bytes = FileText("f2.npy");  // as many bytes an element
  bytes.replace(bytes.find("<f2"), 3, "|V2");
  const std::string bf16("\x80\x3f", 2);  // 1
  const std::size_t data = bytes.size() - 30;
  for (std::size_t i = 0; i < 15; ++i) bytes.replace(data + 2 * i, 2, bf16);
  const auto array = Read(bytes);
  ASSERT_TRUE(array.ok()) << array.error().message;
  EXPECT_EQ(array->data, std::vector<float>(15, 1.0f));
}

TEST(NpyReaderTest, ReadsOtherShapes) {
  const auto fortran = Read(FileText("fortran.npy"));
  ASSERT_TRUE(fortran.ok()) << fortran.error().message;
  EXPECT_EQ(fortran->shape, (Shape{2, 3, 4}));
  EXPECT_EQ(fortran->data, Values(24));
  const auto scalar = Read(FileText("scalar.npy"));
  ASSERT_TRUE(scalar.ok()) << scalar.error().message;
  EXPECT_TRUE(scalar->shape.empty());
  EXPECT_EQ(scalar->data, Values(1));
  const auto empty = Read(FileText("empty.npy"));
  ASSERT_TRUE(empty.ok()) << empty.error().message;
  EXPECT_EQ(empty->shape, (Shape{0, 4}));
}

TEST(NpyReaderTest, RefusesWithAReason) {
  EXPECT_THAT(Refusal(FileText("integers.npy")), HasSubstr("<i8"));
  EXPECT_THAT(Refusal(FileText("big_endian.npy")), HasSubstr(">f4"));
  EXPECT_THAT(Refusal(FileText("objects.npy")), HasSubstr("|O"));
  EXPECT_THAT(Refusal("PK no array"), HasSubstr("is no .npy array"));
  const std::string good = FileText("f4.npy");
  EXPECT_THAT(Refusal(good + "x"), HasSubstr("61 bytes of elements"));
  std::string shape = good;
  shape.replace(shape.find("(3, 5)"), 6, "(3, 9)");
  EXPECT_THAT(Refusal(shape), HasSubstr("(3, 9)"));
  shape.replace(shape.find("(3, 9), }"), 9, "(9999999,");
  EXPECT_THAT(Refusal(shape), HasSubstr("numpy does not write"));
}

TEST(NpyReaderTest, EveryCutIsRefused) {
  const std::string good = FileText("f4.npy");
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_NE(Refusal(good.substr(0, size)), "ok") << size;
  }
}

TEST(NpyReaderTest, NoChangedByteOfTheHeaderBreaksIt) {
  const std::string good = FileText("fortran.npy");
  for (std::size_t i = 0; i < 128; ++i) {
    for (const int with : {0x01, 0x20, 0x55, 0xff}) {
      std::string bytes = good;
      bytes[i] = static_cast<char>(bytes[i] ^ with);
      const auto array = Read(bytes);
      EXPECT_TRUE(!array.ok() || array->data.size() <= 24u);
    }
  }
}

}  // namespace
}  // namespace pellucid
