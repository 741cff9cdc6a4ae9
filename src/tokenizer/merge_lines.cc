#include "tokenizer/merge_lines.h"

#include <cstddef>

#include "base/quote.h"
#include "fmt/format.h"

namespace pellucid {

Result<std::vector<MergePair>> SplitMergeLines(
    std::span<const std::string_view> lines, const std::string& name) {
  std::vector<MergePair> merges;
  merges.reserve(lines.size());
  for (const std::string_view line : lines) {
    const std::size_t space = line.find(' ');
    if (space == line.npos || line.find(' ', space + 1) != line.npos) {
      return ModelError(
          fmt::format("open: {}: tokenizer: merge {} (\"{}\") is not two "
                      "tokens with one space; get the file again",
                      name, merges.size(), Quote(line)));
    }
    merges.push_back({line.substr(0, space), line.substr(space + 1)});
  }
  return merges;
}

}  // namespace pellucid
