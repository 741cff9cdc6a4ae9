// "decoder" of a tokenizer.json (formats 6.6).
#include <cstdint>
#include <utility>

#include "base/quote.h"
#include "base/utf8.h"
#include "fmt/format.h"
#include "tokenizer/hf_sections.h"

namespace pellucid {
namespace {

constexpr std::string_view kSupported =
    "ByteLevel, Replace, ByteFallback, Fuse, Strip, Metaspace, WordPiece, "
    "BPEDecoder, Sequence, null";

Result<DecoderStepPtr> ReadReplace(const JsonSection& section) {
  const JsonSection field = section.Get("pattern");
  PELLUCID_ASSIGN_OR_RETURN(const HfPattern pattern, ReadPattern(field));
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view content,
                            section.String("content"));
  if (!pattern.is_regex) {
    return MakeReplaceDecoder(std::string(pattern.text), std::string(content));
  }
  PELLUCID_ASSIGN_OR_RETURN(TextPattern compiled,
                            CompilePattern(pattern, field));
  return MakeReplaceDecoder(std::move(compiled), std::string(content));
}

// How often Strip takes its character off an end.
Result<std::size_t> ReadCount(const JsonSection& section,
                              std::string_view key) {
  PELLUCID_ASSIGN_OR_RETURN(const std::int64_t count,
                            section.Get(key).AsInteger());
  if (count < 0) {
    return section.Get(key).Damaged(fmt::format("is {}, below 0", count));
  }
  return static_cast<std::size_t>(count);
}

Result<DecoderStepPtr> ReadStrip(const JsonSection& section) {
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view content,
                            section.String("content"));
  if (content.empty() || DecodeUtf8(content, 0).bytes != content.size()) {
    return section.Get("content").Damaged("is not one character");
  }
  PELLUCID_ASSIGN_OR_RETURN(const std::size_t start,
                            ReadCount(section, "start"));
  PELLUCID_ASSIGN_OR_RETURN(const std::size_t stop, ReadCount(section, "stop"));
  return MakeStripDecoder(std::string(content), start, stop);
}

Result<DecoderStepPtr> ReadStep(const JsonSection& section) {
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view type,
                            section.String("type"));
  if (type == "ByteLevel") return MakeByteLevelDecoder();
  if (type == "Replace") return ReadReplace(section);
  if (type == "ByteFallback") return MakeByteFallbackDecoder();
  if (type == "Fuse") return MakeFuseDecoder();
  if (type == "Strip") return ReadStrip(section);
  if (type == "Metaspace") {
    PELLUCID_ASSIGN_OR_RETURN(const HfMetaspace metaspace,
                              ReadMetaspaceFields(section));
    return MakeMetaspaceDecoder(std::string(metaspace.replacement),
                                metaspace.scheme == MetaspaceScheme::kNever);
  }
  if (type == "WordPiece") {
    PELLUCID_ASSIGN_OR_RETURN(const auto prefix,
                              section.OptionalString("prefix"));
    PELLUCID_ASSIGN_OR_RETURN(const bool cleans_up,
                              section.Bool("cleanup", true));
    return MakeWordPieceDecoder(std::string(prefix.value_or("##")), cleans_up);
  }
  if (type == "BPEDecoder") {
    PELLUCID_ASSIGN_OR_RETURN(const auto suffix,
                              section.OptionalString("suffix"));
    return MakeWordEndDecoder(std::string(suffix.value_or("</w>")));
  }
  return section.Unsupported(fmt::format("is \"{}\"", Quote(type)), kSupported);
}

}  // namespace

Result<Decoder> ReadDecoder(const JsonSection& section) {
  if (section.IsNull()) return Decoder();
  PELLUCID_ASSIGN_OR_RETURN(const auto parts, section.Steps("decoders"));
  std::vector<DecoderStepPtr> steps;
  for (const JsonSection& part : parts) {
    PELLUCID_ASSIGN_OR_RETURN(steps.emplace_back(), ReadStep(part));
  }
  return Decoder(std::move(steps));
}

}  // namespace pellucid
