// "normalizer" of a tokenizer.json (formats 6.3).
#include <optional>

#include "base/quote.h"
#include "fmt/format.h"
#include "tokenizer/hf_sections.h"

namespace pellucid {
namespace {

constexpr std::string_view kSupported =
    "NFC, NFD, NFKC, NFKD, Replace, Prepend, Lowercase, Strip, StripAccents, "
    "BertNormalizer, Precompiled, Nmt, ByteLevel, Sequence";

using Steps = std::vector<NormalizerStepPtr>;

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

Result<NormalizerStepPtr> ReadPrecompiled(const JsonSection& section) {
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view text,
                            section.String("precompiled_charsmap"));
  const JsonSection field = section.Get("precompiled_charsmap");
  const auto blob = DecodeBase64(text);
  if (!blob) return field.Damaged("is no base64");
  auto charsmap = Charsmap::Parse(*blob);
  if (!charsmap.ok()) return field.Damaged(charsmap.error().message);
  return MakeCharsmapStep(std::move(charsmap).value());
}

// BERT's normaliser is a list of others.
Status AppendBert(const JsonSection& section, Steps& steps) {
  PELLUCID_ASSIGN_OR_RETURN(const bool cleans,
                            section.Bool("clean_text", true));
  PELLUCID_ASSIGN_OR_RETURN(const bool spaces_chinese,
                            section.Bool("handle_chinese_chars", true));
  PELLUCID_ASSIGN_OR_RETURN(const bool lowers, section.Bool("lowercase", true));
  PELLUCID_ASSIGN_OR_RETURN(const bool strips,
                            section.Bool("strip_accents", lowers));
  if (cleans) steps.push_back(MakeCleanTextStep());
  if (spaces_chinese) steps.push_back(MakeSpaceChineseStep());
  if (strips) {
    steps.push_back(MakeNormalFormStep(NormalForm::kNfd));
    steps.push_back(MakeDropMarksStep());
  }
  if (lowers) steps.push_back(MakeLowercaseStep());
  return {};
}

Result<NormalizerStepPtr> ReadStep(const JsonSection& section,
                                   std::string_view type) {
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
  if (type == "Precompiled") return ReadPrecompiled(section);
  if (type == "Nmt") return MakeNmtStep();
  if (type == "ByteLevel") return MakeSpellBytesStep();
  return section.Unsupported(fmt::format("is \"{}\"", Quote(type)), kSupported);
}

}  // namespace

Result<Normalizer> ReadNormalizer(const JsonSection& section) {
  PELLUCID_ASSIGN_OR_RETURN(const auto sections, section.Steps("normalizers"));
  Steps steps;
  for (const JsonSection& part : sections) {
    PELLUCID_ASSIGN_OR_RETURN(const std::string_view type, part.String("type"));
    if (type == "BertNormalizer") {
      PELLUCID_RETURN_IF_ERROR(AppendBert(part, steps));
      continue;
    }
    // Without a table it does nothing.
    const bool is_empty =
        type == "Precompiled" && part.Get("precompiled_charsmap").IsNull();
    if (is_empty) continue;
    PELLUCID_ASSIGN_OR_RETURN(steps.emplace_back(), ReadStep(part, type));
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
