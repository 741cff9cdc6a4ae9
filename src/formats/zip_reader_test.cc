#include "formats/zip_reader.h"

#include <cstring>
#include <string>
#include <vector>

#include "formats/zip_writer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testutil/golden_json.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;

const std::string kFiles = testutil::GoldenPath("lens_files/");

// An archive of two stored entries as our writer makes it.
std::string TwoEntries(std::uint64_t zip64_from = 0xffffffff) {
  std::string out;
  ZipWriter zip(
      [&out](std::span<const std::byte> bytes) {
        out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        return Status();
      },
      zip64_from);
  const std::string a = "first", b = "second entry";
  EXPECT_TRUE(zip.Add("a", {}, std::as_bytes(std::span(a))).ok());
  EXPECT_TRUE(zip.Add("b/c", {}, std::as_bytes(std::span(b))).ok());
  EXPECT_TRUE(zip.Finish().ok());
  return out;
}

Result<ZipFile> Parse(const std::string& bytes) {
  return ZipFile::Parse(std::as_bytes(std::span(bytes)), "x.zip");
}

std::string TextOf(const ZipFile& zip, std::string_view name) {
  const ZipEntry* entry = zip.Find(name);
  if (entry == nullptr) return "absent";
  const auto data = zip.Read(*entry);
  if (!data.ok()) return data.error().message;
  return {reinterpret_cast<const char*>(data->bytes().data()),
          data->bytes().size()};
}

TEST(ZipReaderTest, ReadsWhatTheWriterWrites) {
  for (const std::uint64_t zip64_from : {0xffffffffu, 0u}) {
    const std::string bytes = TwoEntries(zip64_from);
    const auto zip = Parse(bytes);
    ASSERT_TRUE(zip.ok()) << zip.error().message;
    EXPECT_EQ(zip->entries().size(), 2u);
    EXPECT_EQ(TextOf(*zip, "a"), "first");
    EXPECT_EQ(TextOf(*zip, "b/c"), "second entry");
    EXPECT_EQ(zip->Find("b"), nullptr);
  }
}

TEST(ZipReaderTest, ReadsStoredAndDeflatedArchivesOfNumpy) {
  const auto stored = ZipFile::Open(kFiles + "stored.npz");
  const auto deflated = ZipFile::Open(kFiles + "deflated.npz");
  ASSERT_TRUE(stored.ok()) << stored.error().message;
  ASSERT_TRUE(deflated.ok()) << deflated.error().message;
  for (const char* name : {"a.npy", "b.weight.npy"}) {
    EXPECT_FALSE(stored->Find(name)->deflated);
    EXPECT_TRUE(deflated->Find(name)->deflated);
    EXPECT_EQ(TextOf(*stored, name), TextOf(*deflated, name));
    EXPECT_GT(TextOf(*stored, name).size(), 128u);
  }
}

TEST(ZipReaderTest, EveryCutIsRefusedOrFindsNothing) {
  const std::string whole = TwoEntries();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto zip = Parse(whole.substr(0, size));
    EXPECT_FALSE(zip.ok()) << size;
  }
}

TEST(ZipReaderTest, EveryChangedByteIsNoticedOrHarmless) {
  const std::string whole = TwoEntries();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string bytes = whole;
    bytes[i] = static_cast<char>(bytes[i] ^ 0x55);
    const auto zip = Parse(bytes);
    if (!zip.ok()) continue;
    for (const ZipEntry& entry : zip->entries()) {
      const std::string text = TextOf(*zip, entry.name);
      EXPECT_TRUE(text == "first" || text == "second entry" ||
                  text.find("checksum differs") != std::string::npos ||
                  text.find("do not inflate") != std::string::npos)
          << i << ": " << text;
    }
  }
}

TEST(ZipReaderTest, RefusesWithAReason) {
  const auto message = [](const std::string& bytes) {
    const auto zip = Parse(bytes);
    return zip.ok() ? std::string("ok") : zip.error().message;
  };
  EXPECT_THAT(message("no archive at all, but long enough for one"),
              HasSubstr("is no zip archive"));
  std::string encrypted = TwoEntries();
  const std::size_t central = encrypted.find("PK\x01\x02");
  encrypted[central + 8] = 1;
  EXPECT_THAT(message(encrypted), HasSubstr("is encrypted"));
  std::string method = TwoEntries();
  method[central + 10] = 12;
  EXPECT_THAT(message(method), HasSubstr("packed by method 12"));
  std::string bomb = TwoEntries();  // 5 bytes said to hold 2^30
  bomb[central + 10] = 8;
  bomb[central + 27] = 0x40;
  EXPECT_THAT(message(bomb), HasSubstr("cannot hold"));
  std::string twice = TwoEntries();
  std::size_t at = 0;
  while ((at = twice.find("b/c", at)) != std::string::npos) {
    twice.replace(at, 3, "a  ");
  }
  EXPECT_EQ(message(twice), "ok");  // "a" and "a  " are two names
}

TEST(ZipReaderTest, ANameThatStandsTwiceIsRefused) {
  std::string out;
  ZipWriter zip([&out](std::span<const std::byte> bytes) {
    out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return Status();
  });
  ASSERT_TRUE(zip.Add("a", {}, {}).ok());
  ASSERT_TRUE(zip.Add("a", {}, {}).ok());
  ASSERT_TRUE(zip.Finish().ok());
  const auto read = Parse(out);
  ASSERT_FALSE(read.ok());
  EXPECT_THAT(read.error().message, HasSubstr("stands twice"));
}

}  // namespace
}  // namespace pellucid
