// "pre_tokenizer" of a tokenizer.json (formats 6.4).
#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "base/quote.h"
#include "base/utf8.h"
#include "fmt/format.h"
#include "tokenizer/hf_sections.h"

namespace pellucid {
namespace {

constexpr std::string_view kSupported =
    "Split, ByteLevel, Digits, Metaspace, Punctuation, Whitespace, "
    "WhitespaceSplit, BertPreTokenizer, CharDelimiterSplit, UnicodeScripts, "
    "FixedLength, Sequence";

// Puts the steps together as they come. What can be the last pattern, or the
// bytes that the model reads, stays so until another step follows.
class Builder {
 public:
  void Push(PreTokenizerStepPtr step) {
    Settle();
    after_digits_ = false;
    pre_.steps.push_back(std::move(step));
  }
  void PushDigits(bool runs) {
    Push(MakeDigitsStep(runs));
    after_digits_ = !runs;
  }
  void PushPattern(PrePattern pattern) {
    Settle();
    if (after_digits_ && pattern == PrePattern::kGpt2) {
      pre_.steps.pop_back();  // the matcher for both is faster
      pattern = PrePattern::kSmolLm;
    }
    after_digits_ = false;
    pre_.last = pattern;
  }
  void PushBytes() {
    if (pre_.byte_level) Settle();
    pre_.byte_level = true;
  }
  PreTokenizer Take() && { return std::move(pre_); }

 private:
  void Settle() {
    if (pre_.last) {
      pre_.steps.push_back(MakePatternStep(*pre_.last));
      after_digits_ = false;
    }
    pre_.last.reset();
    if (pre_.byte_level) {
      pre_.steps.push_back(MakeByteAlphabetStep());
      after_digits_ = false;
    }
    pre_.byte_level = false;
  }

  PreTokenizer pre_;
  bool after_digits_ = false;  // the last step is Digits, each alone
};

// "behavior"; `fallback` where there is none.
Result<SplitBehavior> ReadBehavior(const JsonSection& section,
                                   std::optional<SplitBehavior> fallback = {}) {
  struct Named {
    std::string_view name;
    SplitBehavior behavior;
  };
  static constexpr Named kBehaviors[] = {
      {"Removed", SplitBehavior::kRemoved},
      {"Isolated", SplitBehavior::kIsolated},
      {"MergedWithPrevious", SplitBehavior::kMergedWithPrevious},
      {"MergedWithNext", SplitBehavior::kMergedWithNext},
      {"Contiguous", SplitBehavior::kContiguous}};
  if (fallback && section.Get("behavior").IsNull()) return *fallback;
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view name,
                            section.String("behavior"));
  const auto* found =
      std::find_if(std::begin(kBehaviors), std::end(kBehaviors),
                   [&](const Named& named) { return named.name == name; });
  if (found == std::end(kBehaviors)) {
    return section.Damaged(
        fmt::format("has the unknown behavior \"{}\"", Quote(name)));
  }
  return found->behavior;
}

// The known patterns match every character: to isolate the matches and to
// remove all but them is the same.
bool KeepsTiles(SplitBehavior behavior, bool invert) {
  return behavior == SplitBehavior::kIsolated ||
         (behavior == SplitBehavior::kRemoved && invert);
}

Status ReadSplit(const JsonSection& section, Builder& builder) {
  const JsonSection field = section.Get("pattern");
  PELLUCID_ASSIGN_OR_RETURN(const HfPattern pattern, ReadPattern(field));
  PELLUCID_ASSIGN_OR_RETURN(const SplitBehavior behavior,
                            ReadBehavior(section));
  PELLUCID_ASSIGN_OR_RETURN(const bool invert, section.Bool("invert", false));
  const auto known =
      pattern.is_regex ? FindPrePattern(pattern.text) : std::nullopt;
  if (known && KeepsTiles(behavior, invert)) {
    builder.PushPattern(*known);
    return {};
  }
  PELLUCID_ASSIGN_OR_RETURN(TextPattern compiled,
                            CompilePattern(pattern, field));
  builder.Push(MakeSplitStep(std::move(compiled), behavior, invert));
  return {};
}

Status ReadByteLevel(const JsonSection& section, Builder& builder) {
  PELLUCID_ASSIGN_OR_RETURN(const bool prefix,
                            section.Bool("add_prefix_space", true));
  PELLUCID_ASSIGN_OR_RETURN(const bool splits, section.Bool("use_regex", true));
  if (prefix) builder.Push(MakePrefixSpaceStep());
  if (splits) builder.PushPattern(PrePattern::kGpt2);
  builder.PushBytes();
  return {};
}

// A field that holds one character.
Result<std::string_view> ReadCharacter(const JsonSection& section,
                                       std::string_view key) {
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view text, section.String(key));
  if (text.empty() || DecodeUtf8(text, 0).bytes != text.size()) {
    return section.Get(key).Damaged("is not one character");
  }
  return text;
}

