// The steps of a normaliser that few models have: those of BERT, and those of
// SentencePiece's older models. The others are in normalizer.cc.
#include <utility>

#include "base/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/unicode_property.h"
#include "tokenizer/unicode_tables.h"

namespace pellucid {
namespace {

constexpr char32_t kReplacement = 0xfffd;
constexpr char32_t kDropped = 0xffffffff;  // no code point

// Every character becomes map(code), which may be kDropped.
template <char32_t (*map)(char32_t)>
class MapStep : public NormalizerStep {
 public:
  Result<std::string_view> Apply(std::string_view text, std::string& storage,
                                 TextBudget&) const override {
    storage.clear();
    for (std::size_t at = 0; at < text.size();) {
      const Utf8Char c = DecodeUtf8(text, at);
      const char32_t mapped = map(c.code);
      if (mapped == c.code) {
        storage.append(text.substr(at, c.bytes));
      } else if (mapped != kDropped) {
        AppendUtf8(mapped, storage);
      }
      at += c.bytes;
    }
    return std::string_view(storage);
  }
  bool KeepsStart(std::string_view text) const override {
    return map(DecodeUtf8(text, 0).code) != kDropped;
  }
};

char32_t Clean(char32_t code) {
  if (code == '\t' || code == '\n' || code == '\r') return ' ';
  if (code == 0 || code == kReplacement) return kDropped;
  if (IsOldClass(code, OldClass::kOther)) return kDropped;
  return (ClassOf(code) & kSpace) != 0 ? U' ' : code;
}

char32_t DropMark(char32_t code) {
  return IsOldClass(code, OldClass::kMark) ? kDropped : code;
}

char32_t Nmt(char32_t code) {
  if ((code >= 0x1 && code <= 0x8) || code == 0xb ||
      (code >= 0xe && code <= 0x1f) || code == 0x7f || code == 0x8f ||
      code == 0x9f) {
    return kDropped;
  }
  switch (code) {
    case '\t':
    case '\n':
    case '\f':
    case '\r':
    case 0x1680:
    case 0x2028:
    case 0x2029:
    case 0x2581:
    case 0xfeff:
    case kReplacement:
      return ' ';
    default:
      return code >= 0x200b && code <= 0x200f ? U' ' : code;
  }
}

// Blocks of ideographs, as BERT lists them.
bool IsChinese(char32_t code) {
  struct Block {
    char32_t first, last;
  };
  static constexpr Block kBlocks[] = {{0x4e00, 0x9fff},   {0x3400, 0x4dbf},
                                      {0x20000, 0x2a6df}, {0x2a700, 0x2b73f},
                                      {0x2b740, 0x2b81f}, {0x2b920, 0x2ceaf},
                                      {0xf900, 0xfaff},   {0x2f800, 0x2fa1f}};
  for (const auto& [first, last] : kBlocks) {
    if (code >= first && code <= last) return true;
  }
  return false;
}

class SpaceChineseStep : public NormalizerStep {
 public:
  Result<std::string_view> Apply(std::string_view text, std::string& storage,
                                 TextBudget&) const override {
    storage.clear();
    for (std::size_t at = 0; at < text.size();) {
      const Utf8Char c = DecodeUtf8(text, at);
      const bool is_chinese = IsChinese(c.code);
      if (is_chinese) storage += ' ';
      storage.append(text.substr(at, c.bytes));
      if (is_chinese) storage += ' ';
      at += c.bytes;
    }
    return std::string_view(storage);
  }
};

class SpellBytesStep : public NormalizerStep {
 public:
  Result<std::string_view> Apply(std::string_view text, std::string& storage,
                                 TextBudget&) const override {
    storage.clear();
    AppendAlphabet(text, storage);
    return std::string_view(storage);
  }
};

class CharsmapStep : public NormalizerStep {
 public:
  explicit CharsmapStep(Charsmap charsmap) : charsmap_(std::move(charsmap)) {}
  Result<std::string_view> Apply(std::string_view text, std::string& storage,
                                 TextBudget& budget) const override {
    storage.clear();
    const std::size_t made = budget.normalized.With(0);
    const std::size_t most = budget.normalized.most() - made;
    if (!charsmap_.Append(text, most, storage)) {
      PELLUCID_RETURN_IF_ERROR(CheckNormalizedBytes(budget, most + 1));
    }
    return std::string_view(storage);
  }

 private:
  Charsmap charsmap_;
};

}  // namespace

NormalizerStepPtr MakeSpellBytesStep() {
  return std::make_shared<SpellBytesStep>();
}

NormalizerStepPtr MakeCharsmapStep(Charsmap charsmap) {
  return std::make_shared<CharsmapStep>(std::move(charsmap));
}

NormalizerStepPtr MakeNmtStep() { return std::make_shared<MapStep<Nmt>>(); }

NormalizerStepPtr MakeCleanTextStep() {
  return std::make_shared<MapStep<Clean>>();
}

NormalizerStepPtr MakeSpaceChineseStep() {
  return std::make_shared<SpaceChineseStep>();
}

NormalizerStepPtr MakeDropMarksStep() {
  return std::make_shared<MapStep<DropMark>>();
}

}  // namespace pellucid
