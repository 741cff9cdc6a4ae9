// Ids and texts of tokenizer.json files against the real `tokenizers` library
// (tools/goldens): real tokenizers, where they are to be had, small files that
// toggle everything, and files that must be refused.
#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/mapped_file.h"
#include "base/sha256.h"
#include "formats/gguf.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pellucid/tokenizer.h"
#include "testutil/golden_json.h"
#include "testutil/model_path.h"
#include "tokenizer/gguf_loader.h"
#include "tokenizer/hf_loader.h"

namespace pellucid {
namespace {

using Ids = std::vector<TokenId>;
using Rows = std::vector<Ids>;
using Texts = std::vector<std::string>;

std::string HashOf(std::span<const std::byte> bytes) {
  Sha256 sha;
  sha.Update(bytes);
  return HexOf(sha.Finish());
}

// As tools/goldens/tokenizer_json.py shortens it.
std::string TextHash(const std::string& text) {
  return HashOf(std::as_bytes(std::span(text))).substr(0, 16);
}

std::string Name(std::string name) {
  std::ranges::replace_if(
      name, [](char c) { return c == '-' || c == '.'; }, '_');
  return name;
}

Ids Reversed(Ids ids) {
  std::ranges::reverse(ids);
  return ids;
}

Ids Joined(const Ids& prefix, const Ids& ids, const Ids& suffix) {
  Ids out = prefix;
  out.insert(out.end(), ids.begin(), ids.end());
  out.insert(out.end(), suffix.begin(), suffix.end());
  return out;
}

// Encodes every text with and without the template's tokens; `golden` holds
// "ids" of the latter, "prefix" and "suffix".
void ExpectIds(const Tokenizer& tokenizer, const Texts& texts,
               const std::string& golden) {
  const Rows ids = testutil::GoldenRows(golden, "ids");
  const Ids prefix = testutil::GoldenIntegers(golden, "prefix");
  const Ids suffix = testutil::GoldenIntegers(golden, "suffix");
  ASSERT_FALSE(texts.empty());
  ASSERT_EQ(ids.size(), texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    SCOPED_TRACE("text " + std::to_string(i) + ": " + texts[i]);
    const auto whole = tokenizer.Encode(texts[i]);
    ASSERT_TRUE(whole.ok()) << whole.error().message;
    EXPECT_EQ(whole->ids, Joined(prefix, ids[i], suffix));
    const auto plain =
        tokenizer.Encode(texts[i], {.add_special_tokens = false});
    ASSERT_TRUE(plain.ok()) << plain.error().message;
    EXPECT_EQ(plain->ids, ids[i]);
  }
}

// What `rows` decode to, against the hashes under `key` and, without special
// tokens, under `key`_no_special.
void ExpectTextHashes(const Tokenizer& tokenizer, const Rows& rows,
                      const std::string& golden, const std::string& key) {
  const Texts kept = testutil::GoldenStrings(golden, key);
  const Texts skipped = testutil::GoldenStrings(golden, key + "_no_special");
  ASSERT_FALSE(rows.empty());
  ASSERT_EQ(kept.size(), rows.size());
  ASSERT_EQ(skipped.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    SCOPED_TRACE(key + " " + std::to_string(i));
    std::string text = tokenizer.Decode(rows[i]);
    EXPECT_EQ(TextHash(text), kept[i]) << text;
    text = tokenizer.Decode(rows[i], /*skip_special_tokens=*/true);
    EXPECT_EQ(TextHash(text), skipped[i]) << text;
  }
}

// What comes id by id is what all ids give together.
void ExpectStreams(const Tokenizer& tokenizer, const Rows& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    SCOPED_TRACE("row " + std::to_string(i));
    for (const bool skip_special_tokens : {false, true}) {
      StreamDecoder stream(tokenizer, skip_special_tokens);
      std::string text;
      for (const TokenId id : rows[i]) text += stream.Push(id);
      text += stream.Finish();
      EXPECT_EQ(text, tokenizer.Decode(rows[i], skip_special_tokens));
    }
  }
}

// The texts of the corpus that `golden` lists the indices of under "corpus".
Texts ListedTexts(const std::string& golden) {
  const Texts corpus =
      testutil::GoldenStrings("tokenizer/json_corpus.json", "");
  Texts texts;
  for (const std::int32_t i : testutil::GoldenIntegers(golden, "corpus")) {
    texts.push_back(corpus.at(static_cast<std::size_t>(i)));
  }
  return texts;
}

// Compares the real tokenizer.json at `path` with its golden on `texts`.
void ExpectRealGolden(const std::string& path, const std::string& golden,
                      const Texts& texts) {
  const auto file = MappedFile::Open(path);
  ASSERT_TRUE(file.ok()) << file.error().message;
  ASSERT_EQ(HashOf(file->bytes()),
            testutil::GoldenMap(golden, "file")["sha256"])
      << path << " is another file than the golden is of";
  const auto tokenizer = LoadTokenizerJson(path);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message;

  ExpectIds(*tokenizer, texts, golden);
  Rows ids = testutil::GoldenRows(golden, "ids");
  ExpectStreams(*tokenizer, ids);
  ExpectTextHashes(*tokenizer, ids, golden, "ids_decoded");
  std::ranges::transform(ids, ids.begin(), Reversed);
  ExpectTextHashes(*tokenizer, ids, golden, "reversed_decoded");
  ExpectTextHashes(*tokenizer, testutil::GoldenRows(golden, "random_ids"),
                   golden, "random_decoded");
}

class RealTokenizerTest : public ::testing::TestWithParam<const char*> {};

TEST_P(RealTokenizerTest, EqualsTokenizers) {
  const std::string path = testutil::RealTokenizerPath(GetParam());
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "no " << path << "; script/get-tokenizers gets it";
  }
  const std::string golden =
      std::string("tokenizer/json_") + GetParam() + ".json";
  ExpectRealGolden(path, golden,
                   testutil::GoldenStrings("tokenizer/json_corpus.json", ""));
}

