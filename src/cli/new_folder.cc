#include "cli/new_folder.h"

#include <fmt/format.h>

#include <system_error>
#include <utility>

namespace pellucid::cli {

namespace fs = std::filesystem;

Result<NewFolder> NewFolder::Make(const std::string& path) {
  NewFolder folder;
  folder.path_ = path;
  std::error_code error;
  std::vector<fs::path> missing;
  for (fs::path p = path; !p.empty() && !fs::exists(p, error);
       p = p.parent_path()) {
    missing.push_back(p);
  }
  fs::create_directories(path, error);
  folder.made_ = std::move(missing);  // removing what is not there does no harm
  if (!error && fs::is_directory(path, error)) return folder;
  return FailedError(
      fmt::format("write: {}: cannot be made a folder ({}); name another", path,
                  error ? error.message() : "a file is there"));
}

NewFolder::~NewFolder() {
  for (const fs::path& made : made_) {
    std::error_code not_empty;
    fs::remove(made, not_empty);
  }
}

NewFolder::NewFolder(NewFolder&& other) noexcept
    : path_(std::move(other.path_)), made_(std::exchange(other.made_, {})) {}

}  // namespace pellucid::cli
