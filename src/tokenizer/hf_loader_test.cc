// The whole way from files to ids; what each section says is tested beside its
// reader.
#include "tokenizer/hf_loader.h"

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

constexpr char kFile[] = R"({
  "added_tokens": [{"id": 4, "content": "<s>", "special": true},
                   {"id": 5, "content": "<t>", "special": false,
                    "normalized": false}],
  "normalizer": {"type": "NFC"},
  "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
  "post_processor": {"type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
               {"Sequence": {"id": "A", "type_id": 0}}],
    "special_tokens": {"<s>": {"id": "<s>", "ids": [4], "tokens": ["<s>"]}}},
  "decoder": {"type": "ByteLevel"},
  "model": {"type": "BPE", "vocab": {"a": 0, "\u00c3": 1, "\u00a9": 2,
                                     "\u00c3\u00a9": 3},
            "merges": [["\u00c3", "\u00a9"]]}})";

class HfLoaderTest : public ::testing::Test {
 protected:
  void Write(std::string_view file, std::string_view text) {
    testutil::WriteFileBytes(dir_ / file, std::as_bytes(std::span(text)));
  }
  Tokenizer LoadFolder() {
    const auto tokenizer = LoadHfTokenizer(dir_.path());
    EXPECT_TRUE(tokenizer.ok()) << tokenizer.error().message;
    return tokenizer.value().value();
  }
  std::string FolderError() {
    const auto tokenizer = LoadHfTokenizer(dir_.path());
    return tokenizer.ok() ? "no error" : tokenizer.error().message;
  }

  testutil::TempDir dir_;
};

TEST_F(HfLoaderTest, ABareFile) {
  Write("tokenizer.json", kFile);
  const auto tokenizer = LoadTokenizerJson(dir_ / "tokenizer.json");
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message;
  EXPECT_THAT(tokenizer->Encode("ae\u0301<t>a")->ids,
              ElementsAre(4, 0, 3, 5, 0));  // e is no token: dropped
  EXPECT_EQ(tokenizer->Decode(std::vector<TokenId>{4, 3, 5}), "<s>\u00e9<t>");
  EXPECT_EQ(tokenizer->Decode(std::vector<TokenId>{4, 3, 5}, true),
            "\u00e9<t>");
  EXPECT_EQ(tokenizer->BosId(), 4);
  EXPECT_EQ(tokenizer->EosId(), std::nullopt);
  EXPECT_TRUE(tokenizer->AddsBos());
  EXPECT_EQ(tokenizer->VocabSize(), 6U);
  EXPECT_EQ(tokenizer->Kind(), "bpe (gpt-2)");
}

TEST_F(HfLoaderTest, TheFolderNamesSpecialTokens) {
  Write("tokenizer.json", kFile);
  Write("tokenizer_config.json",
        R"({"bos_token": "<s>", "eos_token": "<t>", "pad_token": "<pad>"})");
  const Tokenizer tokenizer = LoadFolder();
  EXPECT_EQ(tokenizer.EosId(), 5);
  EXPECT_EQ(tokenizer.FindToken("<pad>"), 6);
  // What transformers calls special, it is from then on.
  EXPECT_EQ(tokenizer.Decode(std::vector<TokenId>{3, 5}, true), "\u00e9");
}

TEST_F(HfLoaderTest, TheModelNamesABosThatNobodyAdds) {
  Write("tokenizer.json", R"({
      "added_tokens": [{"id": 1, "content": "<s>", "special": true}],
      "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
      "decoder": {"type": "ByteLevel"},
      "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}})");
  Write("config.json", R"({"bos_token_id": 1})");
  const Tokenizer tokenizer = LoadFolder();
  EXPECT_FALSE(tokenizer.AddsBos());
  EXPECT_THAT(tokenizer.Encode("a")->ids, ElementsAre(0));
  EXPECT_THAT(tokenizer.Encode("a", {.bos = BosPolicy::kAlways})->ids,
              ElementsAre(1, 0));
}

// As transformers 5: the template is the file's.
TEST_F(HfLoaderTest, FlagsDoNotChangeAFilesTemplate) {
  Write("tokenizer.json", kFile);
  for (const std::string name : {"LlamaTokenizerFast", "PreTrainedTokenizer"}) {
    Write("tokenizer_config.json",
          R"({"bos_token": "<s>", "eos_token": "<t>", "add_bos_token": false,
              "add_eos_token": true, "tokenizer_class": ")" +
              name + "\"}");
    EXPECT_THAT(LoadFolder().Encode("a")->ids, ElementsAre(4, 0)) << name;
  }
}

TEST_F(HfLoaderTest, FoldersWithoutATokenizer) {
  EXPECT_EQ(LoadHfTokenizer(dir_.path())->has_value(), false);
  Write("tokenizer.model", "x");
  EXPECT_THAT(FolderError(),
              HasSubstr("unsupported tokenizer: tokenizer.model alone"));
  Write("vocab.json", R"({"a": 0})");
  Write("merges.txt", "");
  EXPECT_THAT(LoadFolder().Encode("a")->ids, ElementsAre(0));
}

TEST_F(HfLoaderTest, UnsupportedPartsAreNamed) {
  Write("tokenizer.json", R"({"model": {"type": "Markov", "vocab": []}})");
  EXPECT_EQ(FolderError(),
            "open: " + (dir_ / "tokenizer.json") +
                ": unsupported tokenizer: model.type is "
                "\"Markov\"; supported: BPE, Unigram, WordPiece, WordLevel");
  Write("tokenizer.json", "[]");
  EXPECT_NE(FolderError(), "no error");
  Write("tokenizer.json", "{\"model\": ");
  EXPECT_NE(FolderError(), "no error");
}

TEST_F(HfLoaderTest, AHundredThousandAddedTokens) {
  std::string json = R"({"model": {"vocab": {"a": 0}, "merges": []},
                         "decoder": {"type": "ByteLevel"},
                         "pre_tokenizer": {"type": "ByteLevel"},
                         "added_tokens": [)";
  for (int i = 1; i <= 100'000; ++i) {
    json += i == 1 ? "" : ",";
    json += R"({"id": )" + std::to_string(i) + R"(, "content": "<extra_)" +
            std::to_string(i) + R"(>"})";
  }
  Write("tokenizer.json", json + "]}");
  EXPECT_THAT(LoadFolder().Encode("a<extra_99999>a")->ids,
              ElementsAre(0, 99'999, 0));
}

}  // namespace
}  // namespace pellucid
