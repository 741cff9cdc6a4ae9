#include "testutil/hf_goldens.h"

#include <algorithm>
#include <filesystem>

#include "testutil/golden_json.h"

namespace pellucid::testutil {

std::vector<std::string> HfGoldenNames() {
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(GoldenPath("tiny_hf"))) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

std::string HfGoldenPath(std::string_view name) {
  return GoldenPath("tiny_hf/" + std::string(name));
}

}  // namespace pellucid::testutil
