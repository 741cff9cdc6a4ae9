// tokenizer.json files and prompts that make careless code slow or large: each
// ends soon, with the expected ids or with an error. Sizes are such that work
// that grows with their square would take hours, so no clock is needed.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pellucid/tokenizer.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/hf_loader.h"

namespace pellucid {
namespace {

using Ids = std::vector<TokenId>;

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

// A tokenizer.json of the 256 bytes, by id, and what a test adds.
class Document {
 public:
  Document() {
    for (int byte = 0; byte < 256; ++byte) {
      std::string text;
      AppendAlphabet(std::string(1, static_cast<char>(byte)), text);
      Token(text);
    }
  }

  TokenId Token(std::string_view text) {
    Append(vocab_, Quoted(text) + ":" + std::to_string(size_));
    return size_++;
  }
  void Merge(std::string_view left, std::string_view right) {
    Append(merges_, "[" + Quoted(left) + "," + Quoted(right) + "]");
  }
  // `flag` is one of those that an added token has; the others are false.
  TokenId Added(std::string_view text, std::string_view flag = "special") {
    std::string entry = "{\"id\":" + std::to_string(size_ + added_count_) +
                        ",\"content\":" + Quoted(text);
    for (const std::string_view name :
         {"single_word", "lstrip", "rstrip", "normalized", "special"}) {
      entry += "," + Quoted(name) + (name == flag ? ":true" : ":false");
    }
    Append(added_, entry + "}");
    return size_ + added_count_++;
  }
  void Normalizer(std::string json) { normalizer_ = std::move(json); }
  void PreTokenizer(std::string json) { pre_tokenizer_ = std::move(json); }
  // A Split by `regex`, then the byte alphabet.
  void SplitBy(std::string_view regex) {
    PreTokenizer(R"({"type":"Sequence","pretokenizers":[{"type":"Split",)"
                 R"("pattern":{"Regex":)" +
                 Quoted(regex) + R"(},"behavior":"Isolated","invert":false},)" +
                 std::string(kAlphabet) + "]}");
  }

  Result<Tokenizer> Load() const {
    return ParseTokenizerJson(
        R"({"version":"1.0","truncation":null,"padding":null,)"
        R"("added_tokens":[)" +
            added_ + R"(],"normalizer":)" + normalizer_ +
            R"(,"pre_tokenizer":)" + pre_tokenizer_ +
            R"(,"post_processor":null,"decoder":)" + std::string(kAlphabet) +
            R"(,"model":{"type":"BPE","dropout":null,"unk_token":null,)"
            R"("continuing_subword_prefix":null,"end_of_word_suffix":null,)"
            R"("fuse_unk":false,"byte_fallback":false,"vocab":{)" +
            vocab_ + R"(},"merges":[)" + merges_ + "]}}",
        "tokenizer.json");
  }

  static constexpr std::string_view kAlphabet =
      R"({"type":"ByteLevel","add_prefix_space":false,)"
      R"("trim_offsets":true,"use_regex":false})";

 private:
  static void Append(std::string& list, const std::string& item) {
    if (!list.empty()) list += ',';
    list += item;
  }

