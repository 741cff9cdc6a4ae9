// MakeTokenizer refuses what does not fit together; what it makes is tested in
// tokenizer_test.cc.
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tokenizer/tokenizer_impl.h"

namespace pellucid {
namespace {

using Views = std::vector<std::string_view>;

// Three tokens of which none is special.
struct Input {
  Views tokens = {"a", "b", "ab"};
  Views merges = {"a b"};
  TokenizerSpec spec;

  Input() {
    spec.name = "m.gguf";
    spec.kind = "bpe (test)";
    spec.kinds.assign(tokens.size(), TokenKind::kNormal);
  }
  Result<Tokenizer> Make() {
    spec.tokens = tokens;
    spec.merges = merges;
    return MakeTokenizer(spec);
  }
  std::string ErrorText() {
    const auto tokenizer = Make();
    if (tokenizer.ok()) return "no error";
    EXPECT_EQ(tokenizer.error().code, ErrorCode::kModel);
    return tokenizer.error().message;
  }
};

TEST(MakeTokenizerTest, OwnsWhatItWasGiven) {
  Result<Tokenizer> tokenizer = FailedError("unset");
  {
    Input input;
    std::string passing = "ab";
    input.tokens[2] = passing;
    tokenizer = input.Make();
    passing = "xx";
  }
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message;
  EXPECT_EQ(tokenizer->TokenBytes(2), "ab");
  EXPECT_EQ(tokenizer->Kind(), "bpe (test)");
}

TEST(MakeTokenizerTest, NoTokens) {
  Input input;
  input.tokens.clear();
  EXPECT_EQ(input.ErrorText(),
            "open: m.gguf: tokenizer: it has no tokens; convert the model "
            "again");
}

TEST(MakeTokenizerTest, TypesOfAnotherNumber) {
  for (const std::size_t count : {0U, 2U, 4U}) {
    Input input;
    input.spec.kinds.resize(count);
    EXPECT_EQ(input.ErrorText(),
              "open: m.gguf: tokenizer: " + std::to_string(count) +
                  " token types for 3 tokens; convert the "
                  "model again");
  }
}

TEST(MakeTokenizerTest, BosAndEosOutsideTheVocabulary) {
  Input input;
  input.spec.bos = 3;
  EXPECT_EQ(input.ErrorText(),
            "open: m.gguf: tokenizer: its BOS token is 3, its ids go from 0 "
            "to 2; convert the model again");
  input.spec.bos = 2;
  EXPECT_TRUE(input.Make().ok());
  input.spec.eos = -1;
  EXPECT_EQ(input.ErrorText(),
            "open: m.gguf: tokenizer: its EOS token is -1, its ids go from 0 "
            "to 2; convert the model again");
}

TEST(MakeTokenizerTest, TemplateWithoutItsToken) {
  Input bos, eos;
  bos.spec.adds_bos = true;
  EXPECT_EQ(bos.ErrorText(),
            "open: m.gguf: tokenizer: it adds BOS to every text, but names no "
            "BOS token; convert the model again");
  eos.spec.adds_eos = true;
  EXPECT_EQ(eos.ErrorText(),
            "open: m.gguf: tokenizer: it adds EOS to every text, but names no "
            "EOS token; convert the model again");
}

TEST(MakeTokenizerTest, MergesAreChecked) {
  Input input;
  input.merges = {"b a"};
  EXPECT_EQ(input.ErrorText(),
            "open: m.gguf: tokenizer: merge 0 (\"b a\") needs the token "
            "\"ba\", which the vocabulary lacks; convert the model again");
}

TEST(MakeTokenizerTest, AddedTokensOfTooManyBytes) {
  Input input;
  const std::string huge(AddedTokens::kMaxBytes, 'x');
  input.tokens[0] = huge;
  input.merges.clear();
  input.spec.kinds = {TokenKind::kControl, TokenKind::kControl,
                      TokenKind::kNormal};
  EXPECT_EQ(input.ErrorText(),
            "open: m.gguf: tokenizer: control and user-defined tokens have "
            "8388609 bytes, at most 8388608 are supported; convert the model "
            "again");
}

// Neither can stand in a text.
TEST(MakeTokenizerTest, AddedTokensThatAreEmptyOrNoTextNeverMatch) {
  Input input;
  input.tokens = {"", "\xb6\x61", "a"};
  input.merges.clear();
  input.spec.kinds = {TokenKind::kControl, TokenKind::kControl,
                      TokenKind::kNormal};
  const auto tokenizer = input.Make();
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message;
  EXPECT_EQ(tokenizer->Encode("\xc3\xb6\x61")->ids, std::vector<TokenId>{2});
}

}  // namespace
}  // namespace pellucid
