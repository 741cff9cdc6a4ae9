#include "hub/reference.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace pellucid::hub {
namespace {

// The value of an environment variable that is set and not empty, or "".
std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool Exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

}  // namespace

std::string DefaultReference() {
  const std::string set = Environment("PELLUCID_MODEL");
  return set.empty() ? std::string(kBuiltInModel) : set;
}

std::string PellucidHome() {
  const std::string set = Environment("PELLUCID_HOME");
  if (!set.empty()) return set;
  return Environment("HOME") + "/.cache/pellucid";
}

Result<std::string> ResolveReference(const std::string& reference) {
  if (reference.empty()) {
    return UsageError(
        "open: model reference: is empty; name a model folder or a .gguf file");
  }
  if (Exists(reference)) return reference;
  if (reference == kBuiltInModel) {
    const std::string path =
        PellucidHome() + "/models/" + std::string(kBuiltInModel) + ".gguf";
    if (Exists(path)) return path;
    return ModelError("open: " + reference + ": the built-in model is not at " +
                      path + "; get it with: script/get-model");
  }
  return ModelError(
      "open: " + reference +
      ": no such file, folder or built-in model; name a model folder, a "
      ".gguf file or " +
      std::string(kBuiltInModel));
}

}  // namespace pellucid::hub
