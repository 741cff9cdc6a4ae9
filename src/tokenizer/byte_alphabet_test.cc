#include "tokenizer/byte_alphabet.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace pellucid {
namespace {

std::string AllBytes() {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  return bytes;
}

TEST(ByteAlphabetTest, KnownCharacters) {
  EXPECT_EQ(ByteCharacter('!'), U'!');
  EXPECT_EQ(ByteCharacter(' '), char32_t{0x120});
  EXPECT_EQ(ByteCharacter('\n'), char32_t{0x10a});
  EXPECT_EQ(ByteCharacter(0x00), char32_t{0x100});
  EXPECT_EQ(ByteCharacter(0x7f), char32_t{0x121});
  EXPECT_EQ(ByteCharacter(0xa0), char32_t{0x142});
  EXPECT_EQ(ByteCharacter(0xad), char32_t{0x143});
  EXPECT_EQ(ByteCharacter(0xff), char32_t{0xff});
}

TEST(ByteAlphabetTest, EveryByteComesBack) {
  std::string text, back;
  AppendAlphabet(AllBytes(), text);
  EXPECT_TRUE(AppendAlphabetBytes(text, back));
  EXPECT_EQ(back, AllBytes());
  std::set<char32_t> distinct;
  for (int byte = 0; byte < 256; ++byte) {
    distinct.insert(ByteCharacter(static_cast<std::uint8_t>(byte)));
  }
  EXPECT_EQ(distinct.size(), 256U);
}

TEST(ByteAlphabetTest, OtherCharactersAppendNothing) {
  std::string out = "kept";
  EXPECT_FALSE(AppendAlphabetBytes("ab c", out));      // a space as itself
  EXPECT_FALSE(AppendAlphabetBytes("ab\u0144", out));  // one past the end
  EXPECT_FALSE(AppendAlphabetBytes("ab\u6771", out));
  EXPECT_FALSE(AppendAlphabetBytes("ab\xc4", out));  // no UTF-8
  EXPECT_EQ(out, "kept");
  EXPECT_TRUE(AppendAlphabetBytes("", out));
  EXPECT_EQ(out, "kept");
}

}  // namespace
}  // namespace pellucid
