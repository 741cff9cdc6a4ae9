#include "tokenizer/normal_form.h"

#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "testutil/golden_json.h"

namespace pellucid {
namespace {

std::string Nfc(std::string_view text, NormalForm form = NormalForm::kNfc) {
  std::string storage;
  return std::string(Normalise(form, text, storage));
}

TEST(NfcTest, LowTextIsReturnedAsItIs) {
  const std::string text = "plain, caf\u00e9 \u02ff";
  std::string storage;
  const std::string_view out = Normalise(NormalForm::kNfc, text, storage);
  EXPECT_EQ(out.data(), text.data());
  EXPECT_EQ(out.size(), text.size());
  EXPECT_TRUE(Normalise(NormalForm::kNfc, "", storage).empty());
}

TEST(NfcTest, ComposesReordersAndDecomposes) {
  EXPECT_EQ(Nfc("e\u0301"), "\u00e9");
  EXPECT_EQ(Nfc("a\u0315\u0300"), "\u00e0\u0315");
  EXPECT_EQ(Nfc("\u212b"), "\u00c5");
  EXPECT_EQ(Nfc("\u1112\u1161\u11ab"), "\ud55c");
  EXPECT_EQ(Nfc("\u0958"), "\u0915\u093c");  // excluded from composition
}

TEST(NfcTest, CharactersNewerThanUnicode9AreLeftAlone) {
  // U+1DF6 (10.0) has a combining class, which 9.0 does not know of.
  EXPECT_EQ(Nfc("a\u1df6\u0301"), "a\u1df6\u0301");
  EXPECT_EQ(Nfc("\U00011935\U00011930"), "\U00011935\U00011930");
}

TEST(NfcTest, StorageMayBeReused) {
  std::string storage;
  EXPECT_EQ(Normalise(NormalForm::kNfc, "e\u0301e\u0301", storage),
            "\u00e9\u00e9");
  EXPECT_EQ(Normalise(NormalForm::kNfc, "o\u0308", storage), "\u00f6");
}

TEST(NormalFormTest, TheOtherForms) {
  EXPECT_EQ(Nfc("\u00e9\ud55c", NormalForm::kNfd), "e\u0301\u1112\u1161\u11ab");
  EXPECT_EQ(Nfc("\ufb01 \u00e9\u2460", NormalForm::kNfkc), "fi \u00e91");
  EXPECT_EQ(Nfc("\u00a0\u00e9", NormalForm::kNfkd), " e\u0301");
  EXPECT_EQ(Nfc("\ufb01", NormalForm::kNfd), "\ufb01");
  // U+32FF, square era name Reiwa, is of Unicode 12.1.
  EXPECT_EQ(Nfc("\u32ff\u32fe", NormalForm::kNfkc), "\u32ff\u30f2");
}

// Minutes where marks are put in order by insertion.
TEST(NfcTest, ManyMarksAreSortedFast) {
  std::string text = "a", expected = "\u1ea1";
  constexpr int kPairs = 200'000;
  for (int i = 0; i < kPairs; ++i) text += "\u0315\u0323";  // 232, 220
  for (int i = 1; i < kPairs; ++i) expected += "\u0323";
  for (int i = 0; i < kPairs; ++i) expected += "\u0315";
  EXPECT_TRUE(Nfc(text) == expected);
}

class NfcGoldenTest : public ::testing::TestWithParam<const char*> {};

TEST_P(NfcGoldenTest, EqualsTokenizers) {
  const auto pairs = testutil::GoldenPairs("tokenizer/nfc.json", GetParam());
  EXPECT_FALSE(pairs.empty());
  for (const auto& [text, normal] : pairs) {
    EXPECT_EQ(Nfc(text), normal) << "of " << text;
  }
}

INSTANTIATE_TEST_SUITE_P(Classes, NfcGoldenTest,
                         ::testing::Values("singles", "decomposed", "new_pairs",
                                           "mixes"),
                         [](const auto& test) {
                           return std::string(test.param);
                         });

TEST(NfcCorpusTest, EqualsTokenizers) {
  const auto texts = testutil::GoldenStrings("tokenizer/corpus.json", "");
  const auto changed =
      testutil::GoldenMap("tokenizer/pretokenize.json", "nfc_where_changed");
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto it = changed.find(std::to_string(i));
    EXPECT_EQ(Nfc(texts[i]), it == changed.end() ? texts[i] : it->second);
  }
}

}  // namespace
}  // namespace pellucid
