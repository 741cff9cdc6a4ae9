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
  std::vector<MergePair> merges = {{"a", "b"}};
  TokenizerSpec spec;

  Input() {
    spec.name = "m.gguf";
    spec.kind = "bpe (test)";
    spec.flags.assign(tokens.size(), kModelToken);
    spec.pre_tokenizer.byte_level = true;
    spec.decoder = Decoder({MakeByteLevelDecoder()});
  }
  Result<Tokenizer> Make() {
    spec.vocabulary = Vocabulary(tokens);
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
  input.spec.flags.clear();
  EXPECT_EQ(input.ErrorText(),
            "open: m.gguf: tokenizer: it has no tokens; get the file "
            "again");
}

TEST(MakeTokenizerTest, BosAndEosOutsideTheVocabulary) {
  Input input;
  input.spec.bos = 3;
  EXPECT_EQ(input.ErrorText(),
            "open: m.gguf: tokenizer: its BOS token is 3, its ids go from 0 "
            "to 2; get the file again");
  input.spec.bos = 2;
  EXPECT_TRUE(input.Make().ok());
  input.spec.eos = -1;
  EXPECT_EQ(input.ErrorText(),
            "open: m.gguf: tokenizer: its EOS token is -1, its ids go from 0 "
            "to 2; get the file again");
}

TEST(MakeTokenizerTest, TemplateOutsideTheVocabulary) {
  Input input;
  input.spec.before = {2, 7};
  EXPECT_EQ(input.ErrorText(),
            "open: m.gguf: tokenizer: its template's token is 7, its ids go "
            "from 0 to 2; get the file again");
}

TEST(MakeTokenizerTest, MergesAreChecked) {
  Input input;
  input.merges = {{"b", "a"}};
  EXPECT_EQ(input.ErrorText(),
            "open: m.gguf: tokenizer: merge 0 (\"b a\") needs the token "
            "\"ba\", which the vocabulary lacks; get the file again");
}

TEST(MakeTokenizerTest, AddedTokensOfTooManyBytes) {
  Input input;
  input.spec.added = {
      {.content = std::string(AddedTokens::kMaxBytes, 'x'), .id = 0},
      {.content = "y", .id = 1}};
  EXPECT_EQ(input.ErrorText(),
            "open: m.gguf: tokenizer: its added tokens have 8388609 bytes, at "
            "most 8388608 are supported; get the file again");
}

TEST(MakeTokenizerTest, AddedTokensMayLieBeyondTheModel) {
  Input input;
  input.spec.flags.resize(5);
  input.spec.added = {{.content = "<x>", .id = 4, .special = true}};
  const auto tokenizer = input.Make();
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message;
  EXPECT_EQ(tokenizer->VocabSize(), 5U);
  EXPECT_EQ(tokenizer->Encode("ab<x>")->ids, (std::vector<TokenId>{2, 4}));
  EXPECT_EQ(tokenizer->TokenText(3), "<id:3>");
}

}  // namespace
}  // namespace pellucid
