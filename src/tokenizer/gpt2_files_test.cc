#include "tokenizer/gpt2_files.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testutil/temp_dir.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Gpt2FilesTest : public ::testing::Test {
 protected:
  Gpt2FilesTest() {
    Write("vocab.json", R"({"a": 0, "b": 1, "\u0120": 2, "ab": 3,
                            "\u0120ab": 4, "<|endoftext|>": 5})");
    Write("merges.txt", "#version: 0.2\na b\r\n\u0120 ab\n");
  }
  void Write(std::string_view file, std::string_view text) {
    testutil::WriteFileBytes(dir_ / file, std::as_bytes(std::span(text)));
  }
  std::vector<TokenId> Encode(std::string_view text) {
    const auto tokenizer = LoadGpt2Files(dir_.path());
    if (!tokenizer.ok()) {
      ADD_FAILURE() << tokenizer.error().message;
      return {};
    }
    return tokenizer->Encode(text)->ids;
  }
  std::string ErrorText() {
    const auto tokenizer = LoadGpt2Files(dir_.path());
    return tokenizer.ok() ? "no error" : tokenizer.error().message;
  }

  testutil::TempDir dir_;
};

TEST_F(Gpt2FilesTest, VocabularyAndMergesAreEnough) {
  EXPECT_TRUE(HasGpt2Files(dir_.path()));
  EXPECT_THAT(Encode("ab ab<|endoftext|>"), ElementsAre(3, 4, 5));
  const auto tokenizer = LoadGpt2Files(dir_.path());
  EXPECT_EQ(tokenizer->BosId(), 5);
  EXPECT_EQ(tokenizer->EosId(), 5);
  EXPECT_FALSE(tokenizer->AddsBos());
  EXPECT_EQ(tokenizer->Kind(), "bpe (gpt-2)");
}

TEST_F(Gpt2FilesTest, TheConfigurationAddsTokensAndFlags) {
  Write("tokenizer_config.json",
        R"({"tokenizer_class": "GPT2Tokenizer", "add_bos_token": true,
            "bos_token": "</s>", "pad_token": "<pad>",
            "add_prefix_space": true})");
  EXPECT_THAT(Encode("ab</s>ab"), ElementsAre(6, 4, 6, 4));
  EXPECT_EQ(LoadGpt2Files(dir_.path())->VocabSize(), 8U);
}

TEST_F(Gpt2FilesTest, OtherClassesAreRefused) {
  Write("tokenizer_config.json", R"({"tokenizer_class": "Qwen2Tokenizer"})");
  EXPECT_THAT(ErrorText(),
              HasSubstr("unsupported tokenizer: vocab.json and merges.txt of a "
                        "Qwen2Tokenizer; supported: GPT2Tokenizer"));
}

TEST_F(Gpt2FilesTest, DamagedFilesAreErrors) {
  Write("merges.txt", "a b c\n");
  EXPECT_THAT(ErrorText(), HasSubstr("is not two tokens with one space"));
  Write("merges.txt", "a \xff\n");
  EXPECT_THAT(ErrorText(), HasSubstr("invalid UTF-8 at byte 2"));
  Write("merges.txt", "b a\n");
  EXPECT_THAT(ErrorText(), HasSubstr("needs the token \"ba\""));
  Write("vocab.json", "[]");
  EXPECT_THAT(ErrorText(), HasSubstr("is no object"));
}

}  // namespace
}  // namespace pellucid
