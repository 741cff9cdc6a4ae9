#include "tokenizer/added_tokens.h"

#include <string>
#include <tuple>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testutil/noise.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Texts = std::vector<std::string>;
using Found = std::tuple<std::size_t, std::size_t, TokenId>;

// Tokens with the ids 0, 1, ... in the order given.
AddedTokens Make(const Texts& texts) {
  std::vector<AddedToken> tokens;
  for (const std::string& text : texts) {
    tokens.push_back({text, static_cast<TokenId>(tokens.size())});
  }
  return AddedTokens(tokens);
}

std::vector<Found> Find(const AddedTokens& added, std::string_view text) {
  std::vector<Found> found;
  for (const auto& match : added.Find(text)) {
    found.emplace_back(match.begin, match.end, match.id);
  }
  return found;
}

// Leftmost, then longest, by trying every token at every place.
std::vector<Found> FindByDefinition(const Texts& texts, std::string_view text) {
  std::vector<Found> found;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t longest = 0;
    TokenId id = 0;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (texts[i].size() > longest &&
          text.substr(at).substr(0, texts[i].size()) == texts[i]) {
        longest = texts[i].size();
        id = static_cast<TokenId>(i);
      }
    }
    if (longest == 0) {
      ++at;
      continue;
    }
    found.emplace_back(at, at + longest, id);
    at += longest;
  }
  return found;
}

TEST(AddedTokensTest, FindsThemInOrder) {
  const AddedTokens added = Make({"<s>", "</s>"});
  EXPECT_THAT(Find(added, "<s>hi</s></s>"),
              ElementsAre(Found(0, 3, 0), Found(5, 9, 1), Found(9, 13, 1)));
  EXPECT_THAT(Find(added, "<s s> none"), IsEmpty());
  EXPECT_THAT(Find(added, ""), IsEmpty());
}

TEST(AddedTokensTest, NoTokensFindNothing) {
  EXPECT_THAT(Find(Make({}), "text"), IsEmpty());
}

TEST(AddedTokensTest, LongestOfThoseThatBeginTogether) {
  const AddedTokens added =
      Make({"\n", "\n\n", "\n\n\n\n", "<|im_", "<|im_end|>"});
  EXPECT_THAT(Find(added, "\n\n\n"),
              ElementsAre(Found(0, 2, 1), Found(2, 3, 0)));
  EXPECT_THAT(Find(added, "\n\n\n\n\n"),
              ElementsAre(Found(0, 4, 2), Found(4, 5, 0)));
  EXPECT_THAT(Find(added, "<|im_end|> <|im_end"),
              ElementsAre(Found(0, 10, 4), Found(11, 16, 3)));
}

TEST(AddedTokensTest, LeftmostBeforeLonger) {
  EXPECT_THAT(Find(Make({"ab", "bcdef"}), "abcdef"),
              ElementsAre(Found(0, 2, 0)));
}

TEST(AddedTokensTest, FollowsTheDefinition) {
  testutil::Random random(/*seed=*/3);
  for (int round = 0; round < 500; ++round) {
    const auto draw = [&](std::uint64_t longest) {
      std::string text;
      for (auto n = 1 + random.Below(longest); n > 0; --n) {
        text += "abc"[random.Below(2 + random.Below(2))];
      }
      return text;
    };
    Texts texts;
    for (auto n = 1 + random.Below(8); n > 0; --n) {
      const std::string text = draw(5);
      if (std::find(texts.begin(), texts.end(), text) == texts.end()) {
        texts.push_back(text);
      }
    }
    const std::string text = draw(40);
    EXPECT_EQ(Find(Make(texts), text), FindByDefinition(texts, text)) << text;
  }
}

TEST(AddedTokensTest, AHundredThousandTokens) {
  Texts texts;
  for (int i = 0; i < 100'000; ++i) {
    texts.push_back("<|extra_" + std::to_string(i) + "|>");
  }
  const AddedTokens added = Make(texts);
  std::string text(1'000'000, '|');
  text += "<|extra_99999|><|extra_7|>";
  EXPECT_THAT(Find(added, text),
              ElementsAre(Found(1'000'000, 1'000'015, 99'999),
                          Found(1'000'015, 1'000'026, 7)));
}

TEST(AddedTokensTest, ASingleWordTouchesNoWord) {
  const AddedToken tokens[] = {{.text = "ab", .id = 1, .single_word = true},
                               {.text = "a", .id = 2}};
  const AddedTokens added(tokens);
  EXPECT_THAT(Find(added, "ab ab"),
              ElementsAre(Found(0, 2, 1), Found(3, 5, 1)));
  // Rejected, and no shorter one tried in its place.
  EXPECT_THAT(Find(added, "xab"), IsEmpty());
  EXPECT_THAT(Find(added, "ab\u00e9 \u0301ab"), IsEmpty());
  EXPECT_THAT(Find(added, "-ab\u00b2"), ElementsAre(Found(1, 3, 1)));
}

TEST(AddedTokensTest, StrippingTakesTheSpacesBeside) {
  const AddedToken tokens[] = {{.text = "<l>", .id = 1, .lstrip = true},
                               {.text = "<r>", .id = 2, .rstrip = true}};
  const AddedTokens added(tokens);
  EXPECT_THAT(Find(added, "a \u3000<l> b"), ElementsAre(Found(1, 8, 1)));
  EXPECT_THAT(Find(added, "a <r>\n\u00a0b"), ElementsAre(Found(2, 8, 2)));
  EXPECT_THAT(Find(added, "<r>  <l> "),
              ElementsAre(Found(0, 5, 2), Found(5, 8, 1)));
}

// formats 6.12.7.
TEST(AddedTokensTest, TokensInStrippedSpacesAreFound) {
  const AddedToken tokens[] = {{.text = "<R>", .id = 1, .rstrip = true},
                               {.text = "\n", .id = 2},
                               {.text = "  ", .id = 3}};
  EXPECT_THAT(Find(AddedTokens(tokens), "<R> \n  z"),
              ElementsAre(Found(0, 7, 1), Found(4, 5, 2), Found(5, 7, 3)));
}

TEST(AddedTokensTest, ManyTokensInOneRunOfSpacesAreLinear) {
  const AddedToken tokens[] = {{.text = "\n", .id = 1, .rstrip = true}};
  const std::string text(1'000'000, '\n');
  EXPECT_EQ(Find(AddedTokens(tokens), text).size(), text.size());
}

// A search that starts anew behind each match would read 10^10 characters.
TEST(AddedTokensTest, LinearWhateverTheTokens) {
  const std::string almost(100'000, 'a');
  const AddedTokens added = Make({"a", almost + "b"});
  EXPECT_EQ(added.Find(almost).size(), almost.size());
  EXPECT_EQ(added.Find(almost + "b").size(), 1U);
}

}  // namespace
}  // namespace pellucid