INSTANTIATE_TEST_SUITE_P(Names, RealTokenizerTest,
                         ::testing::Values("smollm2", "gpt2", "llama-3.1",
                                           "qwen3"),
                         [](const auto& test) { return Name(test.param); });

// Of further kinds, on an eighth of the corpus: byte fallback with and without
// a space put before, a normaliser NFKC, three patterns one after the other,
// 200,000 and 262,144 tokens, Unigram, WordPiece.
class SampledTokenizerTest : public ::testing::TestWithParam<const char*> {};

TEST_P(SampledTokenizerTest, EqualsTokenizers) {
  const std::string path = testutil::RealTokenizerPath(GetParam());
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "no " << path << "; script/get-tokenizers gets some";
  }
  const std::string golden =
      std::string("tokenizer/json_") + GetParam() + ".json";
  ExpectRealGolden(path, golden, ListedTexts(golden));
}

INSTANTIATE_TEST_SUITE_P(Names, SampledTokenizerTest,
                         ::testing::Values("llama2", "claude", "deepseek-v3",
                                           "gemma3", "gpt4o", "t5-small",
                                           "minilm"),
                         [](const auto& test) { return Name(test.param); });

// The tokenizer of Gemma 3 270M's GGUF is that of its tokenizer.json, less one
// token of images; but the file does not hold which added tokens are special:
// its writer took those for special whose names look so.
TEST(GgufTwinTest, Gemma3) {
  const std::string path = std::filesystem::path(testutil::DefaultModelPath())
                               .replace_filename("gemma-3-270m-q4_k_m.gguf")
                               .string();
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << path;
  const std::string golden = "tokenizer/json_gemma3.json";
  const auto file = GgufFile::Open(path);
  ASSERT_TRUE(file.ok()) << file.error().message;
  const auto loaded = LoadTokenizer(*file);
  ASSERT_TRUE(loaded.ok() && *loaded);
  const Tokenizer& tokenizer = **loaded;
  EXPECT_TRUE(tokenizer.AddsBos());

  ExpectIds(tokenizer, ListedTexts(golden), golden);
  const Rows ids = testutil::GoldenRows(golden, "ids");
  ExpectStreams(tokenizer, ids);
  const Texts decoded = testutil::GoldenStrings(golden, "ids_decoded");
  ASSERT_EQ(decoded.size(), ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::string text = tokenizer.Decode(ids[i]);
    EXPECT_EQ(TextHash(text), decoded[i]) << text;
  }
}

