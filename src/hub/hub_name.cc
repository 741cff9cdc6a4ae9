#include "hub/hub_name.h"

#include <algorithm>
#include <cstddef>

namespace pellucid::hub {
namespace {

constexpr std::size_t kMaxRepo = 96;       // characters, the hub's limit
constexpr std::size_t kMaxRevision = 250;  // of a file's name on Linux: 255

bool IsAlphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z') || c == '_';
}

// One of the two parts of a repository's name.
bool IsNamePart(std::string_view part) {
  return !part.empty() && IsAlphanumeric(part.front()) &&
         IsAlphanumeric(part.back()) && std::ranges::all_of(part, [](char c) {
           return IsAlphanumeric(c) || c == '.' || c == '-';
         });
}

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool IsRepo(std::string_view repo) {
  const std::size_t slash = repo.find('/');
  return slash != std::string_view::npos && repo.size() <= kMaxRepo &&
         IsNamePart(repo.substr(0, slash)) &&
         IsNamePart(repo.substr(slash + 1)) && !Contains(repo, "--") &&
         !Contains(repo, "..") && !repo.ends_with(".git");
}

}  // namespace

std::string HubName::Text() const {
  std::string text = repo;
  if (revision != "main") text += "@" + revision;
  if (!file.empty()) text += ":" + file;
  return text;
}

std::optional<HubName> ParseHubName(std::string_view reference) {
  HubName name;
  const std::size_t colon = reference.find(':');
  if (colon != std::string_view::npos) {
    name.file = reference.substr(colon + 1);
    reference = reference.substr(0, colon);
    if (!IsPlainPath(name.file) || !name.file.ends_with(".gguf")) {
      return std::nullopt;
    }
  }
  const std::size_t at = reference.find('@');
  name.repo = reference.substr(0, at);
  if (!IsRepo(name.repo)) return std::nullopt;
  for (const std::string_view ending : {".gguf", ".json", ".safetensors"}) {
    if (name.repo.ends_with(ending)) return std::nullopt;
  }
  if (at == std::string_view::npos) return name;
  name.revision = reference.substr(at + 1);
  if (!IsRevision(name.revision)) return std::nullopt;
  return name;
}

// Git's names are wider; what is left out would need care in a file's name.
bool IsRevision(std::string_view text) {
  return text.size() <= kMaxRevision && IsPlainPath(text) &&
         !Contains(text, "..") && text.front() != '-' &&
         std::ranges::all_of(text, [](char c) {
           return IsAlphanumeric(c) || c == '.' || c == '-' || c == '/' ||
                  c == '+';
         });
}

bool IsCommit(std::string_view revision) {
  return revision.size() == 40 && std::ranges::all_of(revision, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

bool IsPlainPath(std::string_view path) {
  while (true) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    const bool plain = std::ranges::all_of(part, [](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return byte >= 0x20 && byte != 0x7f && c != '\\';
    });
    if (!plain) return false;
    if (slash == std::string_view::npos) return true;
    path = path.substr(slash + 1);
  }
}

}  // namespace pellucid::hub
