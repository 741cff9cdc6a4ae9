#include "tokenizer/decoder.h"

#include <cstdint>

#include "base/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/byte_tokens.h"

namespace pellucid {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

// Replaces every `from`, from left to right; an empty one is nowhere.
void ReplaceAll(std::string& text, std::string_view from, std::string_view to) {
  std::size_t at = text.find(from);
  if (at == text.npos || from.empty()) return;
  std::string made;
  std::size_t begin = 0;
  for (; at != text.npos; at = text.find(from, begin)) {
    made.append(text, begin, at - begin).append(to);
    begin = at + from.size();
  }
  text = made.append(text, begin);
}

std::string Join(std::span<const std::string> tokens) {
  std::string text;
  for (const std::string& token : tokens) text.append(token);
  return text;
}

class ByteLevelDecoder : public DecoderStep {
 public:
  void Apply(std::vector<std::string>& tokens) const override {
    std::string bytes;
    for (const std::string& token : tokens) AppendBytes(token, bytes);
    tokens = {LossyUtf8(bytes)};
  }
  void ApplyAlone(std::string& token) const override {
    std::string bytes;
    AppendBytes(token, bytes);
    token = std::move(bytes);
  }
  void Spell(std::string& token) const override {
    std::string spelt;
    AppendAlphabet(token, spelt);
    token = std::move(spelt);
  }

 private:
  static void AppendBytes(std::string_view token, std::string& bytes) {
    if (!AppendAlphabetBytes(token, bytes)) bytes.append(token);
  }
};

class ReplaceDecoder : public DecoderStep {
 public:
  ReplaceDecoder(TextPattern pattern, std::string literal, std::string content)
      : pattern_(std::move(pattern)),
        literal_(std::move(literal)),
        content_(std::move(content)) {}
  void Apply(std::vector<std::string>& tokens) const override {
    for (std::string& token : tokens) ApplyAlone(token);
  }
  void ApplyAlone(std::string& token) const override {
    if (!literal_.empty()) {
      ReplaceAll(token, literal_, content_);
      return;
    }
    TextBudget budget(token.size());
    const auto matches = pattern_.FindAll(token, budget);
    if (!matches.ok()) return;
    std::string made;
    std::size_t begin = 0;
    for (const MatchSpan& match : *matches) {
      made.append(token, begin, match.begin - begin).append(content_);
      begin = match.end;
    }
    token = made.append(token, begin);
  }
  void Spell(std::string& token) const override {
    if (literal_.empty() || content_.empty()) return;
    ReplaceAll(token, content_, literal_);
  }

 private:
  TextPattern pattern_;
  std::string literal_;  // empty: the pattern
  std::string content_;
};

class ByteFallbackDecoder : public DecoderStep {
 public:
  void Apply(std::vector<std::string>& tokens) const override {
    std::vector<std::string> made;
    std::string bytes;
    const auto flush = [&] {
      if (bytes.empty()) return;
      if (FirstInvalidUtf8(bytes)) {
        for (std::size_t i = 0; i < bytes.size(); ++i) {
          made.emplace_back(kReplacement);
        }
      } else {
        made.push_back(bytes);
      }
      bytes.clear();
    };
    for (std::string& token : tokens) {
      if (const auto byte = ByteOfToken(token)) {
        bytes += static_cast<char>(*byte);
        continue;
      }
      flush();
      made.push_back(std::move(token));
    }
    flush();
    tokens = std::move(made);
  }
  void ApplyAlone(std::string& token) const override {
    if (const auto byte = ByteOfToken(token)) token = static_cast<char>(*byte);
  }
  void Spell(std::string& token) const override {
    if (token.size() != 1) return;
    token = ByteTokenText(static_cast<std::uint8_t>(token[0]));
  }
};

class FuseDecoder : public DecoderStep {
 public:
  void Apply(std::vector<std::string>& tokens) const override {
    tokens = {Join(tokens)};
  }
};

class StripDecoder : public DecoderStep {
 public:
  StripDecoder(std::string content, std::size_t start, std::size_t stop)
      : content_(std::move(content)), start_(start), stop_(stop) {}
  void Apply(std::vector<std::string>& tokens) const override {
    for (std::string& token : tokens) {
      std::string_view text = token;
      for (std::size_t i = 0; i < start_ && text.starts_with(content_); ++i) {
        text.remove_prefix(content_.size());
      }
      for (std::size_t i = 0; i < stop_ && text.ends_with(content_); ++i) {
        text.remove_suffix(content_.size());
      }
      token = std::string(text);
    }
  }