// Stems of the files NAME`suffix` in a folder of tests/golden, sorted.
Texts Stems(const std::string& folder, const std::string& suffix) {
  Texts stems;
  const std::filesystem::path path = testutil::GoldenPath(folder);
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(suffix)) continue;
    stems.push_back(name.substr(0, name.size() - suffix.size()));
  }
  std::ranges::sort(stems);
  return stems;
}

class FixtureTest : public ::testing::TestWithParam<std::string> {};

TEST_P(FixtureTest, EqualsTokenizers) {
  const std::string stem = "tokenizer/json/" + GetParam();
  const std::string golden = stem + ".golden.json";
  const auto tokenizer =
      LoadTokenizerJson(testutil::GoldenPath(stem + ".json"));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message;

  Texts texts = ListedTexts(golden);
  const Texts own = testutil::GoldenStrings(golden, "texts");
  texts.insert(texts.end(), own.begin(), own.end());
  ExpectIds(*tokenizer, texts, golden);

  const Rows ids = testutil::GoldenRows(golden, "ids");
  const Texts decoded = testutil::GoldenStrings(golden, "decoded");
  const Texts reversed = testutil::GoldenStrings(golden, "reversed_no_special");
  ASSERT_EQ(decoded.size(), ids.size());
  ASSERT_EQ(reversed.size(), ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    SCOPED_TRACE("text " + std::to_string(i) + ": " + texts[i]);
    EXPECT_EQ(tokenizer->Decode(ids[i]), decoded[i]);
    EXPECT_EQ(tokenizer->Decode(Reversed(ids[i]), /*skip_special_tokens=*/true),
              reversed[i]);
  }
}

INSTANTIATE_TEST_SUITE_P(Files, FixtureTest,
                         ::testing::ValuesIn(Stems("tokenizer/json",
                                                   ".golden.json")),
                         [](const auto& test) { return Name(test.param); });

class RefusedTest : public ::testing::TestWithParam<std::string> {};

TEST_P(RefusedTest, NamesFileAndCause) {
  const std::string path =
      testutil::GoldenPath("tokenizer/refused/" + GetParam() + ".json");
  const auto words = testutil::GoldenMap("tokenizer/refused.json", "");
  ASSERT_TRUE(words.contains(GetParam()));
  const auto tokenizer = LoadTokenizerJson(path);
  ASSERT_FALSE(tokenizer.ok())
      << "taken, though it should name " << words.at(GetParam());
  EXPECT_EQ(tokenizer.error().code, ErrorCode::kModel);
  EXPECT_THAT(tokenizer.error().message, ::testing::HasSubstr(path));
  EXPECT_THAT(tokenizer.error().message,
              ::testing::HasSubstr(words.at(GetParam())));
  EXPECT_THAT(tokenizer.error().message,
              ::testing::Not(::testing::HasSubstr("\n")));
}

INSTANTIATE_TEST_SUITE_P(Files, RefusedTest,
                         ::testing::ValuesIn(Stems("tokenizer/refused",
                                                   ".json")),
                         [](const auto& test) { return Name(test.param); });

}  // namespace
}  // namespace pellucid
