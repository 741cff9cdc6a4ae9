#include "server/served_lens.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/quote.h"

namespace pellucid::server {
namespace {

std::string LastPart(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path.substr(path.find_last_of('/') + 1);
}

}  // namespace

std::vector<ServedLens> NameLenses(const std::vector<TrainedLensPtr>& lenses) {
  std::vector<ServedLens> out;
  for (const TrainedLensPtr& lens : lenses) {
    const std::string ref = LastPart(lens->ref);
    const std::string plain =
        fmt::format("{}:{}", LensKindName(lens->kind), ref);
    std::string name = plain;
    for (int number = 2;
         std::ranges::find(out, name, &ServedLens::name) != out.end();
         ++number) {
      name = fmt::format("{} ({})", plain, number);
    }
    out.push_back({std::move(name), ref, lens});
  }
  return out;
}

std::vector<std::string> LensNames(const std::vector<ServedLens>& lenses) {
  std::vector<std::string> names = {
      std::string(LensKindName(LensKind::kLogit))};
  for (const ServedLens& lens : lenses) names.push_back(lens.name);
  return names;
}

Result<const ServedLens*> FindLens(const std::vector<ServedLens>& lenses,
                                   std::string_view name) {
  const ServedLens* none = nullptr;
  if (name == LensKindName(LensKind::kLogit)) return none;
  const auto found = std::ranges::find(lenses, name, &ServedLens::name);
  if (found != lenses.end()) return &*found;
  return UsageError(
      fmt::format("lens: request: \"lens\" is \"{}\"; this server has, for "
                  "this model, {}",
                  Quote(name), fmt::join(LensNames(lenses), ", ")));
}

}  // namespace pellucid::server