// "prepend_scheme"; before it was there, "add_prefix_space" said as much.
Result<MetaspaceScheme> ReadScheme(const JsonSection& section) {
  PELLUCID_ASSIGN_OR_RETURN(const bool prefix,
                            section.Bool("add_prefix_space", true));
  PELLUCID_ASSIGN_OR_RETURN(const auto name,
                            section.OptionalString("prepend_scheme"));
  if (!name) return prefix ? MetaspaceScheme::kAlways : MetaspaceScheme::kNever;
  if (*name == "never") return MetaspaceScheme::kNever;
  const JsonSection field = section.Get("prepend_scheme");
  if (!prefix) {
    return field.Damaged(
        fmt::format("is \"{}\", but add_prefix_space is false", Quote(*name)));
  }
  if (*name == "always") return MetaspaceScheme::kAlways;
  if (*name == "first") return MetaspaceScheme::kFirst;
  return field.Damaged(
      fmt::format("is \"{}\", not always, first or never", Quote(*name)));
}

Status ReadMetaspace(const JsonSection& section, Builder& builder) {
  PELLUCID_ASSIGN_OR_RETURN(const HfMetaspace metaspace,
                            ReadMetaspaceFields(section));
  PELLUCID_ASSIGN_OR_RETURN(const bool splits, section.Bool("split", true));
  builder.Push(MakeMetaspaceStep(std::string(metaspace.replacement),
                                 metaspace.scheme, splits));
  return {};
}

Status ReadFixedLength(const JsonSection& section, Builder& builder) {
  std::int64_t length = 5;
  const JsonSection field = section.Get("length");
  if (!field.IsNull()) {
    PELLUCID_ASSIGN_OR_RETURN(length, field.AsInteger());
  }
  if (length < 1) {
    return field.Damaged(fmt::format("is {}, at least 1 is needed", length));
  }
  builder.Push(MakeFixedLengthStep(static_cast<std::size_t>(length)));
  return {};
}

Status ReadStep(const JsonSection& section, Builder& builder) {
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view type,
                            section.String("type"));
  if (type == "Split") return ReadSplit(section, builder);
  if (type == "ByteLevel") return ReadByteLevel(section, builder);
  if (type == "Digits") {
    PELLUCID_ASSIGN_OR_RETURN(const bool individual,
                              section.Bool("individual_digits", false));
    builder.PushDigits(/*runs=*/!individual);
    return {};
  }
  if (type == "Metaspace") return ReadMetaspace(section, builder);
  if (type == "FixedLength") return ReadFixedLength(section, builder);
  if (type == "Punctuation") {
    PELLUCID_ASSIGN_OR_RETURN(const SplitBehavior behavior,
                              ReadBehavior(section, SplitBehavior::kIsolated));
    builder.Push(MakePunctuationStep(behavior));
    return {};
  }
  if (type == "CharDelimiterSplit") {
    PELLUCID_ASSIGN_OR_RETURN(const std::string_view delimiter,
                              ReadCharacter(section, "delimiter"));
    builder.Push(MakeDelimiterStep(DecodeUtf8(delimiter, 0).code));
    return {};
  }
  if (type == "BertPreTokenizer") {
    builder.Push(MakeSpacesStep(SplitBehavior::kRemoved));
    builder.Push(MakePunctuationStep(SplitBehavior::kIsolated));
    return {};
  }
  if (type == "WhitespaceSplit") {
    builder.Push(MakeSpacesStep(SplitBehavior::kRemoved));
    return {};
  }
  if (type == "Whitespace") {
    builder.Push(MakeWordsStep());
    return {};
  }
  if (type == "UnicodeScripts") {
    builder.Push(MakeScriptsStep());
    return {};
  }
  return section.Unsupported(fmt::format("is \"{}\"", Quote(type)), kSupported);
}

}  // namespace

Result<HfMetaspace> ReadMetaspaceFields(const JsonSection& section) {
  HfMetaspace metaspace;
  PELLUCID_ASSIGN_OR_RETURN(metaspace.replacement,
                            ReadCharacter(section, "replacement"));
  PELLUCID_ASSIGN_OR_RETURN(metaspace.scheme, ReadScheme(section));
  return metaspace;
}

Result<PreTokenizer> ReadPreTokenizer(const JsonSection& section) {
  PELLUCID_ASSIGN_OR_RETURN(const auto sections,
                            section.Steps("pretokenizers"));
  Builder builder;
  for (const JsonSection& part : sections) {
    PELLUCID_RETURN_IF_ERROR(ReadStep(part, builder));
  }
  return std::move(builder).Take();
}

}  // namespace pellucid
