#include "hub/reference.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <system_error>

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

// A part of a name on the hub.
bool IsHubPart(std::string_view part) {
  constexpr std::string_view kOthers = "._-";
  const auto is_plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
  };
  return !part.empty() && is_plain(part.front()) &&
         std::all_of(part.begin(), part.end(), [&](char c) {
           return is_plain(c) || kOthers.find(c) != std::string_view::npos;
         });
}

// "ORG/NAME" or "ORG/NAME@REVISION", whose NAME has no ending of a model file.
struct HubName {
  std::string_view name;
  std::string_view revision;  // empty: none
};
std::optional<HubName> AsHubName(std::string_view reference) {
  const std::size_t slash = reference.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::size_t at = reference.find('@');
  const std::string_view name = reference.substr(0, at);
  const std::string_view revision =
      at == std::string_view::npos ? "" : reference.substr(at + 1);
  const bool has_revision = at != std::string_view::npos;
  if (slash >= name.size() || !IsHubPart(name.substr(0, slash)) ||
      !IsHubPart(name.substr(slash + 1)) ||
      (has_revision && !IsHubPart(revision))) {
    return std::nullopt;
  }
  for (const std::string_view ending : {".gguf", ".json", ".safetensors"}) {
    if (name.ends_with(ending)) return std::nullopt;
  }
  return HubName{name, revision};
}

// What gets a model whose name has the form of the hub's.
Error FromTheHub(const std::string& reference, const HubName& hub) {
  std::string command = "hf download " + std::string(hub.name);
  if (!hub.revision.empty()) {
    command += " --revision " + std::string(hub.revision);
  }
  return ModelError("open: " + reference +
                    ": no such file or folder, and this version reads neither "
                    "the hub nor its cache; get the model with: " +
                    command + " --local-dir DIR, then name DIR");
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

Result<std::string> ResolveReference(const std::string& reference,
                                     std::string_view accepted) {
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
  if (const auto hub = AsHubName(reference)) return FromTheHub(reference, *hub);
  return ModelError("open: " + reference +
                    ": no such file, folder or built-in model; name " +
                    std::string(accepted) + ", a .gguf file or " +
                    std::string(kBuiltInModel));
}

}  // namespace pellucid::hub
