// A golden folder with another config.json: what families make of keys that
// published files have, or should not have.
//
//   EXPECT_THAT(ErrorOfEdited("phi_plain", {{"clip_qkv", "8"}}),
//               HasSubstr("clip_qkv"));
#ifndef PELLUCID_TESTS_TESTUTIL_EDITED_GOLDEN_H_
#define PELLUCID_TESTS_TESTUTIL_EDITED_GOLDEN_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "model/family.h"
#include "testutil/golden_json.h"
#include "testutil/hf_goldens.h"
#include "testutil/temp_dir.h"
#include "testutil/tiny_hf.h"

namespace pellucid::testutil {

// Key and JSON text; empty text takes the key out.
using ConfigEdits = std::vector<std::pair<std::string, std::string>>;

// tests/golden/families/NAME with the edits, read as a model.
inline Result<ArchSpec> OpenEdited(const std::string& name,
                                   const ConfigEdits& edits) {
  const TempDir dir;
  for (const auto& entry :
       std::filesystem::directory_iterator(FamilyGoldenPath(name))) {
    const std::filesystem::path file = entry.path().filename();
    if (file == "config.json") continue;
    std::filesystem::create_symlink(entry.path(), dir.path() / file);
  }
  auto config = GoldenObject("families/" + name + "/config.json");
  for (const auto& [key, value] : edits) {
    config.erase(key);
    if (!value.empty()) config[key] = value;
  }
  std::string text;
  for (const auto& [key, value] : config) {
    text += (text.empty() ? "{\"" : ",\n \"") + key + "\": " + value;
  }
  WriteFileText(dir / "config.json", text + "}\n");
  PELLUCID_ASSIGN_OR_RETURN(const HfFolder folder, HfFolder::Open(dir.path()));
  PELLUCID_ASSIGN_OR_RETURN(LoadedModel loaded, LoadFromHf(folder));
  return std::move(loaded.spec);
}

// Why it is refused as a model; "no error" where it is not.
inline std::string ErrorOfEdited(const std::string& name,
                                 const ConfigEdits& edits) {
  const auto spec = OpenEdited(name, edits);
  if (spec.ok()) return "no error";
  EXPECT_EQ(spec.error().code, ErrorCode::kModel);
  return spec.error().message;
}

}  // namespace pellucid::testutil

#endif  // PELLUCID_TESTS_TESTUTIL_EDITED_GOLDEN_H_
