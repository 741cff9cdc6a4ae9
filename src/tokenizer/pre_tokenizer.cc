#include "tokenizer/pre_tokenizer.h"

#include <algorithm>
#include <cstddef>

#include "fmt/format.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/pre_token_edit.h"

namespace pellucid {
namespace {

class SplitStep : public PreTokenizerStep {
 public:
  SplitStep(TextPattern pattern, SplitBehavior behavior, bool invert)
      : pattern_(std::move(pattern)), behavior_(behavior), invert_(invert) {}
  Status Apply(PreTokens& tokens, TextBudget& budget) const override {
    return CutEach(tokens, [&](std::string_view piece, auto& out) -> Status {
      PELLUCID_ASSIGN_OR_RETURN(const auto matches,
                                pattern_.FindAll(piece, budget));
      AppendSplit(piece, matches, behavior_, invert_, out);
      return {};
    });
  }

 private:
  TextPattern pattern_;
  SplitBehavior behavior_;
  bool invert_;
};

class PatternStep : public PreTokenizerStep {
 public:
  explicit PatternStep(PrePattern pattern) : pattern_(pattern) {}
  Status Apply(PreTokens& tokens, TextBudget&) const override {
    return CutEach(tokens, [this](std::string_view piece, auto& out) -> Status {
      PieceCursor cursor(pattern_, piece);
      for (std::string_view part; cursor.Next(part);) out.push_back(part);
      return {};
    });
  }

 private:
  PrePattern pattern_;
};

class DigitsStep : public PreTokenizerStep {
 public:
  explicit DigitsStep(bool runs) : runs_(runs) {}
  Status Apply(PreTokens& tokens, TextBudget&) const override {
    return CutEach(tokens, [this](std::string_view piece, auto& out) -> Status {
      for (std::size_t at = 0; at < piece.size();) {
        const std::size_t end = DigitsSegmentEnd(piece, at, runs_);
        out.push_back(piece.substr(at, end - at));
        at = end;
      }
      return {};
    });
  }

 private:
  bool runs_;
};

class PrefixSpaceStep : public PreTokenizerStep {
 public:
  Status Apply(PreTokens& tokens, TextBudget&) const override {
    RewriteEach(tokens, [](std::string_view piece, std::string& storage) {
      if (!piece.starts_with(' ')) storage += ' ';
      storage.append(piece);
    });
    return {};
  }
};

class ByteAlphabetStep : public PreTokenizerStep {
 public:
  Status Apply(PreTokens& tokens, TextBudget&) const override {
    RewriteEach(tokens, AppendAlphabet);
    return {};
  }
};

}  // namespace

void PreTokenizer::SettleBytes() {
  if (last) steps.push_back(MakePatternStep(*last));
  last.reset();
  if (byte_level) steps.push_back(MakeByteAlphabetStep());
  byte_level = false;
}

Status PreTokenizer::ApplySteps(PreTokens& tokens, TextBudget& budget) const {
  MadeBytes& made = budget.pre_tokenized;
  std::size_t largest = 0;  // text that a step made
  for (const PreTokenizerStepPtr& step : steps) {
    PELLUCID_RETURN_IF_ERROR(step->Apply(tokens, budget));
    largest = std::max(largest, tokens.storage.size());
    if (made.With(largest) > made.most()) {
      return ModelError(
          fmt::format("its pre-tokenizer makes {} bytes of the text, at most "
                      "{} are supported",
                      made.With(largest), made.most()));
    }
    if (budget.IsLate()) return ModelError("its pre-tokenizer takes too long");
  }
  made.Add(largest);
  return {};
}

PreTokenizerStepPtr MakeSplitStep(TextPattern pattern, SplitBehavior behavior,
                                  bool invert) {
  return std::make_shared<SplitStep>(std::move(pattern), behavior, invert);
}

PreTokenizerStepPtr MakePatternStep(PrePattern pattern) {
  return std::make_shared<PatternStep>(pattern);
}

PreTokenizerStepPtr MakeDigitsStep(bool runs) {
  return std::make_shared<DigitsStep>(runs);
}

PreTokenizerStepPtr MakePrefixSpaceStep() {
  return std::make_shared<PrefixSpaceStep>();
}

PreTokenizerStepPtr MakeByteAlphabetStep() {
  return std::make_shared<ByteAlphabetStep>();
}

}  // namespace pellucid
