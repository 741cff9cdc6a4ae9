// What is written is read back here by the structure of the format.
#include "formats/zip_writer.h"

#include <cstring>
#include <string>
#include <vector>

#include "formats/crc32.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;

struct Archive {
  std::string bytes;
  ByteSink Sink() {
    return [this](std::span<const std::byte> more) {
      bytes.append(reinterpret_cast<const char*>(more.data()), more.size());
      return Status();
    };
  }
  template <typename T>
  T At(std::size_t offset) const {
    T value{};
    if (offset + sizeof(T) > bytes.size()) {
      ADD_FAILURE() << "offset " << offset << " lies beyond the archive";
      return value;
    }
    std::memcpy(&value, bytes.data() + offset, sizeof(T));
    return value;
  }
  std::uint16_t U16(std::size_t o) const { return At<std::uint16_t>(o); }
  std::uint32_t U32(std::size_t o) const { return At<std::uint32_t>(o); }
  std::uint64_t U64(std::size_t o) const { return At<std::uint64_t>(o); }
};

TEST(ZipWriterTest, SmallArchive) {
  Archive archive;
  ZipWriter zip(archive.Sink());
  ASSERT_TRUE(zip.Add("a", AsBytes("he"), AsBytes("llo")).ok());
  ASSERT_TRUE(zip.Add("caf\xc3\xa9", {}, {}).ok());
  ASSERT_TRUE(zip.Finish().ok());

  EXPECT_EQ(archive.U32(0), 0x04034b50u);
  EXPECT_EQ(archive.U16(4), 20u);      // version needed
  EXPECT_EQ(archive.U16(6), 0x0800u);  // UTF-8 names
  EXPECT_EQ(archive.U16(8), 0u);       // stored
  EXPECT_EQ(archive.U32(14), Crc32(AsBytes("hello")));
  EXPECT_EQ(archive.U32(18), 5u);
  EXPECT_EQ(archive.U32(22), 5u);
  EXPECT_EQ(archive.U16(26), 1u);
  EXPECT_EQ(archive.U16(28), 0u);
  EXPECT_EQ(archive.bytes.substr(30, 6), "ahello");
  EXPECT_EQ(archive.U32(36), 0x04034b50u);
  const std::size_t directory = 36 + 30 + 5;
  EXPECT_EQ(archive.U32(directory), 0x02014b50u);
  EXPECT_EQ(archive.U32(directory + 42), 0u);
  EXPECT_EQ(archive.bytes[directory + 46], 'a');
  EXPECT_EQ(archive.U32(directory + 47), 0x02014b50u);
  EXPECT_EQ(archive.U32(directory + 47 + 42), 36u);
  const std::size_t end = archive.bytes.size() - 22;
  EXPECT_EQ(archive.U32(end), 0x06054b50u);
  EXPECT_EQ(archive.U16(end + 8), 2u);
  EXPECT_EQ(archive.U16(end + 10), 2u);
  EXPECT_EQ(archive.U32(end + 12), end - directory);
  EXPECT_EQ(archive.U32(end + 16), directory);
}

TEST(ZipWriterTest, EmptyArchive) {
  Archive archive;
  ASSERT_TRUE(ZipWriter(archive.Sink()).Finish().ok());
  EXPECT_EQ(archive.bytes.size(), 22u);
}

TEST(ZipWriterTest, LongSizesAndOffsetsGoToTheZip64Fields) {
  Archive archive;
  ZipWriter zip(archive.Sink(), /*zip64_from=*/40);
  const std::string long_text(40, 'x');
  ASSERT_TRUE(zip.Add("short", AsBytes("123"), {}).ok());
  ASSERT_TRUE(zip.Add("long", AsBytes(long_text), {}).ok());
  ASSERT_TRUE(zip.Add("late", AsBytes("4"), {}).ok());
  ASSERT_TRUE(zip.Finish().ok());

  EXPECT_EQ(archive.U32(18), 3u);  // "short" is an old-style entry
  const std::size_t second = 30 + 5 + 3;
  EXPECT_EQ(archive.U16(second + 4), 45u);
  EXPECT_EQ(archive.U32(second + 18), 0xffffffffu);
  EXPECT_EQ(archive.U16(second + 28), 20u);
  const std::size_t extra = second + 30 + 4;
  EXPECT_EQ(archive.U16(extra), 1u);
  EXPECT_EQ(archive.U64(extra + 4), 40u);
  EXPECT_EQ(archive.U64(extra + 12), 40u);

  const std::size_t end = archive.bytes.size() - 22;
  EXPECT_EQ(archive.U16(end + 10), 0xffffu);
  EXPECT_EQ(archive.U32(end + 16), 0xffffffffu);
  EXPECT_EQ(archive.U32(end - 20), 0x07064b50u);
  const auto record = static_cast<std::size_t>(archive.U64(end - 12));
  EXPECT_EQ(record, end - 20 - 56);
  EXPECT_EQ(archive.U32(record), 0x06064b50u);
  EXPECT_EQ(archive.U64(record + 32), 3u);
  const auto directory = static_cast<std::size_t>(archive.U64(record + 48));
  EXPECT_EQ(archive.U64(record + 40), record - directory);
  // Third header of the directory: offset only, in the extra field.
  const std::size_t third = directory + (46 + 5) + (46 + 4 + 20);
  EXPECT_EQ(archive.U32(third), 0x02014b50u);
  EXPECT_EQ(archive.U32(third + 24), 1u);
  EXPECT_EQ(archive.U32(third + 42), 0xffffffffu);
  EXPECT_EQ(archive.U16(third + 30), 12u);
  EXPECT_EQ(archive.U64(third + 46 + 4 + 4), second + 30 + 4 + 20 + 40);
}

TEST(ZipWriterTest, ManyEntriesNeedZip64) {
  for (const std::size_t count : {65534u, 65535u, 65536u}) {
    Archive archive;
    ZipWriter zip(archive.Sink());
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_TRUE(zip.Add(std::to_string(i), {}, {}).ok());
    }
    ASSERT_TRUE(zip.Finish().ok());
    const std::size_t end = archive.bytes.size() - 22;
    if (count < 65535) {
      EXPECT_EQ(archive.U16(end + 10), count);
      EXPECT_NE(archive.U32(end - 20), 0x07064b50u);
    } else {
      EXPECT_EQ(archive.U16(end + 10), 0xffffu);
      const auto record = static_cast<std::size_t>(archive.U64(end - 12));
      EXPECT_EQ(archive.U64(record + 32), count);
    }
  }
}

TEST(ZipWriterTest, Errors) {
  Archive archive;
  ZipWriter zip(archive.Sink());
  const auto status = zip.Add(std::string(65536, 'n'), {}, {});
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message, HasSubstr("has 65536 bytes"));
  ZipWriter full([](std::span<const std::byte>) {
    return Status(FailedError("disk full"));
  });
  EXPECT_FALSE(full.Add("a", {}, {}).ok());
  EXPECT_FALSE(full.Finish().ok());
}

}  // namespace
}  // namespace pellucid
