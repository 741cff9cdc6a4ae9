// Names of kinds of edits, as JSON and messages spell them.
#include <string_view>

#include "pellucid/edit.h"

namespace pellucid {

std::string_view EditKindName(EditKind kind) {
  switch (kind) {
    case EditKind::kZero:
      return "zero";
    case EditKind::kScale:
      return "scale";
    case EditKind::kAdd:
      return "add";
    case EditKind::kReplace:
      return "replace";
    case EditKind::kMean:
      return "mean";
    case EditKind::kResample:
      return "resample";
    case EditKind::kNoise:
      return "noise";
    case EditKind::kClamp:
      return "clamp";
    case EditKind::kProjectOut:
      return "project_out";
    case EditKind::kSetComponent:
      return "set_component";
    case EditKind::kMask:
      return "mask";
    case EditKind::kCustom:
      return "custom";
    case EditKind::kCustomSite:
      return "custom_site";
  }
  return "";
}

}  // namespace pellucid
