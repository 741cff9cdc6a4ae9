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

using ::testing::HasSubstr;
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

// What a pattern or a step may cost is limited. Requires that the document
// does not load, or that `text` does not encode, and says why.
std::string ErrorOf(const Document& document, std::string_view text) {
  const auto tokenizer = document.Load();
  if (!tokenizer.ok()) {
    EXPECT_EQ(tokenizer.error().code, ErrorCode::kModel);
    return tokenizer.error().message;
  }
  const auto encoding = tokenizer->Encode(text);
  if (encoding.ok()) return "no error";
  EXPECT_EQ(encoding.error().code, ErrorCode::kModel);
  return encoding.error().message;
}

TEST(HfBoundsTest, PatternsThatBacktrack) {
  struct Case {
    const char* regex;
    bool letters_fail, spaces_fail;  // the engine knows when none can match
  };
  const std::string letters = std::string(50, 'a') + "!";
  const std::string spaces(200'000, ' ');
  for (const Case& c :
       {Case{"(a+)+$", true, false}, Case{"(a|a)*b", false, false},
        Case{"(?:a?){40}a{40}", false, false}, Case{"(.*)*x", false, false},
        Case{"\\s+\\S", false, true}}) {
    SCOPED_TRACE(c.regex);
    Document document;
    document.SplitBy(c.regex);
    const auto expect = [&](const std::string& text, bool fails) {
      if (fails) {
        EXPECT_THAT(ErrorOf(document, text), HasSubstr("gives up at byte 0"));
      } else {
        EXPECT_EQ(Encode(document, text), Ids(text.begin(), text.end()));
      }
    };
    expect(letters, c.letters_fail);
    expect(spaces, c.spaces_fail);
  }
}

// Each word takes milliseconds, far from the limit of one search.
TEST(HfBoundsTest, PiecesThatBacktrackShareOneLimit) {
  const auto split = [](std::string_view regex) {
    return R"({"type":"Split","pattern":{"Regex":)" + Quoted(regex) +
           R"(},"behavior":"Isolated","invert":false},)";
  };
  const std::string slow = split("(?:a|a|aa)*[bc]|(?:a|aa)*\\d") +
                           std::string(Document::kAlphabet) + "]}";
  const std::string open = R"({"type":"Sequence","pretokenizers":[)";
  const std::string text = Repeated(std::string(15, 'a') + ' ', 3'000);
  Document document;
  document.PreTokenizer(open + split(" ") + slow);
  EXPECT_THAT(ErrorOf(document, text), HasSubstr("takes too long"));
  document.PreTokenizer(open + slow);
  document.Added(" ");  // cuts as well
  EXPECT_THAT(ErrorOf(document, text), HasSubstr("takes too long"));
}

TEST(HfBoundsTest, PatternsThatAreLarge) {
  const std::string deep =
      std::string(20'000, '(') + "a" + std::string(20'000, ')');
  for (const std::string& regex : {deep, Repeated("a|", kMillion) + "b"}) {
    Document document;
    document.SplitBy(regex);
    EXPECT_THAT(ErrorOf(document, "aaab"),
                HasSubstr("bytes, at most 16384 are supported"));
  }
  for (const char* regex : {"(a{1000}){1000}", "((a{99}){99}){99}"}) {
    Document document;
    document.SplitBy(regex);
    EXPECT_EQ(Encode(document, "aaab"), (Ids{'a', 'a', 'a', 'b'}));
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
  EXPECT_EQ(Encode(document, "b"), Ids{'b'});
  EXPECT_THAT(ErrorOf(document, "a"),
              HasSubstr("its normaliser makes 2097152 bytes of the text, at "
                        "most 1048592"));
  document.Added("taa", "normalized");  // as its normal form, it has no end
  EXPECT_FALSE(document.Load().ok());
}

// What is made of each text between added tokens is below the limit.
TEST(HfBoundsTest, AddedTokensDoNotMultiplyNormalizedText) {
  Document document;
  document.Added("<s>");
  document.Normalizer(R"({"type":"Prepend","prepend":)" +
                      Quoted(std::string(900'000, 'p')) + "}");
  EXPECT_EQ(Encode(document, "<s>a").size(), 900'002U);
  EXPECT_THAT(ErrorOf(document, Repeated("<s>a", 400)),
              HasSubstr("its normaliser makes 1800002 bytes of the text, at "
                        "most 1074176"));
}

// A step afterwards that takes it away again does not make it free.
TEST(HfBoundsTest, NormalizedTextThatIsRemovedCounts) {
  Document document;
  document.Added("<s>");
  document.Normalizer(
      R"({"type":"Sequence","normalizers":[{"type":"Prepend","prepend":)" +
      Quoted(std::string(900'000, ' ')) +
      R"(},{"type":"Strip","strip_left":true,"strip_right":true}]})");
  EXPECT_EQ(Encode(document, "<s>a").size(), 2U);
  EXPECT_THAT(ErrorOf(document, Repeated("<s>a", 400)),
              HasSubstr("its normaliser makes 1800002 bytes"));
}

// A Sequence of `count` byte alphabets, of which the last makes no text. Each
// spells the two bytes of "\u00e9", and what becomes of them, with twice as
// many.
std::string Alphabets(int count) {
  std::string list(Document::kAlphabet);
  for (int i = 1; i < count; ++i) list.append(",").append(Document::kAlphabet);
  return R"({"type":"Sequence","pretokenizers":[)" + list + "]}";
}

TEST(HfBoundsTest, AlphabetsThatMultiply) {
  Document document;
  document.PreTokenizer(Alphabets(61));
  EXPECT_THAT(ErrorOf(document, "\u00e9"),
              HasSubstr("its pre-tokenizer makes 2097152 bytes of the text, at "
                        "most 1048608"));
}

TEST(HfBoundsTest, AddedTokensDoNotMultiplyPreTokenizedText) {
  Document document;
  document.Added("<s>");
  document.PreTokenizer(Alphabets(18));
  EXPECT_EQ(Encode(document, "<s>\u00e9").size(), (1U << 18) + 1);
  EXPECT_THAT(ErrorOf(document, Repeated("<s>\u00e9", 400)),
              HasSubstr("its pre-tokenizer makes 1081344 bytes of the text, at "
                        "most 1080576"));
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
    if (depth < 100) {
      EXPECT_EQ(Encode(document, "a b"), (Ids{'a', ' ', 'b'}));
    } else {
      EXPECT_THAT(ErrorOf(document, "a b"), HasSubstr("too deep"));
    }
  }
}

}  // namespace
}  // namespace pellucid
