// The keys of an edit in JSON, and which kinds each says something of: what
// the reader (edits_json.cc) and the writer (edits_writer.cc) have in common.
#ifndef PELLUCID_MODEL_EDIT_FIELDS_H_
#define PELLUCID_MODEL_EDIT_FIELDS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "pellucid/edit.h"

namespace pellucid {

// In the order in which they are written.
enum class EditField : std::uint8_t {
  kSite,
  kKind,
  kFactor,
  kPositions,
  kText,
  kKeys,
  kHeads,
  kFeatures,
  kPrompts,
  kWhen,
  kSeed,
  kLow,
  kHigh,
  kValues,
};

inline constexpr std::size_t kEditFieldCount =
    static_cast<std::size_t>(EditField::kValues) + 1;

// Kinds that JSON can say: all but a function.
inline constexpr std::array<EditKind, 11> kWrittenKinds = {
    EditKind::kZero,         EditKind::kScale, EditKind::kAdd,
    EditKind::kReplace,      EditKind::kMean,  EditKind::kResample,
    EditKind::kNoise,        EditKind::kClamp, EditKind::kProjectOut,
    EditKind::kSetComponent, EditKind::kMask,
};

std::string_view NameOf(EditField field);
std::string_view NameOf(EditWhen when);
std::optional<EditField> EditFieldNamed(std::string_view name);
// "site, kind, ..."
std::string EditFieldNames();

// Whether the field changes what an edit of the kind does.
bool Uses(EditKind kind, EditField field);

}  // namespace pellucid

#endif  // PELLUCID_MODEL_EDIT_FIELDS_H_
