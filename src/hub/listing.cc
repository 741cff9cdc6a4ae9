#include "hub/listing.h"

#include <fmt/format.h>

#include <algorithm>

#include "formats/json_file.h"
#include "hub/hub_name.h"

namespace pellucid::hub {
namespace {

constexpr std::size_t kMaxFiles = 200000;

Error NoListing(const std::string& name, std::string_view what) {
  return FailedError(fmt::format(
      "open: {}: the answer {}, so that it comes from no hub; check "
      "HF_ENDPOINT and the proxy",
      name, what));
}

}  // namespace

bool Listing::Has(std::string_view file) const {
  return std::ranges::binary_search(files, file);
}

Result<Listing> ParseListing(std::string_view json, const std::string& name) {
  const auto file = JsonFile::Parse(json, name);
  if (!file.ok()) return NoListing(name, "is no JSON");
  Listing listing;
  std::string_view commit;
  if (file->root()["sha"].get(commit) != simdjson::SUCCESS ||
      !IsCommit(commit)) {
    return NoListing(name, "names no commit");
  }
  listing.commit = commit;
  simdjson::dom::array siblings;
  if (file->root()["siblings"].get(siblings) != simdjson::SUCCESS) {
    return NoListing(name, "lists no files");
  }
  for (const simdjson::dom::element sibling : siblings) {
    std::string_view path;
    if (sibling["rfilename"].get(path) != simdjson::SUCCESS) {
      return NoListing(name, "lists a file without a name");
    }
    if (listing.files.size() >= kMaxFiles) {
      return NoListing(name,
                       fmt::format("lists more than {} files", kMaxFiles));
    }
    if (IsPlainPath(path)) listing.files.emplace_back(path);
  }
  std::ranges::sort(listing.files);
  // (clang 14 does not read what std::ranges::unique returns.)
  listing.files.erase(std::unique(listing.files.begin(), listing.files.end()),
                      listing.files.end());
  return listing;
}

}  // namespace pellucid::hub
