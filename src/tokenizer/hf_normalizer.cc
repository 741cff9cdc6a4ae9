// "normalizer" of a tokenizer.json (formats 6.3).
#include <optional>

#include "base/quote.h"
#include "fmt/format.h"
#include "tokenizer/hf_sections.h"

namespace pellucid {
namespace {

constexpr std::string_view kSupported =
    "NFC, NFD, NFKC, NFKD, Replace, Prepend, Lowercase, Strip, StripAccents, "
    "Sequence";

std::optional<NormalForm> FindForm(std::string_view type) {
  if (type == "NFC") return NormalForm::kNfc;
  if (type == "NFD") return NormalForm::kNfd;
  if (type == "NFKC") return NormalForm::kNfkc;
  if (type == "NFKD") return NormalForm::kNfkd;
  return std::nullopt;
}

Result<NormalizerStepPtr> ReadReplace(const JsonSection& section) {
  const JsonSection field = section.Get("pattern");
  PELLUCID_ASSIGN_OR_RETURN(const HfPattern pattern, ReadPattern(field));
  PELLUCID_ASSIGN_OR_RETURN(TextPattern compiled,
                            CompilePattern(pattern, field));
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view content,
                            section.String("content"));
  return MakeReplaceStep(std::move(compiled), std::string(content));
}

Result<NormalizerStepPtr> ReadStep(const JsonSection& section) {
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view type,
                            section.String("type"));
  if (const auto form = FindForm(type)) return MakeNormalFormStep(*form);
  if (type == "Replace") return ReadReplace(section);
  if (type == "Prepend") {
    PELLUCID_ASSIGN_OR_RETURN(const std::string_view prefix,
                              section.String("prepend"));
    return MakePrependStep(std::string(prefix));
  }
  if (type == "Lowercase") return MakeLowercaseStep();
  if (type == "Strip") {
    PELLUCID_ASSIGN_OR_RETURN(const bool left,
                              section.Bool("strip_left", true));
    PELLUCID_ASSIGN_OR_RETURN(const bool right,
                              section.Bool("strip_right", true));
    return MakeStripStep(left, right);
  }
  if (type == "StripAccents") return MakeStripAccentsStep();
  return section.Unsupported(fmt::format("is \"{}\"", Quote(type)), kSupported);
}

}  // namespace

Result<Normalizer> ReadNormalizer(const JsonSection& section) {
  PELLUCID_ASSIGN_OR_RETURN(const auto sections, section.Steps("normalizers"));
  std::vector<NormalizerStepPtr> steps;
  for (const JsonSection& part : sections) {
    PELLUCID_ASSIGN_OR_RETURN(steps.emplace_back(), ReadStep(part));
  }
  return Normalizer(std::move(steps));
}

Result<HfPattern> ReadPattern(const JsonSection& section) {
  for (const std::string_view kind : {"String", "Regex"}) {
    const JsonSection text = section.Get(kind);
    if (text.IsNull()) continue;
    PELLUCID_ASSIGN_OR_RETURN(const std::string_view pattern, text.AsString());
    return HfPattern{pattern, kind == "Regex"};
  }
  return section.Damaged("is neither a String nor a Regex");
}

Result<TextPattern> CompilePattern(const HfPattern& pattern,
                                   const JsonSection& section) {
  if (!pattern.is_regex) return TextPattern::Literal(std::string(pattern.text));
  auto compiled = TextPattern::Compile(pattern.text);
  if (!compiled.ok()) return section.Damaged(": " + compiled.error().message);
  return compiled;
}

}  // namespace pellucid
