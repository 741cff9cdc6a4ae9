// "pre_tokenizer" of a tokenizer.json (formats 6.4).
#include <algorithm>
#include <iterator>
#include <utility>

#include "base/quote.h"
#include "fmt/format.h"
#include "tokenizer/hf_sections.h"

namespace pellucid {
namespace {

constexpr std::string_view kSupported = "Split, ByteLevel, Digits, Sequence";

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

Result<SplitBehavior> ReadBehavior(const JsonSection& section) {
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
  return section.Unsupported(fmt::format("is \"{}\"", Quote(type)), kSupported);
}

}  // namespace

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
