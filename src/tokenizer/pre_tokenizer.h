// Cuts a text into the pieces that the model works within: the
// `pre_tokenizer` of a tokenizer.json, as a list of steps (formats 6.4).
//
// Each step sees every piece of the step before as a text of its own, so that
// look-aheads do not see past it (formats 6.12.6). A pattern with a matcher
// written by hand, if it comes last, walks over the pieces without storing
// them: all tokenisers of today but the unusual ones are that and nothing
// else.
#ifndef PELLUCID_TOKENIZER_PRE_TOKENIZER_H_
#define PELLUCID_TOKENIZER_PRE_TOKENIZER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pellucid/result.h"
#include "tokenizer/pre_pattern.h"
#include "tokenizer/split.h"
#include "tokenizer/text_budget.h"
#include "tokenizer/text_pattern.h"

namespace pellucid {

// What a step works on: pieces in order, none of them empty, that lie in the
// text or in `storage`, which the step that makes text replaces.
struct PreTokens {
  std::vector<std::string_view> pieces;
  std::string storage;
  // The first piece begins where the whole raw text does: what Metaspace asks.
  bool at_start = false;
};

// Immutable. Safe to use from many threads.
class PreTokenizerStep {
 public:
  virtual ~PreTokenizerStep() = default;
  // kModel: a regular expression reached a limit; the message lacks operation
  // and object.
  virtual Status Apply(PreTokens& tokens, TextBudget& budget) const = 0;
};
using PreTokenizerStepPtr = std::shared_ptr<const PreTokenizerStep>;

// `pattern` with any behaviour.
PreTokenizerStepPtr MakeSplitStep(TextPattern pattern, SplitBehavior behavior,
                                  bool invert);
// A pattern that has a matcher, its matches isolated.
PreTokenizerStepPtr MakePatternStep(PrePattern pattern);
// Numeric characters each alone, or with `runs` each run of them.
PreTokenizerStepPtr MakeDigitsStep(bool runs);
// Puts a space before each piece that does not begin with one.
PreTokenizerStepPtr MakePrefixSpaceStep();
// Spells the bytes of each piece in the byte alphabet.
PreTokenizerStepPtr MakeByteAlphabetStep();

// Each character of a class a match: those of Punctuation (ASCII's and P* of
// Unicode 8.0), white space (25 code points), or one character.
PreTokenizerStepPtr MakePunctuationStep(SplitBehavior behavior);
PreTokenizerStepPtr MakeSpacesStep(SplitBehavior behavior);
PreTokenizerStepPtr MakeDelimiterStep(char32_t delimiter);
// Runs of word characters (\w of Rust), and of what is neither that nor space.
PreTokenizerStepPtr MakeWordsStep();

enum class MetaspaceScheme : std::uint8_t { kAlways, kFirst, kNever };
// A space becomes `replacement`, one character; one is put before each piece,
// or before the one that begins the raw text, unless it begins with it; and,
// with `splits`, each begins a piece.
PreTokenizerStepPtr MakeMetaspaceStep(std::string replacement,
                                      MetaspaceScheme scheme, bool splits);
// Runs of one script (Unicode 9.0); a space has that of what is beside it.
PreTokenizerStepPtr MakeScriptsStep();
// Pieces of `length` characters, at least 1.
PreTokenizerStepPtr MakeFixedLengthStep(std::size_t length);

// Immutable; cheap to copy.
struct PreTokenizer {
  std::vector<PreTokenizerStepPtr> steps = {};
  std::optional<PrePattern> last = std::nullopt;  // cuts what the steps leave
  // The model is to read the bytes of the pieces, each spelt in the byte
  // alphabet; false: their characters.
  bool byte_level = false;

  // Calls visit(piece) on the pieces of `text`, well-formed UTF-8, in order.
  // The views live during the call. `budget` is that of the whole text, of
  // which `text` may be a part; `at_start`: it begins where that does. kModel:
  // see ApplySteps; none was visited.
  template <typename Visit>
  Status ForEachPiece(std::string_view text, TextBudget& budget,
                      const Visit& visit, bool at_start = false) const {
    if (text.empty()) return {};
    const auto visit_last = [&](std::string_view left) {
      if (!last) {
        visit(left);
        return;
      }
      PieceCursor cursor(*last, left);
      for (std::string_view piece; cursor.Next(piece);) visit(piece);
    };
    if (steps.empty()) {
      visit_last(text);
      return {};
    }
    PreTokens tokens{{text}, {}, at_start};
    PELLUCID_RETURN_IF_ERROR(ApplySteps(tokens, budget));
    for (const std::string_view left : tokens.pieces) visit_last(left);
    return {};
  }

  // Makes the pattern and the spelling of bytes steps like others, for models
  // that read characters.
  void SettleBytes();

  // kModel: see PreTokenizerStep::Apply; or the steps came to the end of the
  // budget, in bytes or in time.
  Status ApplySteps(PreTokens& tokens, TextBudget& budget) const;
};

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_PRE_TOKENIZER_H_
