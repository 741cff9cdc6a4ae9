#include "tokenizer/bpe.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testutil/noise.h"
#include "tokenizer/merge_lines.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Views = std::vector<std::string_view>;
using Ids = std::vector<TokenId>;

std::shared_ptr<const Bpe> MakeBpe(const Views& tokens, const Views& merges,
                                   const BpeOptions& options = {}) {
  const auto pairs = SplitMergeLines(merges, "m.gguf").value();
  return Bpe::Make(Vocabulary(tokens), pairs, "m.gguf", options).value();
}

Ids Encode(const std::shared_ptr<const Bpe>& bpe, std::string_view piece) {
  Ids ids;
  EXPECT_TRUE(bpe->Encode(piece, ids));
  return ids;
}

// The definition, without any cleverness: merge the pair of lowest rank,
// leftmost first, until no pair merges. `ranks` is parallel to `merges`.
std::vector<std::string> MergeByDefinition(std::string_view piece,
                                           const Views& merges) {
  std::vector<std::string> symbols;
  for (const char c : piece) symbols.emplace_back(1, c);
  while (true) {
    std::size_t best_rank = merges.size(), best = 0;
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      const std::string pair = symbols[i] + " " + symbols[i + 1];
      const auto rank = static_cast<std::size_t>(
          std::find(merges.begin(), merges.end(), pair) - merges.begin());
      if (rank < best_rank) {
        best_rank = rank;
        best = i;
      }
    }
    if (best_rank == merges.size()) return symbols;
    symbols[best] += symbols[best + 1];
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

TEST(BpeTest, MergesByRankThenFromTheLeft) {
  const auto bpe =
      MakeBpe({"a", "b", "c", "ab", "bc", "aa"}, {"b c", "a b", "a a"});
  EXPECT_THAT(Encode(bpe, "abc"), ElementsAre(0, 4));
  EXPECT_THAT(Encode(bpe, "aaa"), ElementsAre(5, 0));
  EXPECT_THAT(Encode(bpe, "abab"), ElementsAre(3, 3));
  EXPECT_THAT(Encode(bpe, ""), IsEmpty());
}

TEST(BpeTest, AppendsToWhatIsThere) {
  const auto bpe = MakeBpe({"a"}, {});
  Ids ids = {7};
  EXPECT_TRUE(bpe->Encode("a", ids));
  EXPECT_THAT(ids, ElementsAre(7, 0));
}

// As HF without an unknown token: what stands beside a lost byte can merge.
TEST(BpeTest, BytesWithoutATokenAreDropped) {
  const auto bpe = MakeBpe({"a", "b", "ab"}, {"a b"});
  EXPECT_THAT(Encode(bpe, "axb"), ElementsAre(2));
  EXPECT_THAT(Encode(bpe, "\xff"), IsEmpty());
}

TEST(BpeTest, BytesAreSpeltInTheAlphabet) {
  const auto bpe = MakeBpe({"\u0120", "a", "\u0120a"}, {"\u0120 a"});
  EXPECT_THAT(Encode(bpe, " a "), ElementsAre(2, 0));
}

TEST(BpeTest, ALaterMergeOfAPairOverrides) {
  // "a b" counts with rank 2, so "b c" goes first.
  const auto bpe = MakeBpe({"a", "b", "c", "ab", "bc"}, {"a b", "b c", "a b"});
  EXPECT_THAT(Encode(bpe, "abc"), ElementsAre(0, 4));
}

// Every length on both sides of the limit between scan and heap, on a
// vocabulary in which merges compete.
TEST(BpeTest, ScanAndHeapFollowTheDefinition) {
  const Views merges = {"a b", "b a",  "ab a",  "c c",  "a a",
                        "b b", "aa b", "ab ab", "cc c", "aba b"};
  Views tokens = {"a", "b", "c"};
  std::vector<std::string> joined;
  for (const std::string_view merge : merges) {
    joined.emplace_back(merge);
    std::erase(joined.back(), ' ');
  }
  std::sort(joined.begin(), joined.end());
  joined.erase(std::unique(joined.begin(), joined.end()), joined.end());
  tokens.insert(tokens.end(), joined.begin(), joined.end());
  const auto bpe = MakeBpe(tokens, merges);
  testutil::Random random(/*seed=*/11);
  for (std::size_t length = 0; length < 100; ++length) {
    for (int round = 0; round < 20; ++round) {
      std::string piece;
      while (piece.size() < length) piece += "abc"[random.Below(3)];
      std::vector<std::string> texts;
      for (const TokenId id : Encode(bpe, piece)) {
        texts.emplace_back(bpe->vocabulary().Text(id));
      }
      EXPECT_EQ(texts, MergeByDefinition(piece, merges)) << piece;
    }
  }
}

TEST(BpeTest, LongPiecesAreNotQuadratic) {
  const auto bpe = MakeBpe({"a", "b", "ab", "abab", "abababab"},
                           {"a b", "ab ab", "abab abab"});
  std::string piece;
  for (int i = 0; i < 50'000; ++i) piece += "ab";
  const Ids ids = Encode(bpe, piece + "a");
  ASSERT_EQ(ids.size(), 12'501U);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), 4), 12'500);
  EXPECT_EQ(ids.back(), 0);
}

// Results are guessed where the vocabulary lists them as the merges do; where
// it does not, or has a text twice, they are those that Find gives.
TEST(BpeTest, ResultsAreFoundInAnyOrderOfTheVocabulary) {
  const Views merges = {"a b", "b c", "ab c", "a bc", "c a"};
  const Views in_order = {"a", "b", "c", "ab", "bc", "abc", "ca"};
  const Views reversed = {"ca", "abc", "bc", "ab", "c", "b", "a"};
  const Views twice = {"a", "b", "c", "ab", "bc", "abc", "ca", "ab"};
  for (const Views& tokens : {in_order, reversed, twice}) {
    const auto bpe = MakeBpe(tokens, merges);
    for (const std::string_view piece : {"ab", "bc", "abc", "bca", "caab"}) {
      Ids expected;
      for (const std::string& symbol : MergeByDefinition(piece, merges)) {
        expected.push_back(bpe->vocabulary().Find(symbol).value());
      }
      EXPECT_EQ(Encode(bpe, piece), expected) << piece;
    }
  }
}

TEST(BpeTest, WholePieceNeedsNoMerges) {
  const auto bpe = MakeBpe({"a", "b", "\u0120ab"}, {});
  EXPECT_EQ(bpe->WholePiece(" ab"), 2);
  EXPECT_EQ(bpe->WholePiece("ab"), std::nullopt);
  EXPECT_EQ(bpe->WholePiece(std::string(100'000, 'a')), std::nullopt);
}

std::string MergeError(const Views& tokens, const Views& merges) {
  const auto pairs = SplitMergeLines(merges, "m.gguf").value();
  const auto bpe = Bpe::Make(Vocabulary(tokens), pairs, "m.gguf");
  if (bpe.ok()) return "no error";
  EXPECT_EQ(bpe.error().code, ErrorCode::kModel);
  return bpe.error().message;
}

TEST(BpeTest, AMergeOfUnknownTokensIsNamed) {
  const std::string end = "which the vocabulary lacks; get the file again";
  EXPECT_EQ(MergeError({"b", "ab"}, {"a b"}),
            "open: m.gguf: tokenizer: merge 0 (\"a b\") needs the token "
            "\"a\", " +
                end);
  EXPECT_EQ(MergeError({"a", "b", "ab"}, {"a b", "a c"}),
            "open: m.gguf: tokenizer: merge 1 (\"a c\") needs the token "
            "\"c\", " +
                end);
  EXPECT_EQ(MergeError({"a", "b"}, {"a b"}),
            "open: m.gguf: tokenizer: merge 0 (\"a b\") needs the token "
            "\"ab\", " +
                end);
}

TEST(BpeTest, SymbolsMayBeCharacters) {
  const auto bpe = MakeBpe({"\u00e9", "a", "\u00e9a", " "}, {"\u00e9 a"},
                           {.byte_level = false});
  EXPECT_THAT(Encode(bpe, "\u00e9a a"), ElementsAre(2, 3, 1));
  EXPECT_THAT(Encode(bpe, "\u6771a"), ElementsAre(1));
  EXPECT_EQ(bpe->WholePiece("\u00e9a"), 2);
}

TEST(BpeTest, UnknownSymbolsBecomeOneTokenEachOrTogether) {
  const Views tokens = {"?", "a", "?a"};
  const Views merges = {"? a"};
  const auto each = MakeBpe(tokens, merges, {.unknown = "?"});
  EXPECT_THAT(Encode(each, "xxaxa"), ElementsAre(0, 2, 2));
  const auto fused =
      MakeBpe(tokens, merges,
              {.byte_level = false, .unknown = "?", .fuse_unknown = true});
  EXPECT_THAT(Encode(fused, "xxaxa"), ElementsAre(2, 2));
  EXPECT_THAT(Encode(fused, "xyzzy"), ElementsAre(0));
}

// As upstream it is missed only by a text that needs it.
TEST(BpeTest, AnUnknownTokenThatIsNone) {
  const auto bpe = MakeBpe({"a"}, {}, {.unknown = "<unk>"});
  Ids ids;
  EXPECT_TRUE(bpe->Encode("aa", ids));
  EXPECT_FALSE(bpe->Encode("ab", ids));
}

TEST(BpeTest, WordsOfCharactersAreTakenApartWithoutChange) {
  const Views merges = {"a b", "b \u2581", "c \u2581", "\u2581 a", "ab ab"};
  const Views tokens = {"a",       "b",       "c",       "\u2581", "ab",
                        "b\u2581", "c\u2581", "\u2581a", "abab"};
  const auto bpe = MakeBpe(tokens, merges, {.byte_level = false});
  const Views symbols = {"a", "b", "c", "\u2581"};
  testutil::Random random(/*seed=*/5);
  for (int round = 0; round < 300; ++round) {
    std::string piece;
    Ids one_by_one;
    for (int i = 0; i < 30; ++i) piece += symbols[random.Below(4)];
    // The definition on characters: each spelt as one byte.
    std::string bytes;
    for (const char c : piece) {
      if (c == '\xe2') bytes += '_';
      if (c > 0) bytes += c;
    }
    std::vector<std::string> spelt(merges.begin(), merges.end());
    for (std::string& merge : spelt) {
      const std::size_t at = merge.find("\u2581");
      if (at != merge.npos) merge.replace(at, 3, "_");
    }
    const Views views(spelt.begin(), spelt.end());
    for (std::string symbol : MergeByDefinition(bytes, views)) {
      const std::size_t at = symbol.find('_');
      if (at != symbol.npos) symbol.replace(at, 1, "\u2581");
      one_by_one.push_back(bpe->vocabulary().Find(symbol).value());
    }
    EXPECT_EQ(Encode(bpe, piece), one_by_one) << piece;
  }
}

TEST(BpeTest, BytesStandForCharactersWithoutAToken) {
  const auto bpe = MakeBpe(
      {"a", "<unk>", "<0xC3>", "<0xA9>", "<0xC3><0xA9>"}, {"<0xC3> <0xA9>"},
      {.byte_level = false, .unknown = "<unk>", .byte_fallback = true});
  EXPECT_THAT(Encode(bpe, "a\u00e9a"), ElementsAre(0, 4, 0));
  // U+00EA needs a byte that has no token.
  EXPECT_THAT(Encode(bpe, "a\u00eaa"), ElementsAre(0, 1, 0));
  // The unknown token waits for the next known character, as upstream.
  EXPECT_THAT(Encode(bpe, "\u00ea\u00e9a"), ElementsAre(4, 1, 0));
}

TEST(BpeTest, PrefixAndSuffixAreSpelt) {
  const auto bpe =
      MakeBpe({"a", "##b", "##b</w>", "ab</w>", "b</w>"}, {"a ##b</w>"},
              {.byte_level = false, .prefix = "##", .suffix = "</w>"});
  EXPECT_THAT(Encode(bpe, "ab"), ElementsAre(3));
  EXPECT_THAT(Encode(bpe, "abb"), ElementsAre(0, 1, 2));
  EXPECT_THAT(Encode(bpe, "b"), ElementsAre(4));
}

}  // namespace
}  // namespace pellucid
