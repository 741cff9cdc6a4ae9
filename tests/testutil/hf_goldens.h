// The tiny folders in Hugging Face's layout that have goldens, made by
// tools/goldens/tiny_hf.py. NAME.golden.safetensors and, for some, NAME.gguf
// and NAME.lens.json lie beside the folder NAME.
#ifndef PELLUCID_TESTS_TESTUTIL_HF_GOLDENS_H_
#define PELLUCID_TESTS_TESTUTIL_HF_GOLDENS_H_

#include <string>
#include <string_view>
#include <vector>

namespace pellucid::testutil {

// Names of the folders below tests/golden/tiny_hf, sorted.
std::vector<std::string> HfGoldenNames();

// Path of tests/golden/tiny_hf/NAME.
std::string HfGoldenPath(std::string_view name);

// The same below tests/golden/families, made by tools/goldens/families.py: all
// other families, and what tiny_hf does not toggle.
std::vector<std::string> FamilyGoldenNames();
std::string FamilyGoldenPath(std::string_view name);

}  // namespace pellucid::testutil

#endif  // PELLUCID_TESTS_TESTUTIL_HF_GOLDENS_H_
