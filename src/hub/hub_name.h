// A model on the hub, by name: "org/name[@revision][:FILE.gguf]".
//
// The hub's own rules for names are applied before anything is asked, so that
// no part of a name can leave the folder or the URL that it is put into.
#ifndef PELLUCID_HUB_HUB_NAME_H_
#define PELLUCID_HUB_HUB_NAME_H_

#include <optional>
#include <string>
#include <string_view>

namespace pellucid::hub {

struct HubName {
  std::string repo;               // "org/name"
  std::string revision = "main";  // branch, tag, "refs/pr/N" or commit
  std::string file;               // a .gguf file in it; empty: not asked for

  // As it is written: without "@main", which is the default.
  std::string Text() const;
};

// Nothing where `reference` has not that form. A NAME that ends like a file of
// a model is a path, and so none.
std::optional<HubName> ParseHubName(std::string_view reference);

// Whether `text` can be a revision: what ParseHubName takes behind '@'.
bool IsRevision(std::string_view text);

// A whole commit: 40 lower-case hexadecimal digits.
bool IsCommit(std::string_view revision);

// A path that stays inside the folder that it is put into: parts that are not
// empty, "." or "..", between single '/'; no control character, no backslash.
bool IsPlainPath(std::string_view path);

}  // namespace pellucid::hub

#endif  // PELLUCID_HUB_HUB_NAME_H_
