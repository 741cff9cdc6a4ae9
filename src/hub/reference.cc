#include "hub/reference.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "hub/hub_name.h"
#include "hub/pull.h"
#include "hub/repo_cache.h"
#include "hub/settings.h"

namespace pellucid::hub {
namespace {

// The value of an environment variable that is set and not empty, or "".
std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// kModel: nobody can tell, such as for want of permission.
Result<bool> Exists(const std::string& path) {
  std::error_code error;
  const bool exists = std::filesystem::exists(path, error);
  if (error) {
    return ModelError("open: " + path + ": " + error.message() +
                      "; check the path and its permissions");
  }
  return exists;
}

Result<std::string> FromTheHub(const HubName& name,
                               const ResolveOptions& options) {
  PELLUCID_ASSIGN_OR_RETURN(const Settings settings, SettingsFromEnvironment());
  const RepoCache cache(settings, name.repo);
  if (const auto cached = FindCached(cache, name, options.part);
      cached && cached->is_complete) {
    return cached->path;
  }
  PELLUCID_ASSIGN_OR_RETURN(
      PulledModel pulled, PullModel(name, options.part, settings, options.hub));
  return std::move(pulled.path);
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

Result<std::string> ResolveModel(const std::string& reference,
                                 const ResolveOptions& options) {
  if (reference.empty()) {
    return UsageError(
        "open: model reference: is empty; name a model folder or a .gguf file");
  }
  PELLUCID_ASSIGN_OR_RETURN(const bool exists, Exists(reference));
  if (exists) return reference;
  if (reference == kBuiltInModel) {
    const std::string path =
        PellucidHome() + "/models/" + std::string(kBuiltInModel) + ".gguf";
    PELLUCID_ASSIGN_OR_RETURN(const bool is_there, Exists(path));
    if (is_there) return path;
    return ModelError("open: " + reference + ": the built-in model is not at " +
                      path + "; get it with: script/get-model");
  }
  if (const auto name = ParseHubName(reference)) {
    return FromTheHub(*name, options);
  }
  return ModelError("open: " + reference +
                    ": no such file, folder or built-in model; name " +
                    std::string(options.accepted) + ", a .gguf file or " +
                    std::string(kBuiltInModel));
}

}  // namespace pellucid::hub
