// "post_processor" of a tokenizer.json (formats 6.6): what its template puts
// around one text. What else it says, on pairs of texts, type ids and offsets,
// changes no id.
#include "base/quote.h"
#include "fmt/format.h"
#include "tokenizer/hf_sections.h"

namespace pellucid {
namespace {

constexpr std::string_view kSupported =
    "TemplateProcessing, ByteLevel, RobertaProcessing, BertProcessing, "
    "Sequence";

// Pieces of a template, and ids of one of them: real ones have one or two. Each
// piece is looked up and may repeat a long list, so a file of a megabyte could
// ask for hours or for all memory.
constexpr std::size_t kMostPieces = 256;

Status CheckLength(const JsonSection& section,
                   const simdjson::dom::array& list) {
  if (list.size() <= kMostPieces) return {};
  return section.Damaged(fmt::format("has {} entries, at most {} are supported",
                                     list.size(), kMostPieces));
}

// Appends the ids of the special token `name`.
Status AppendSpecial(const JsonSection& section, std::string_view name,
                     std::vector<std::int64_t>& ids) {
  const JsonSection token = section.Get("special_tokens").Get(name);
  PELLUCID_ASSIGN_OR_RETURN(const auto list, token.Array("ids"));
  PELLUCID_RETURN_IF_ERROR(CheckLength(token.Get("ids"), list));
  for (const simdjson::dom::element id : list) {
    const JsonSection value(section.name(), token.path() + ".ids", id);
    PELLUCID_ASSIGN_OR_RETURN(ids.emplace_back(), value.AsInteger());
  }
  return {};
}

// "single": [{"SpecialToken": {"id": ..}}, {"Sequence": {"id": "A"}}, ..].
Result<HfTemplate> ReadTemplate(const JsonSection& section) {
  PELLUCID_ASSIGN_OR_RETURN(const auto pieces, section.Array("single"));
  PELLUCID_RETURN_IF_ERROR(CheckLength(section.Get("single"), pieces));
  HfTemplate result;
  bool seen_text = false;
  for (const simdjson::dom::element element : pieces) {
    const JsonSection piece(section.name(), section.path() + ".single",
                            element);
    const JsonSection special = piece.Get("SpecialToken");
    if (!special.IsNull()) {
      PELLUCID_ASSIGN_OR_RETURN(const std::string_view id,
                                special.String("id"));
      PELLUCID_RETURN_IF_ERROR(
          AppendSpecial(section, id, seen_text ? result.after : result.before));
      continue;
    }
    PELLUCID_ASSIGN_OR_RETURN(const std::string_view id,
                              piece.Get("Sequence").String("id"));
    if (id != "A" || seen_text) {
      return piece.Damaged("has another text than one A");
    }
    seen_text = true;
  }
  if (!seen_text) return section.Damaged("has no text in its template");
  return result;
}

// ["</s>", 2].
Result<std::int64_t> ReadPair(const JsonSection& section) {
  PELLUCID_ASSIGN_OR_RETURN(const auto pair, section.AsArray());
  simdjson::dom::element id;
  if (pair.at(1).get(id) != simdjson::SUCCESS) {
    return section.Damaged("is no pair of token and id");
  }
  return JsonSection(section.name(), section.path(), id).AsInteger();
}

Result<HfTemplate> ReadStep(const JsonSection& section, std::string_view type) {
  if (type == "TemplateProcessing") return ReadTemplate(section);
  if (type == "RobertaProcessing" || type == "BertProcessing") {
    HfTemplate result;
    PELLUCID_ASSIGN_OR_RETURN(result.before.emplace_back(),
                              ReadPair(section.Get("cls")));
    PELLUCID_ASSIGN_OR_RETURN(result.after.emplace_back(),
                              ReadPair(section.Get("sep")));
    return result;
  }
  return section.Unsupported(fmt::format("is \"{}\"", Quote(type)), kSupported);
}

}  // namespace

Result<HfTemplate> ReadPostProcessor(const JsonSection& section) {
  PELLUCID_ASSIGN_OR_RETURN(const auto steps, section.Steps("processors"));
  std::optional<HfTemplate> result;
  for (const JsonSection& step : steps) {
    PELLUCID_ASSIGN_OR_RETURN(const std::string_view type, step.String("type"));
    if (type == "ByteLevel") continue;  // changes offsets
    // Upstream cannot run a second template over what the first one made.
    if (result) return step.Unsupported("is a second template", "one");
    PELLUCID_ASSIGN_OR_RETURN(result, ReadStep(step, type));
  }
  return result.value_or(HfTemplate());
}

}  // namespace pellucid
