// The steps of a pre-tokenizer that look at classes of characters, and
// Metaspace; those that look for patterns are in pre_tokenizer.cc.
#include <algorithm>
#include <optional>

#include "base/utf8.h"
#include "tokenizer/pre_token_edit.h"
#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/unicode_property.h"
#include "tokenizer/unicode_tables.h"

namespace pellucid {
namespace {

bool IsSpace(char32_t code) { return (ClassOf(code) & kSpace) != 0; }

bool IsPunctuation(char32_t code) {
  if (code >= 0x80) return IsOldClass(code, OldClass::kPunctuation);
  return (code >= '!' && code <= '/') || (code >= ':' && code <= '@') ||
         (code >= '[' && code <= '`') || (code >= '{' && code <= '~');
}

// Every character that `is_match` takes is a match by itself.
template <typename IsMatch>
class ClassStep : public PreTokenizerStep {
 public:
  ClassStep(IsMatch is_match, SplitBehavior behavior)
      : is_match_(is_match), behavior_(behavior) {}
  Status Apply(PreTokens& tokens, TextBudget&) const override {
    std::vector<MatchSpan> matches;
    return CutEach(tokens, [&](std::string_view piece, auto& out) -> Status {
      matches.clear();
      for (std::size_t at = 0; at < piece.size();) {
        const Utf8Char c = DecodeUtf8(piece, at);
        if (is_match_(c.code)) matches.push_back({at, at + c.bytes});
        at += c.bytes;
      }
      AppendSplit(piece, matches, behavior_, /*invert=*/false, out);
      return {};
    });
  }

 private:
  IsMatch is_match_;
  SplitBehavior behavior_;
};

template <typename IsMatch>
PreTokenizerStepPtr MakeClassStep(IsMatch is_match, SplitBehavior behavior) {
  return std::make_shared<ClassStep<IsMatch>>(is_match, behavior);
}

// Runs of characters of equal kind_of(code); those of kind 0 are left out.
template <typename KindOf>
Status CutRuns(PreTokens& tokens, const KindOf& kind_of) {
  return CutEach(tokens, [&](std::string_view piece, auto& out) -> Status {
    std::size_t begin = 0;
    int kind = 0;
    for (std::size_t at = 0; at < piece.size();) {
      const Utf8Char c = DecodeUtf8(piece, at);
      const int next = kind_of(c.code);
      if (next != kind) {
        if (kind != 0) out.push_back(piece.substr(begin, at - begin));
        begin = at;
        kind = next;
      }
      at += c.bytes;
    }
    if (kind != 0) out.push_back(piece.substr(begin));
    return {};
  });
}

class WordsStep : public PreTokenizerStep {
 public:
  Status Apply(PreTokens& tokens, TextBudget&) const override {
    return CutRuns(tokens, [](char32_t code) {
      if ((WordClassOf(code) & kWord) != 0) return 1;
      return IsSpace(code) ? 0 : 2;
    });
  }
};

class MetaspaceStep : public PreTokenizerStep {
 public:
  MetaspaceStep(std::string replacement, MetaspaceScheme scheme, bool splits)
      : replacement_(std::move(replacement)),
        scheme_(scheme),
        splits_(splits) {}
  Status Apply(PreTokens& tokens, TextBudget& budget) const override {
    bool is_first = tokens.at_start;
    RewriteEach(tokens, [&](std::string_view piece, std::string& storage) {
      const bool wanted = scheme_ == MetaspaceScheme::kAlways ||
                          (scheme_ == MetaspaceScheme::kFirst && is_first);
      is_first = false;
      const bool has =
          piece.starts_with(' ') || piece.starts_with(replacement_);
      if (wanted && !has) storage.append(replacement_);
      for (const char byte : piece) {
        if (byte == ' ') {
          storage.append(replacement_);
        } else {
          storage += byte;
        }
      }
    });
    if (!splits_) return {};
    const TextPattern pattern = TextPattern::Literal(replacement_);
    return CutEach(tokens, [&](std::string_view piece, auto& out) -> Status {
      PELLUCID_ASSIGN_OR_RETURN(const auto matches,
                                pattern.FindAll(piece, budget));
      AppendSplit(piece, matches, SplitBehavior::kMergedWithNext,
                  /*invert=*/false, out);
      return {};
    });
  }

 private:
  std::string replacement_;
  MetaspaceScheme scheme_;
  bool splits_;
};

// The kana count as Han, and so does the sign that makes vowels long; a space
// and a character without a script have none.
std::optional<std::uint8_t> ScriptOf(char32_t code) {
  static const std::uint8_t han = OldScriptOf(0x4e00);
  static const std::uint8_t hiragana = OldScriptOf(0x3042);
  static const std::uint8_t katakana = OldScriptOf(0x30a2);
  if (code == 0x30fc) return han;
  const std::uint8_t script = OldScriptOf(code);
  if (code == ' ' || script == kNoScript) return std::nullopt;
  return script == hiragana || script == katakana ? han : script;
}

class ScriptsStep : public PreTokenizerStep {
 public:
  Status Apply(PreTokens& tokens, TextBudget&) const override {
    return CutEach(tokens, [](std::string_view piece, auto& out) -> Status {
      std::optional<std::uint8_t> before;
      std::size_t begin = 0;
      for (std::size_t at = 0; at < piece.size();) {
        const Utf8Char c = DecodeUtf8(piece, at);
        if (const auto script = ScriptOf(c.code); script && script != before) {
          // What stands before the first script is left out, as upstream.
          if (before) out.push_back(piece.substr(begin, at - begin));
          begin = at;
          before = script;
        }
        at += c.bytes;
      }
      if (before) out.push_back(piece.substr(begin));
      return {};
    });
  }
};

class FixedLengthStep : public PreTokenizerStep {
 public:
  explicit FixedLengthStep(std::size_t length) : length_(length) {}
  Status Apply(PreTokens& tokens, TextBudget&) const override {
    return CutEach(tokens, [this](std::string_view piece, auto& out) -> Status {
      for (std::size_t at = 0; at < piece.size();) {
        const std::size_t begin = at;
        for (std::size_t i = 0; i < length_ && at < piece.size(); ++i) {
          at += DecodeUtf8(piece, at).bytes;
        }
        out.push_back(piece.substr(begin, at - begin));
      }
      return {};
    });
  }

 private:
  std::size_t length_;
};

}  // namespace

PreTokenizerStepPtr MakePunctuationStep(SplitBehavior behavior) {
  return MakeClassStep(IsPunctuation, behavior);
}

PreTokenizerStepPtr MakeSpacesStep(SplitBehavior behavior) {
  return MakeClassStep(IsSpace, behavior);
}

PreTokenizerStepPtr MakeDelimiterStep(char32_t delimiter) {
  return MakeClassStep([=](char32_t code) { return code == delimiter; },
                       SplitBehavior::kRemoved);
}

PreTokenizerStepPtr MakeWordsStep() { return std::make_shared<WordsStep>(); }

PreTokenizerStepPtr MakeMetaspaceStep(std::string replacement,
                                      MetaspaceScheme scheme, bool splits) {
  return std::make_shared<MetaspaceStep>(std::move(replacement), scheme,
                                         splits);
}

PreTokenizerStepPtr MakeScriptsStep() {
  return std::make_shared<ScriptsStep>();
}

PreTokenizerStepPtr MakeFixedLengthStep(std::size_t length) {
  return std::make_shared<FixedLengthStep>(length);
}

}  // namespace pellucid
