#include "testutil/model_path.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace pellucid::testutil {
namespace {

std::string Home() {
  std::string home;
  if (const char* set = std::getenv("PELLUCID_HOME");
      set != nullptr && *set != '\0') {
    home = set;
  } else if (const char* user = std::getenv("HOME"); user != nullptr) {
    home = std::string(user) + "/.cache/pellucid";
  }
  return home;
}

}  // namespace

std::string RealModelPath(const std::string& file) {
  return Home() + "/models/" + file;
}

std::string DefaultModelPath() { return RealModelPath("smollm2-135m.gguf"); }

bool HasDefaultModel() {
  std::error_code ignored;
  return std::filesystem::is_regular_file(DefaultModelPath(), ignored);
}

std::string RealTokenizerPath(const std::string& name) {
  return Home() + "/tokenizers/" + name + "/tokenizer.json";
}

}  // namespace pellucid::testutil
