#include "formats/gguf_split.h"

#include <fmt/format.h>

#include <variant>

#include "base/quote.h"

namespace pellucid {
namespace {

constexpr std::string_view kEnding = ".gguf";
constexpr std::uint64_t kMaxParts = 99999;  // that five digits can count

// An integer key of any width; nothing where it is absent. kModel: another
// type, or more than `most`.
Result<std::optional<std::uint64_t>> Key(const GgufValues& values,
                                         std::string_view key,
                                         std::uint64_t most,
                                         std::string_view name) {
  const auto it = values.find(key);
  if (it == values.end()) return std::optional<std::uint64_t>();
  std::optional<std::uint64_t> value;
  if (const auto* u = std::get_if<std::uint64_t>(&it->second)) value = *u;
  if (const auto* i = std::get_if<std::int64_t>(&it->second); i && *i >= 0) {
    value = static_cast<std::uint64_t>(*i);
  }
  if (value && *value <= most) return value;
  return ModelError(fmt::format(
      "open: {}: key {} is {}, expected a whole number up to {}; the file is "
      "damaged, fetch it again",
      name, key, value ? std::to_string(*value) : "no such number", most));
}

std::string EndingOf(std::size_t part, std::size_t count) {
  return fmt::format("-{:05d}-of-{:05d}{}", part + 1, count, kEnding);
}

}  // namespace

Result<std::optional<GgufSplit>> GgufSplitOf(const GgufValues& values,
                                             std::string_view name) {
  PELLUCID_ASSIGN_OR_RETURN(const auto count,
                            Key(values, "split.count", kMaxParts, name));
  if (!count || *count <= 1) return std::optional<GgufSplit>();
  GgufSplit split;
  split.count = static_cast<std::size_t>(*count);
  PELLUCID_ASSIGN_OR_RETURN(const auto part,
                            Key(values, "split.no", *count - 1, name));
  if (!part) {
    return ModelError(fmt::format(
        "open: {}: is one of {} files of a split model, but key split.no does "
        "not say which; fetch it again",
        name, *count));
  }
  split.part = static_cast<std::size_t>(*part);
  PELLUCID_ASSIGN_OR_RETURN(split.tensors, Key(values, "split.tensors.count",
                                               ~std::uint64_t{0}, name));
  return std::optional<GgufSplit>(split);
}

Result<std::string> GgufPartPath(const std::string& path,
                                 const GgufSplit& split, std::size_t part) {
  const std::string ending = EndingOf(split.part, split.count);
  if (path.ends_with(ending)) {
    return path.substr(0, path.size() - ending.size()) +
           EndingOf(part, split.count);
  }
  return ModelError(fmt::format(
      "open: {}: is part {} of {} of a split model, but its name does not end "
      "in {}, so that the others cannot be found; name it as it was",
      path, split.part + 1, split.count, ending));
}

}  // namespace pellucid