  TokenId size_ = 0, added_count_ = 0;
  std::string vocab_, merges_, added_;
  std::string normalizer_ = "null";
  std::string pre_tokenizer_{kAlphabet};
};

std::string Repeated(std::string_view text, std::size_t count) {
  std::string out;
  out.reserve(text.size() * count);
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

// Requires that both work.
Ids Encode(const Document& document, std::string_view text) {
  const auto tokenizer = document.Load();
  if (!tokenizer.ok()) {
    ADD_FAILURE() << tokenizer.error().message;
    return {};
  }
  auto encoding = tokenizer->Encode(text);
  if (!encoding.ok()) {
    ADD_FAILURE() << encoding.error().message;
    return {};
  }
  return std::move(encoding)->ids;
}

constexpr std::size_t kMillion = 1'000'000;

TEST(HfBoundsTest, PromptOfFiftyMegabytes) {
  Document document;
  const TokenId the = document.Token("the");
  document.Token("th");
  document.Merge("t", "h");
  document.Merge("th", "e");
  const TokenId end = document.Added("<|end|>");
  document.SplitBy(R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+)"
                   R"(| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)");
  const std::string_view unit = "the <|end|> 1";
  const std::size_t count = 50 * kMillion / unit.size();
  const Ids ids = Encode(document, Repeated(unit, count));
  const Ids once = {the, ' ', end, ' ', '1'};
  ASSERT_EQ(ids.size(), once.size() * count);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ASSERT_EQ(ids[i], once[i % once.size()]) << i;
  }
}

TEST(HfBoundsTest, OnePieceOfMillionsMergesInHalves) {
  Document document;
  std::string run = "a";
  TokenId longest = 0;
  for (int doubling = 0; doubling < 10; ++doubling) {
    document.Merge(run, run);
    run += run;
    longest = document.Token(run);
  }
  const Ids ids = Encode(document, std::string((1 << 21) + 1, 'a'));
  ASSERT_EQ(ids.size(), (1U << 11) + 1);
  EXPECT_EQ(std::ranges::count(ids, longest), 1 << 11);
  EXPECT_EQ(ids.back(), 'a');
}

// Each merge makes a piece shorter, whatever it makes: rules that lead to each
// other's parts end as well.
TEST(HfBoundsTest, MergesInACircleEnd) {
  Document document;
  const TokenId ab = document.Token("ab");
  for (const char* text : {"ba", "aba", "bab"}) document.Token(text);
  document.Merge("a", "b");
  document.Merge("b", "a");
  document.Merge("ab", "a");
  document.Merge("b", "ab");
  document.Merge("a", "ba");
  document.Merge("ba", "b");
  const Ids ids = Encode(document, Repeated("ab", kMillion / 2));
  EXPECT_EQ(ids, Ids(kMillion / 2, ab));
}

TEST(HfBoundsTest, EqualMergesCountOnce) {
  Document document;
  const TokenId ab = document.Token("ab");
  for (int i = 0; i < 200'000; ++i) document.Merge("a", "b");
  EXPECT_EQ(Encode(document, "abab"), (Ids{ab, ab}));
}

TEST(HfBoundsTest, HundredThousandAddedTokens) {
  Document document;
  std::string text;
  Ids expected;
  for (int i = 0; i < 100'000; ++i) {
    const std::string token = "<|extra_" + std::to_string(i) + "|>";
    expected.push_back(document.Added(token));
    text += token;
    if (i % 3 == 0) {
      text += 'x';
      expected.push_back('x');
    }
  }
  EXPECT_EQ(Encode(document, text), expected);
}

// Every one of them begins at every place of the text.
TEST(HfBoundsTest, AddedTokensThatBeginAlike) {
  Document document;
  constexpr std::size_t kLongest = 2'000;
  std::vector<TokenId> id_of(kLongest + 1);
  for (std::size_t length = 2; length <= kLongest; ++length) {
    id_of[length] = document.Added(std::string(length, 'z'));
  }
  const std::size_t rest = 7;
  const Ids ids = Encode(document, std::string(kMillion + rest, 'z'));
  Ids expected(kMillion / kLongest, id_of[kLongest]);
  expected.push_back(id_of[rest]);
  EXPECT_EQ(ids, expected);
}

TEST(HfBoundsTest, AddedTokensThatTakeWhiteSpace) {
  Document document;
  const TokenId left = document.Added("<L>", "lstrip");
  const TokenId right = document.Added("<R>", "rstrip");
  const std::string spaces(kMillion, ' ');
  EXPECT_EQ(Encode(document, "a" + spaces + "<L>"), (Ids{'a', left}));
  EXPECT_EQ(Encode(document, "<R>" + spaces + "a"), (Ids{right, 'a'}));
  const Ids ids = Encode(document, Repeated(" <L>", 100'000) + "<R>" + spaces);
  Ids expected(100'000, left);
  expected.push_back(right);
  EXPECT_EQ(ids, expected);
}

// An added token of one space is found inside of what <R> takes.
TEST(HfBoundsTest, AddedTokensInsideOfTakenWhiteSpace) {
  Document document;
  const TokenId right = document.Added("<R>", "rstrip");
  const TokenId space = document.Added(" ", "special");
  Ids expected(200'001, space);
  expected.front() = right;
  EXPECT_EQ(Encode(document, "<R>" + std::string(200'000, ' ')), expected);
}

TEST(HfBoundsTest, AddedTokensThatAreNoWordOfTheirOwn) {
  Document document;
  document.Added("<w>", "single_word");
  const Ids ids = Encode(document, Repeated("x<w>y", 200'000));
  ASSERT_EQ(ids.size(), kMillion);
  EXPECT_EQ(Ids(ids.begin(), ids.begin() + 5), (Ids{'x', '<', 'w', '>', 'y'}));
}

// What a pattern or a replacement may cost is limited: the call fails, or it
// gives a result, but it comes back.
void ExpectReturns(const Document& document, const std::string& text) {
  const auto tokenizer = document.Load();
  if (!tokenizer.ok()) {
    EXPECT_EQ(tokenizer.error().code, ErrorCode::kModel);
    return;
  }
  const auto encoding = tokenizer->Encode(text);
  EXPECT_TRUE(encoding.ok() || !encoding.error().message.empty());
}

TEST(HfBoundsTest, PatternsThatBacktrack) {
  for (const char* regex :
       {"(a+)+$", "(a|a)*b", "(?:a?){40}a{40}", "(.*)*x", "\\s+\\S"}) {
    SCOPED_TRACE(regex);
    Document document;
    document.SplitBy(regex);
    ExpectReturns(document, std::string(50, 'a') + "!");
    ExpectReturns(document, std::string(200'000, ' '));
  }
}

TEST(HfBoundsTest, PatternsThatAreLarge) {
  const std::string deep =
      std::string(20'000, '(') + "a" + std::string(20'000, ')');
  for (const std::string& regex :
       {deep, std::string("(a{1000}){1000}"), std::string("((a{99}){99}){99}"),
        Repeated("a|", kMillion) + "b"}) {
    SCOPED_TRACE(regex.substr(0, 20));
    Document document;
    document.SplitBy(regex);
    ExpectReturns(document, "aaab");
  }
}

TEST(HfBoundsTest, ReplacementsThatMultiply) {
  std::string list;
  for (int i = 0; i < 60; ++i) {
    if (i > 0) list += ',';
    list += R"({"type":"Replace","pattern":{"String":"a"},"content":"aa"})";
  }
  Document document;
  document.Normalizer(R"({"type":"Sequence","normalizers":[)" + list + "]}");
  ExpectReturns(document, "a");
  document.Added("taa", "normalized");  // as its normal form, it has no end
  ExpectReturns(document, "b");
}

TEST(HfBoundsTest, SequencesInSequences) {
  for (const int depth : {50, 900, 100'000}) {
    SCOPED_TRACE(depth);
    std::string open, close;
    for (int i = 0; i < depth; ++i) {
      open += R"({"type":"Sequence","pretokenizers":[)";
      close += "]}";
    }
    Document document;
    document.PreTokenizer(open + std::string(Document::kAlphabet) + close);
    ExpectReturns(document, "a b");
  }
}

}  // namespace
}  // namespace pellucid