 private:
  std::string content_;  // one character
  std::size_t start_, stop_;
};

class MetaspaceDecoder : public DecoderStep {
 public:
  MetaspaceDecoder(std::string replacement, bool keeps_first)
      : replacement_(std::move(replacement)), keeps_first_(keeps_first) {}
  void Apply(std::vector<std::string>& tokens) const override {
    bool drops = !keeps_first_;
    for (std::string& token : tokens) {
      ReplaceAll(token, replacement_, drops ? "" : " ");
      drops = false;
    }
  }
  void ApplyAlone(std::string& token) const override {
    ReplaceAll(token, replacement_, " ");
  }
  void Spell(std::string& token) const override {
    ReplaceAll(token, " ", replacement_);
  }

 private:
  std::string replacement_;
  bool keeps_first_;
};

// The order is upstream's.
void CleanUp(std::string& text) {
  static constexpr std::pair<std::string_view, std::string_view> kPairs[] = {
      {" .", "."},   {" ?", "?"},     {" !", "!"},    {" ,", ","},
      {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},  {" do not", " don't"},
      {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& [from, to] : kPairs) ReplaceAll(text, from, to);
}

class WordPieceDecoder : public DecoderStep {
 public:
  WordPieceDecoder(std::string prefix, bool cleans_up)
      : prefix_(std::move(prefix)), cleans_up_(cleans_up) {}
  void Apply(std::vector<std::string>& tokens) const override {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      std::string& token = tokens[i];
      if (i > 0 && token.starts_with(prefix_)) {
        token.erase(0, prefix_.size());
      } else if (i > 0) {
        std::string spaced(1, ' ');
        token = std::move(spaced.append(token));
      }
      if (cleans_up_) CleanUp(token);
    }
  }

 private:
  std::string prefix_;
  bool cleans_up_;
};

class WordEndDecoder : public DecoderStep {
 public:
  explicit WordEndDecoder(std::string suffix) : suffix_(std::move(suffix)) {}
  void Apply(std::vector<std::string>& tokens) const override {
    for (std::string& token : tokens) {
      ReplaceAll(token, suffix_, &token == &tokens.back() ? "" : " ");
    }
  }
  void ApplyAlone(std::string& token) const override {
    ReplaceAll(token, suffix_, " ");
  }
  void Spell(std::string& token) const override {
    ReplaceAll(token, " ", suffix_);
  }

 private:
  std::string suffix_;
};

}  // namespace

void DecoderStep::ApplyAlone(std::string&) const {}
void DecoderStep::Spell(std::string&) const {}

DecoderStepPtr MakeByteLevelDecoder() {
  return std::make_shared<ByteLevelDecoder>();
}

DecoderStepPtr MakeReplaceDecoder(TextPattern pattern, std::string content) {
  return std::make_shared<ReplaceDecoder>(std::move(pattern), std::string(),
                                          std::move(content));
}

DecoderStepPtr MakeReplaceDecoder(std::string literal, std::string content) {
  TextPattern pattern = TextPattern::Literal(literal);
  return std::make_shared<ReplaceDecoder>(
      std::move(pattern), std::move(literal), std::move(content));
}

DecoderStepPtr MakeByteFallbackDecoder() {
  return std::make_shared<ByteFallbackDecoder>();
}

DecoderStepPtr MakeFuseDecoder() { return std::make_shared<FuseDecoder>(); }

DecoderStepPtr MakeStripDecoder(std::string content, std::size_t start,
                                std::size_t stop) {
  return std::make_shared<StripDecoder>(std::move(content), start, stop);
}

DecoderStepPtr MakeMetaspaceDecoder(std::string replacement, bool keeps_first) {
  return std::make_shared<MetaspaceDecoder>(std::move(replacement),
                                            keeps_first);
}

DecoderStepPtr MakeWordPieceDecoder(std::string prefix, bool cleans_up) {
  return std::make_shared<WordPieceDecoder>(std::move(prefix), cleans_up);
}

DecoderStepPtr MakeWordEndDecoder(std::string suffix) {
  return std::make_shared<WordEndDecoder>(std::move(suffix));
}

std::string Decoder::Decode(std::span<const std::string_view> tokens) const {
  if (!joins_) {
    std::string text;
    for (const std::string_view& token : tokens) {
      if (&token != &tokens.front()) text += ' ';
      text.append(token);
    }
    return text;
  }
  std::vector<std::string> parts(tokens.begin(), tokens.end());
  for (const DecoderStepPtr& step : steps_) step->Apply(parts);
  return Join(parts);
}

std::string Decoder::DecodeAlone(std::string_view token) const {
  std::string bytes(token);
  for (const DecoderStepPtr& step : steps_) step->ApplyAlone(bytes);
  return bytes;
}

std::vector<std::string> Decoder::Spellings(std::string_view bytes) const {
  std::vector<std::string> spellings;
  // All steps undone, the last first; and each of them by itself.
  std::string spelt(bytes);
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
    (*step)->Spell(spelt);
  }
  spellings.push_back(std::move(spelt));
  for (const DecoderStepPtr& step : steps_) {
    step->Spell(spellings.emplace_back(bytes));
  }
  spellings.emplace_back(bytes);
  return spellings;
}

}  // namespace pellucid
