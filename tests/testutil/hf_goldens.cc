#include "testutil/hf_goldens.h"

#include <algorithm>
#include <filesystem>

#include "testutil/golden_json.h"

namespace pellucid::testutil {

namespace {

std::vector<std::string> FoldersOf(std::string_view place) {
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(GoldenPath(place))) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace

std::vector<std::string> HfGoldenNames() { return FoldersOf("tiny_hf"); }

std::string HfGoldenPath(std::string_view name) {
  return GoldenPath("tiny_hf/" + std::string(name));
}

std::vector<std::string> FamilyGoldenNames() { return FoldersOf("families"); }

std::string FamilyGoldenPath(std::string_view name) {
  return GoldenPath("families/" + std::string(name));
}

}  // namespace pellucid::testutil
