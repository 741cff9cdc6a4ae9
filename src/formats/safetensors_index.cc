#include "formats/safetensors_index.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/quote.h"

namespace pellucid {
namespace {

namespace dom = simdjson::dom;

Error Problem(const JsonFile& file, const std::string& what) {
  return ModelError(
      fmt::format("open: {}: {}; the index is damaged, get the "
                  "file again",
                  file.name(), what));
}

// A file name leads nowhere but into the folder of the index, and shows in one
// line.
bool IsShardName(std::string_view name) {
  constexpr std::string_view kSuffix = ".safetensors";
  return name.size() > kSuffix.size() && name.ends_with(kSuffix) &&
         name.find("..") == std::string_view::npos &&
         std::ranges::none_of(name, [](unsigned char c) {
           return c == '/' || c == '\\' || c < ' ' || c == 0x7f;
         });
}

}  // namespace

Result<WeightMap> ReadWeightMap(const JsonFile& file) {
  dom::object map;
  if (file.root()["weight_map"].get(map) != simdjson::SUCCESS) {
    return Problem(file, "has no \"weight_map\" from tensors to files");
  }
  WeightMap out;
  for (const auto [tensor, value] : map) {
    std::string_view shard;
    if (value.get(shard) != simdjson::SUCCESS || !IsShardName(shard)) {
      return Problem(
          file, fmt::format("tensor {}: its file is {}, which is no name of a "
                            ".safetensors file of this folder",
                            Quote(tensor), Quote(simdjson::minify(value))));
    }
    if (!out.emplace(tensor, shard).second) {
      return Problem(file, fmt::format("tensor {} stands twice in weight_map",
                                       Quote(tensor)));
    }
  }
  if (out.empty()) return Problem(file, "weight_map is empty");
  return out;
}

}  // namespace pellucid
