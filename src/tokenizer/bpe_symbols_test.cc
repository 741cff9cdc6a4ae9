#include "tokenizer/bpe_symbols.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using Views = std::vector<std::string_view>;

std::vector<TokenId> Symbols(const Views& tokens, const BpeOptions& options,
                             std::string_view piece) {
  const Vocabulary vocabulary(tokens);
  const BpeSymbols symbols(vocabulary, options);
  std::vector<TokenId> ids;
  EXPECT_TRUE(symbols.Append(vocabulary, piece, ids));
  return ids;
}

TEST(BpeSymbolsTest, BytesOrCharacters) {
  const Views tokens = {"\u00c3", "\u00a9", "\u00e9", "\u6771"};
  EXPECT_THAT(Symbols(tokens, {}, "\u00e9"), ElementsAre(0, 1));
  EXPECT_THAT(Symbols(tokens, {.byte_level = false}, "\u00e9\u6771x"),
              ElementsAre(2, 3));
}

// As upstream, what bytes stand for comes before an unknown token that waits.
TEST(BpeSymbolsTest, AnUnknownTokenWaitsForAKnownOne) {
  const Views tokens = {"?", "a", "<0x78>"};
  const BpeOptions each = {
      .byte_level = false, .unknown = "?", .byte_fallback = true};
  EXPECT_THAT(Symbols(tokens, each, "yxya"), ElementsAre(2, 0, 0, 1));
  const BpeOptions fused = {.byte_level = false,
                            .unknown = "?",
                            .fuse_unknown = true,
                            .byte_fallback = true};
  EXPECT_THAT(Symbols(tokens, fused, "yxya"), ElementsAre(2, 0, 1));
}

TEST(BpeSymbolsTest, AffixesBelongToTheSpelling) {
  const BpeOptions options = {
      .byte_level = false, .prefix = "+", .suffix = "."};
  EXPECT_THAT(Symbols({"a", "+a", "+a.", "a."}, options, "aaa"),
              ElementsAre(0, 1, 2));
  EXPECT_THAT(Symbols({"a", "+a", "+a.", "a."}, options, "a"), ElementsAre(3));
}

TEST(BpeSymbolsTest, AMissingUnknownTokenFails) {
  const Vocabulary vocabulary(Views{"a"});
  const BpeSymbols symbols(vocabulary, {.unknown = "?"});
  std::vector<TokenId> ids;
  EXPECT_FALSE(symbols.Append(vocabulary, "ab", ids));
}

}  // namespace
}  // namespace pellucid
