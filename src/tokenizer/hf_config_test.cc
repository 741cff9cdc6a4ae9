#include "tokenizer/hf_config.h"

#include <span>
#include <string>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testutil/temp_dir.h"
#include "tokenizer/test_json.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class HfConfigTest : public ::testing::Test {
 protected:
  void Write(std::string_view file, std::string_view json) {
    testutil::WriteFileBytes(dir_ / file, std::as_bytes(std::span(json)));
  }
  HfConfig Read() {
    const auto config = ReadHfConfig(dir_.path());
    EXPECT_TRUE(config.ok()) << config.error().message;
    return config.value();
  }

  testutil::TempDir dir_;
};

TEST_F(HfConfigTest, AnEmptyFolderSaysNothing) {
  const HfConfig config = Read();
  EXPECT_EQ(config.tokenizer_class, "");
  EXPECT_TRUE(config.added.empty() && config.special.empty());
  EXPECT_FALSE(config.bos || config.eos || config.adds_bos || config.adds_eos);
}

TEST_F(HfConfigTest, TheModelsOwnIds) {
  Write("config.json", R"({"bos_token_id": [1, 2], "eos_token_id": 3})");
  EXPECT_EQ(Read().model_bos, 1);
  EXPECT_EQ(Read().model_eos, 3);
  Write("generation_config.json",
        R"({"bos_token_id": null, "eos_token_id": [7, 8]})");
  EXPECT_EQ(Read().model_bos, 1);
  EXPECT_EQ(Read().model_eos, 7);
  Write("config.json", R"({"bos_token_id": [], "eos_token_id": "x"})");
  Write("generation_config.json", "{");
  EXPECT_FALSE(Read().model_bos || Read().model_eos);
}

TEST_F(HfConfigTest, NamesAndFlags) {
  Write("tokenizer_config.json", R"({"tokenizer_class": "GPT2Tokenizer",
      "add_bos_token": true, "add_eos_token": null, "add_prefix_space": true,
      "bos_token": {"content": "<s>", "lstrip": true}, "pad_token": null,
      "eos_token": "</s>", "additional_special_tokens": ["<x>"],
      "added_tokens_decoder": {"9": {"content": "<n>", "special": true},
                               "3": {"content": "<m>"}}})");
  Write("special_tokens_map.json",
        R"({"bos_token": "<other>", "unk_token": "<unk>"})");
  const HfConfig config = Read();
  EXPECT_EQ(config.tokenizer_class, "GPT2Tokenizer");
  EXPECT_EQ(config.adds_bos, true);
  EXPECT_EQ(config.adds_eos, std::nullopt);
  EXPECT_TRUE(config.add_prefix_space);
  EXPECT_EQ(config.bos, "<s>");
  EXPECT_EQ(config.eos, "</s>");
  std::string special;
  for (const AddedEntry& entry : config.special) special += entry.content;
  EXPECT_EQ(special, "<s></s><x><unk>");
  EXPECT_TRUE(config.special[0].lstrip && config.special[0].special);
  ASSERT_EQ(config.added.size(), 2U);
  EXPECT_EQ(config.added[0].entry.content, "<m>");
  EXPECT_EQ(config.added[1].stated, 9);
}

TEST_F(HfConfigTest, OlderFoldersListAddedTokensInAFile) {
  Write("added_tokens.json", R"({"<y>": 8, "<x>": 7})");
  const HfConfig config = Read();
  ASSERT_EQ(config.added.size(), 2U);
  EXPECT_EQ(config.added[0].entry.content, "<x>");
  EXPECT_EQ(config.added[0].stated, 7);
}

TEST_F(HfConfigTest, DamagedFilesAreErrors) {
  Write("tokenizer_config.json", R"({"added_tokens_decoder": {"x": {}}})");
  EXPECT_FALSE(ReadHfConfig(dir_.path()).ok());
  Write("tokenizer_config.json", R"({"bos_token": 5})");
  EXPECT_FALSE(ReadHfConfig(dir_.path()).ok());
  Write("tokenizer_config.json", "{");
  EXPECT_FALSE(ReadHfConfig(dir_.path()).ok());
}

TEST(HfConfigFlagsTest, ApplyOverTheTemplate) {
  HfModel model;
  const testutil::SectionText text(R"({"<s>": 0, "</s>": 1})");
  ASSERT_TRUE(ReadVocab(text.section(), model).ok());
  const AddedTokenList list(model);
  HfConfig config;
  config.bos = "<s>";
  config.eos = "</s>";
  HfTemplate around{.before = {0}, .after = {}};
  ApplyFlags(config, list, around);  // no flags: nothing changes
  EXPECT_THAT(around.before, ElementsAre(0));
  config.adds_bos = config.adds_eos = true;
  ApplyFlags(config, list, around);
  EXPECT_THAT(around.before, ElementsAre(0));
  EXPECT_THAT(around.after, ElementsAre(1));
  config.adds_bos = config.adds_eos = false;
  ApplyFlags(config, list, around);
  EXPECT_THAT(around.before, IsEmpty());
  EXPECT_THAT(around.after, IsEmpty());
}

}  // namespace
}  // namespace pellucid
