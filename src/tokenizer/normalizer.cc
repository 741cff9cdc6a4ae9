#include "tokenizer/normalizer.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstddef>

#include "base/utf8.h"
#include "fmt/format.h"
#include "tokenizer/character_edges.h"
#include "tokenizer/lowercase.h"
#include "tokenizer/unicode_tables.h"

namespace pellucid {
namespace {

class NormalFormStep : public NormalizerStep {
 public:
  explicit NormalFormStep(NormalForm form) : form_(form) {}
  Result<std::string_view> Apply(std::string_view text, std::string& storage,
                                 TextBudget&) const override {
    return Normalise(form_, text, storage);
  }

 private:
  NormalForm form_;
};

class ReplaceStep : public NormalizerStep {
 public:
  ReplaceStep(TextPattern pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}
  Result<std::string_view> Apply(std::string_view text, std::string& storage,
                                 TextBudget& budget) const override {
    PELLUCID_ASSIGN_OR_RETURN(const auto matches,
                              pattern_.FindAll(text, budget));
    if (matches.empty()) return text;
    std::size_t made = text.size();
    for (const MatchSpan& match : matches) made -= match.end - match.begin;
    made += matches.size() * content_.size();  // both below 2^31
    PELLUCID_RETURN_IF_ERROR(CheckNormalizedBytes(budget, made));
    storage.clear();
    storage.reserve(made);
    std::size_t at = 0;
    for (const MatchSpan& match : matches) {
      storage.append(text.substr(at, match.begin - at)).append(content_);
      at = match.end;
    }
    storage.append(text.substr(at));
    return std::string_view(storage);
  }
  // What is put in stands where the last character that it replaces stood.
  bool KeepsStart(std::string_view text) const override {
    TextBudget budget(text.size());
    const auto matches = pattern_.FindAll(text, budget);
    if (!matches.ok() || matches->empty()) return true;
    const auto [begin, end] = matches->front();
    const bool is_longer = end > DecodeUtf8(text, 0).bytes;
    return begin > 0 || end == 0 || (!content_.empty() && !is_longer);
  }

 private:
  TextPattern pattern_;
  std::string content_;
};

class PrependStep : public NormalizerStep {
 public:
  explicit PrependStep(std::string prefix) : prefix_(std::move(prefix)) {}
  Result<std::string_view> Apply(std::string_view text, std::string& storage,
                                 TextBudget&) const override {
    storage = prefix_;
    storage.append(text);
    return std::string_view(storage);
  }

 private:
  std::string prefix_;
};

class LowercaseStep : public NormalizerStep {
 public:
  Result<std::string_view> Apply(std::string_view text, std::string& storage,
                                 TextBudget&) const override {
    storage.clear();
    AppendLowercase(text, storage);
    return std::string_view(storage);
  }
};

class StripStep : public NormalizerStep {
 public:
  StripStep(bool left, bool right) : left_(left), right_(right) {}
  Result<std::string_view> Apply(std::string_view text, std::string&,
                                 TextBudget&) const override {
    std::size_t begin = 0;
    while (left_ && begin < text.size()) {
      const Utf8Char c = DecodeUtf8(text, begin);
      if ((ClassOf(c.code) & kSpace) == 0) break;
      begin += c.bytes;
    }
    std::size_t end = text.size();
    while (right_ && end > begin) {
      const std::size_t last = LastCharacter(text.substr(0, end));
      if ((ClassOf(DecodeUtf8(text, last).code) & kSpace) == 0) break;
      end = last;
    }
    return text.substr(begin, end - begin);
  }
  bool KeepsStart(std::string_view text) const override {
    return !left_ || (ClassOf(DecodeUtf8(text, 0).code) & kSpace) == 0;
  }

 private:
  bool left_, right_;
};

// Its marks are those of Unicode 9.0, as are the normal forms. U+1CF2 and
// U+1CF3 are letters since 10.0.
bool IsMark(char32_t code) {
  if (code >= 0xe0100 && code <= 0xe01ef) return true;  // beyond the tables
  if ((ClassOf(code) & kNewerThanNfc) != 0) return false;
  if (code == 0x1cf2 || code == 0x1cf3) return true;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code))) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
      return true;
    default:
      return false;
  }
}

class StripAccentsStep : public NormalizerStep {
 public:
  Result<std::string_view> Apply(std::string_view text, std::string& storage,
                                 TextBudget&) const override {
    storage.clear();
    for (std::size_t i = 0; i < text.size();) {
      const Utf8Char c = DecodeUtf8(text, i);
      if (!IsMark(c.code)) storage.append(text.substr(i, c.bytes));
      i += c.bytes;
    }
    return std::string_view(storage);
  }
  bool KeepsStart(std::string_view text) const override {
    return !IsMark(DecodeUtf8(text, 0).code);
  }
};

}  // namespace

bool NormalizerStep::KeepsStart(std::string_view) const { return true; }

Status CheckNormalizedBytes(const TextBudget& budget, std::size_t bytes) {
  const MadeBytes& made = budget.normalized;
  if (made.With(bytes) <= made.most()) return {};
  return ModelError(fmt::format(
      "its normaliser makes {} bytes of the text, at most {} are supported",
      made.With(bytes), made.most()));
}

NormalizerStepPtr MakeNormalFormStep(NormalForm form) {
  return std::make_shared<NormalFormStep>(form);
}

NormalizerStepPtr MakeReplaceStep(TextPattern pattern, std::string content) {
  return std::make_shared<ReplaceStep>(std::move(pattern), std::move(content));
}

NormalizerStepPtr MakePrependStep(std::string prefix) {
  return std::make_shared<PrependStep>(std::move(prefix));
}

NormalizerStepPtr MakeLowercaseStep() {
  return std::make_shared<LowercaseStep>();
}

NormalizerStepPtr MakeStripStep(bool left, bool right) {
  return std::make_shared<StripStep>(left, right);
}

NormalizerStepPtr MakeStripAccentsStep() {
  return std::make_shared<StripAccentsStep>();
}

Result<std::string_view> Normalizer::Apply(std::string_view text,
                                           Scratch& scratch, TextBudget& budget,
                                           bool* keeps_start) const {
  if (keeps_start != nullptr) *keeps_start = true;
  std::size_t largest = 0;  // text that a step left
  std::size_t next = 0;     // the storage that `text` does not lie in
  for (const NormalizerStepPtr& step : steps_) {
    if (text.empty()) break;
    std::string& storage = scratch[next];
    if (keeps_start != nullptr) *keeps_start &= step->KeepsStart(text);
    PELLUCID_ASSIGN_OR_RETURN(text, step->Apply(text, storage, budget));
    largest = std::max(largest, text.size());
    PELLUCID_RETURN_IF_ERROR(CheckNormalizedBytes(budget, largest));
    if (budget.IsLate()) return ModelError("its normaliser takes too long");
    const char* begin = storage.data();
    if (text.data() >= begin && text.data() <= begin + storage.size()) {
      next = 1 - next;
    }
  }
  budget.normalized.Add(largest);
  return text;
}

}  // namespace pellucid
