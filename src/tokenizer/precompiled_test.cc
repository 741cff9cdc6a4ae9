#include "tokenizer/precompiled.h"

#include <cstring>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace pellucid {
namespace {

// A trie by hand. Units: label, 256 where a key ends, offset << 10; children
// lie at place XOR offset XOR label.
std::string Blob(const std::vector<std::uint32_t>& trie,
                 std::string_view replacements) {
  const auto bytes = static_cast<std::uint32_t>(4 * trie.size());
  std::string blob(4 + bytes, '\0');
  std::memcpy(blob.data(), &bytes, 4);
  std::memcpy(blob.data() + 4, trie.data(), bytes);
  return blob.append(replacements);
}

// Replaces "a" by "xyz", and "ab", which is never asked for, by "q".
std::string Sample() {
  std::vector<std::uint32_t> trie(1024);
  trie[0] = 256U << 10;  // children of the root from 256 on
  trie[256 ^ 'a'] = 'a' | 256 | 512U << 10;
  const std::uint32_t a = (256 ^ 'a') ^ 512;
  trie[a] = 1U << 31 | 0;  // "xyz"
  trie[a ^ 'b'] = 'b' | 256 | 1U << 10;
  trie[(a ^ 'b') ^ 1] = 1U << 31 | 4;
  return Blob(trie, std::string_view("xyz\0q\0", 6));
}

std::string Apply(const Charsmap& charsmap, std::string_view text,
                  std::size_t most = 100) {
  std::string out;
  return charsmap.Append(text, most, out) ? out : "too long";
}

TEST(PrecompiledTest, TheShortestKeyCounts) {
  const Charsmap charsmap = Charsmap::Parse(Sample()).value();
  EXPECT_EQ(Apply(charsmap, "banab"), "bxyznxyzb");
  EXPECT_EQ(Apply(charsmap, ""), "");
}

// The key begins a grapheme of few bytes, which is replaced with it.
TEST(PrecompiledTest, AShortGraphemeIsOne) {
  const Charsmap charsmap = Charsmap::Parse(Sample()).value();
  EXPECT_EQ(Apply(charsmap, "a\u0301b"), "xyzb");
  EXPECT_EQ(Apply(charsmap, "a\u0301\u0302\u0303b"), "xyz\u0301\u0302\u0303b");
}

TEST(PrecompiledTest, ALimitIsKept) {
  const Charsmap charsmap = Charsmap::Parse(Sample()).value();
  EXPECT_EQ(Apply(charsmap, "aaa", 9), "xyzxyzxyz");
  EXPECT_EQ(Apply(charsmap, "aaa", 8), "too long");
}

TEST(PrecompiledTest, DamagedTablesReplaceNothingOrAreRefused) {
  EXPECT_FALSE(Charsmap::Parse("abc").ok());
  EXPECT_FALSE(Charsmap::Parse(std::string("\x08\0\0\0abcd", 8)).ok());
  EXPECT_FALSE(Charsmap::Parse(Blob({0, 0}, "\xff")).ok());
  // Offsets and values beyond the end.
  const auto wild = Charsmap::Parse(Blob({~0U, ~0U, ~0U}, "x"));
  ASSERT_TRUE(wild.ok());
  EXPECT_EQ(Apply(*wild, "abc\u00e9"), "abc\u00e9");
}

TEST(PrecompiledTest, Base64) {
  EXPECT_EQ(DecodeBase64(""), "");
  EXPECT_EQ(DecodeBase64("YQ=="), "a");
  EXPECT_EQ(DecodeBase64("YWI="), "ab");
  EXPECT_EQ(DecodeBase64("YWJj"), "abc");
  EXPECT_EQ(DecodeBase64("/+8="), "\xff\xef");
  for (const std::string_view other : {"YQ", "Y===", "Y Q=", "YQ=a"}) {
    EXPECT_EQ(DecodeBase64(other), std::nullopt) << other;
  }
}

}  // namespace
}  // namespace pellucid
