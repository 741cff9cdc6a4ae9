#include "base/sha1.h"

#include <gtest/gtest.h>

#include <string_view>

namespace pellucid {
namespace {

std::string Sha1Of(std::string_view text) {
  Sha1 hash;
  hash.Update(std::as_bytes(std::span(text)));
  return HexOf(hash.Finish());
}

// The examples of the standard (FIPS 180-2, appendix A) and the empty message.
TEST(Sha1Test, EqualsTheStandardsExamples) {
  EXPECT_EQ(Sha1Of(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(Sha1Of("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(Sha1Of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  EXPECT_EQ(Sha1Of(std::string(1000000, 'a')),
            "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

// What `git hash-object` says of an empty file.
TEST(Sha1Test, NamesAGitBlob) {
  EXPECT_EQ(Sha1Of(std::string_view("blob 0\0", 7)),
            "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
}

// 55 and 56 bytes decide whether the length still fits into the block.
TEST(Sha1Test, PiecesGiveWhatTheWholeGives) {
  for (const std::size_t length : {1u, 55u, 56u, 63u, 64u, 65u, 200u}) {
    const std::string text(length, 'x');
    for (std::size_t cut = 0; cut <= length; cut += 7) {
      Sha1 hash;
      hash.Update(std::as_bytes(std::span(text)).first(cut));
      hash.Update(std::as_bytes(std::span(text)).subspan(cut));
      EXPECT_EQ(HexOf(hash.Finish()), Sha1Of(text)) << length << " " << cut;
    }
  }
}

}  // namespace
}  // namespace pellucid
