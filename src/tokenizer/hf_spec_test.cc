#include "tokenizer/hf_spec.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tokenizer/test_json.h"

namespace pellucid {
namespace {

HfSpec Spec() {
  HfSpec spec;
  spec.name = "t.json";
  const testutil::SectionText text(R"({"a": 0, "<s>": 1})");
  EXPECT_TRUE(ReadVocab(text.section(), spec.model).ok());
  return spec;
}

TEST(HfSpecTest, BosIsWhatTheTemplatePutsFirstUnlessNamed) {
  HfSpec spec = Spec();
  spec.text.before = {1};
  const Tokenizer tokenizer = MakeHfTokenizer(spec).value();
  EXPECT_EQ(tokenizer.BosId(), 1);
  EXPECT_TRUE(tokenizer.AddsBos());
  spec.bos = 0;
  EXPECT_EQ(MakeHfTokenizer(spec)->BosId(), 0);
  spec.bos.reset();
  spec.text.before = {1, 0};  // which of them is BOS nothing says
  EXPECT_EQ(MakeHfTokenizer(spec)->BosId(), std::nullopt);
}

TEST(HfSpecTest, TheModelsIdsCountWhereNothingElseSays) {
  HfSpec spec = Spec();
  spec.added = {{.content = "<x>", .id = 4}};
  spec.model_bos = 1;
  spec.model_eos = 4;
  EXPECT_EQ(MakeHfTokenizer(spec)->BosId(), 1);
  EXPECT_EQ(MakeHfTokenizer(spec)->EosId(), 4);
  EXPECT_FALSE(MakeHfTokenizer(spec)->AddsBos());
  spec.text.before = {0};
  EXPECT_EQ(MakeHfTokenizer(spec)->BosId(), 0);
  spec.text.before = {};
  for (const std::int64_t no_token : {-1, 3, 5}) {
    spec.model_bos = no_token;
    EXPECT_EQ(MakeHfTokenizer(spec)->BosId(), std::nullopt) << no_token;
  }
}

TEST(HfSpecTest, AddedTokensMakeTheVocabularyLonger) {
  HfSpec spec = Spec();
  spec.added = {{.content = "<x>", .id = 4}};
  const Tokenizer tokenizer = MakeHfTokenizer(spec).value();
  EXPECT_EQ(tokenizer.VocabSize(), 5U);
  EXPECT_EQ(tokenizer.TokenText(4), "<x>");
  EXPECT_EQ(tokenizer.TokenText(3), "<id:3>");
}

TEST(HfSpecTest, KindNamesThePattern) {
  HfSpec spec = Spec();
  EXPECT_EQ(MakeHfTokenizer(spec)->Kind(), "bpe (own pattern)");
  spec.pre_tokenizer.last = PrePattern::kO200k;
  EXPECT_EQ(MakeHfTokenizer(spec)->Kind(), "bpe (gpt-4o)");
}

TEST(HfSpecTest, ATemplateOutsideTheVocabularyIsAnError) {
  HfSpec spec = Spec();
  spec.text.after = {9};
  EXPECT_FALSE(MakeHfTokenizer(spec).ok());
}

}  // namespace
}  // namespace pellucid
