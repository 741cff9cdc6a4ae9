#include "model/edit_fields.h"

namespace pellucid {

std::string_view NameOf(EditField field) {
  static constexpr std::array<std::string_view, kEditFieldCount> kNames = {
      "site",     "kind",    "factor", "positions", "text", "keys", "heads",
      "features", "prompts", "when",   "seed",      "low",  "high", "values"};
  return kNames[static_cast<std::size_t>(field)];
}

std::string_view NameOf(EditWhen when) {
  switch (when) {
    case EditWhen::kPrompt:
      return "prompt";
    case EditWhen::kGenerated:
      return "generated";
    case EditWhen::kBoth:
      return "both";
  }
  return "";
}

std::optional<EditField> EditFieldNamed(std::string_view name) {
  for (std::size_t i = 0; i < kEditFieldCount; ++i) {
    const auto field = static_cast<EditField>(i);
    if (name == NameOf(field)) return field;
  }
  return std::nullopt;
}

std::string EditFieldNames() {
  std::string names;
  for (std::size_t i = 0; i < kEditFieldCount; ++i) {
    if (i > 0) names += i + 1 < kEditFieldCount ? ", " : " and ";
    names += NameOf(static_cast<EditField>(i));
  }
  return names;
}

bool Uses(EditKind kind, EditField field) {
  switch (field) {
    case EditField::kFactor:
      return kind == EditKind::kScale || kind == EditKind::kAdd ||
             kind == EditKind::kNoise || kind == EditKind::kSetComponent;
    case EditField::kSeed:
      return kind == EditKind::kResample || kind == EditKind::kNoise;
    case EditField::kLow:
    case EditField::kHigh:
      return kind == EditKind::kClamp;
    case EditField::kValues:
      return kind == EditKind::kAdd || kind == EditKind::kReplace ||
             kind == EditKind::kMean || kind == EditKind::kResample ||
             kind == EditKind::kProjectOut || kind == EditKind::kSetComponent;
    default:
      return true;
  }
}

}  // namespace pellucid
