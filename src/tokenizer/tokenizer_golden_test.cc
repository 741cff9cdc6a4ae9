// Ids and texts against the real `tokenizers` library (tools/goldens): the
// default model's tokenizer, and four small vocabularies, one a pre-tokeniser.
#include <string>
#include <vector>

#include "formats/gguf.h"
#include "gtest/gtest.h"
#include "pellucid/tokenizer.h"
#include "testutil/golden_json.h"
#include "testutil/model_path.h"
#include "tokenizer/gguf_loader.h"

namespace pellucid {
namespace {

Result<std::optional<Tokenizer>> Load(const std::string& path) {
  PELLUCID_ASSIGN_OR_RETURN(const GgufFile file, GgufFile::Open(path));
  return LoadTokenizer(file);
}

// Compares all texts of the corpus with the golden ids and decoded texts.
void ExpectGolden(const std::string& model, const std::string& golden) {
  auto loaded = Load(model);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  const Tokenizer tokenizer = std::move(loaded).value().value();
  const auto texts = testutil::GoldenStrings("tokenizer/corpus.json", "");
  const auto ids = testutil::GoldenRows(golden, "ids");
  const auto decoded = testutil::GoldenStrings(golden, "decoded");
  const auto no_special = testutil::GoldenStrings(golden, "decoded_no_special");
  ASSERT_FALSE(texts.empty());
  ASSERT_EQ(ids.size(), texts.size());
  ASSERT_EQ(decoded.size(), texts.size());
  ASSERT_EQ(no_special.size(), texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    SCOPED_TRACE("text " + std::to_string(i) + ": " + texts[i]);
    const auto encoding = tokenizer.Encode(texts[i]);
    ASSERT_TRUE(encoding.ok()) << encoding.error().message;
    EXPECT_EQ(encoding->ids, ids[i]);
    EXPECT_EQ(tokenizer.Decode(ids[i]), decoded[i]);
    EXPECT_EQ(tokenizer.Decode(ids[i], /*skip_special_tokens=*/true),
              no_special[i]);
  }
}

TEST(TokenizerGoldenTest, DefaultModel) {
  if (!testutil::HasDefaultModel()) {
    GTEST_SKIP() << "no default model at " << testutil::DefaultModelPath();
  }
  ExpectGolden(testutil::DefaultModelPath(), "tokenizer/smollm2.json");
}

TEST(TokenizerGoldenTest, DefaultModelKnownTokens) {
  if (!testutil::HasDefaultModel()) {
    GTEST_SKIP() << "no default model at " << testutil::DefaultModelPath();
  }
  const Tokenizer tokenizer =
      Load(testutil::DefaultModelPath()).value().value();
  EXPECT_EQ(tokenizer.VocabSize(), 49152U);
  EXPECT_EQ(tokenizer.Kind(), "bpe (smollm)");
  EXPECT_FALSE(tokenizer.AddsBos());
  EXPECT_EQ(tokenizer.BosId(), 1);
  EXPECT_EQ(tokenizer.EosId(), 2);
  EXPECT_EQ(tokenizer.FindToken(" Paris"), 7042);
  EXPECT_EQ(tokenizer.TokenText(3575), " capital");
  EXPECT_EQ(tokenizer.TokenText(49155), "<id:49155>");
  EXPECT_EQ(tokenizer.FindToken("<|im_end|>"), 2);
}

class TinyGoldenTest : public ::testing::TestWithParam<const char*> {};

TEST_P(TinyGoldenTest, EqualsTokenizers) {
  const std::string stem = std::string("tokenizer/tiny_") + GetParam();
  ExpectGolden(testutil::GoldenPath(stem + ".gguf"), stem + ".json");
}

INSTANTIATE_TEST_SUITE_P(Pre, TinyGoldenTest,
                         ::testing::Values("gpt-2", "smollm", "llama-bpe",
                                           "qwen2"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace pellucid
