#include "tokenizer/jinja/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pellucid::jinja {
namespace {

using ::testing::ElementsAre;

Text Marked(std::string_view bytes, std::uint32_t origin) {
  Text text(bytes);
  text.marks = {{0, bytes.size(), origin}};
  return text;
}

TEST(TextTest, MarksMoveWithTheirBytes) {
  Text text("ab");
  text.Append(Marked("cdef", 1), 1, 3);
  text.Append(Marked("gh", 1));
  text.Append(Marked("ij", 2));
  EXPECT_EQ(text.bytes, "abdeghij");
  EXPECT_THAT(text.marks, ElementsAre(Mark{2, 6, 1}, Mark{6, 8, 2}));
  EXPECT_THAT(text.Slice(3, 7).marks,
              ElementsAre(Mark{0, 3, 1}, Mark{3, 4, 2}));
}

TEST(TextTest, AnythingMadeOfAMarkedTextIsMarked) {
  Text text("x");
  text.Append("made");
  text.MarkLike(Marked("a", 4), 1);
  EXPECT_THAT(text.marks, ElementsAre(Mark{1, 5, 4}));
  text.MarkLike(Text("b"), 0);
  EXPECT_EQ(text.marks.size(), 1u);
}

TEST(TextTest, ReplacingNothingPutsBetweenAllCharacters) {
  const Text text("a\xc3\xa9");
  EXPECT_EQ(Replaced(text, "", Text("-"), -1, 100)->bytes, "-a-\xc3\xa9-");
  EXPECT_EQ(Replaced(text, "", Text("-"), 2, 100)->bytes, "-a-\xc3\xa9");
  EXPECT_EQ(Replaced(Text(""), "", Text("-"), -1, 100)->bytes, "-");
  EXPECT_FALSE(Replaced(text, "", Text("----"), -1, 10).has_value());
}

TEST(TextTest, CaseMayChangeTheLength) {
  const Text sharp(
      "stra\xc3\x9f"
      "e");
  EXPECT_EQ(WithCase(sharp, Case::kUpper).bytes, "STRASSE");
  EXPECT_EQ(WithCase(Text("\xc3\x9f"), Case::kCapitalized).bytes, "Ss");
  EXPECT_EQ(WithCase(Text("it's a-b"), Case::kTitle).bytes, "It'S A-B");
  EXPECT_THAT(WithCase(Marked("\xc3\x9f", 3), Case::kUpper).marks,
              ElementsAre(Mark{0, 2, 3}));
}

TEST(TextTest, BlanksAreThoseOfPython) {
  const std::string_view text = "\xe3\x80\x80\x1c a\xc2\xa0";
  const ByteRange range = Stripped(text, {}, true, true);
  EXPECT_EQ(text.substr(range.begin, range.end - range.begin), "a");
  EXPECT_FALSE(IsSpace(0x200B));
  EXPECT_EQ(SplitText(text, {}, -1, false).size(), 1u);
}

TEST(TextTest, LinesEndAsInPython) {
  EXPECT_EQ(SplitLines("a\r\nb\n\nc\x0b", false).size(), 4u);
  EXPECT_EQ(SplitLines("", false).size(), 0u);
  EXPECT_EQ(SplitLines("a\n", true).front().end, 2u);
}

}  // namespace
}  // namespace pellucid::jinja
