// What happens to a text before it is cut: the `normalizer` of a
// tokenizer.json, as a list of steps (formats 6.3).
//
// Each kind of step is one class behind NormalizerStep; the steps that take
// more than a few lines have a file of their own (tokenizer/normal_form.h,
// tokenizer/lowercase.h). Every text between added tokens is normalised by
// itself.
#ifndef PELLUCID_TOKENIZER_NORMALIZER_H_
#define PELLUCID_TOKENIZER_NORMALIZER_H_

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pellucid/result.h"
#include "tokenizer/normal_form.h"
#include "tokenizer/precompiled.h"
#include "tokenizer/text_budget.h"
#include "tokenizer/text_pattern.h"

namespace pellucid {

// Immutable. Safe to use from many threads.
class NormalizerStep {
 public:
  virtual ~NormalizerStep() = default;

  // What the step makes of `text`, well-formed UTF-8 and not empty: a part of
  // it, or a view of `storage`, whose content before does not matter.
  virtual Result<std::string_view> Apply(std::string_view text,
                                         std::string& storage,
                                         TextBudget& budget) const = 0;

  // Whether what it made of `text` begins where that does: it took nothing off
  // the front. Metaspace asks (tokenizer/pre_tokenizer.h).
  virtual bool KeepsStart(std::string_view text) const;
};
using NormalizerStepPtr = std::shared_ptr<const NormalizerStep>;

NormalizerStepPtr MakeNormalFormStep(NormalForm form);
// Every match becomes `content`.
NormalizerStepPtr MakeReplaceStep(TextPattern pattern, std::string content);
// Puts `prefix` before a text that is not empty, whatever it begins with.
NormalizerStepPtr MakePrependStep(std::string prefix);
NormalizerStepPtr MakeLowercaseStep();
// Takes white space (25 code points) off the ends.
NormalizerStepPtr MakeStripStep(bool left, bool right);
// Leaves out combining marks, which only a decomposition before sets free.
NormalizerStepPtr MakeStripAccentsStep();
// Spells the bytes of the text in the byte alphabet.
NormalizerStepPtr MakeSpellBytesStep();
// SentencePiece's replacements (tokenizer/precompiled.h).
NormalizerStepPtr MakeCharsmapStep(Charsmap charsmap);
// What SentencePiece's "nmt" rules do with control characters and spaces.
NormalizerStepPtr MakeNmtStep();
// The parts of BertNormalizer: control characters out, and a plain space for
// every kind of it; spaces around Chinese characters; the marks (Mn of Unicode
// 8.0) out of a decomposed text.
NormalizerStepPtr MakeCleanTextStep();
NormalizerStepPtr MakeSpaceChineseStep();
NormalizerStepPtr MakeDropMarksStep();

// Whether a part of the text may come to `bytes`: kModel if not.
Status CheckNormalizedBytes(const TextBudget& budget, std::size_t bytes);

// Immutable; cheap to copy. Without steps a text stays what it is.
class Normalizer {
 public:
  Normalizer() = default;
  explicit Normalizer(std::vector<NormalizerStepPtr> steps)
      : steps_(std::move(steps)) {}

  bool empty() const { return steps_.empty(); }

  // Where steps write; to be kept as long as what Apply returned.
  using Scratch = std::array<std::string, 2>;

  // `budget` is that of the whole text, of which `text` may be a part. kModel:
  // a regular expression reached a limit, or the steps came to the end of the
  // budget, in bytes or in time; the message lacks operation and object.
  // `keeps_start`, unless null, becomes whether nothing was taken off the
  // front.
  Result<std::string_view> Apply(std::string_view text, Scratch& scratch,
                                 TextBudget& budget,
                                 bool* keeps_start = nullptr) const;

 private:
  std::vector<NormalizerStepPtr> steps_;
};

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_NORMALIZER_H_
