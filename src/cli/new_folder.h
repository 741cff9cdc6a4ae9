// A folder for results, made before the long work so that a name that cannot be
// a folder fails first, and gone again if no result comes of it.
#ifndef PELLUCID_CLI_NEW_FOLDER_H_
#define PELLUCID_CLI_NEW_FOLDER_H_

#include <filesystem>
#include <string>
#include <vector>

#include "pellucid/result.h"

namespace pellucid::cli {

class NewFolder {
 public:
  // Makes the folder and those above it, where they are not there yet. kFailed:
  // it cannot be made, or something else has the name.
  static Result<NewFolder> Make(const std::string& path);

  // Removes what Make made, as far as it is empty, unless Keep was called.
  ~NewFolder();
  NewFolder(NewFolder&& other) noexcept;
  NewFolder& operator=(NewFolder&&) = delete;
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;

  void Keep() { made_.clear(); }

  // The path of a file in it.
  std::string operator/(const std::string& name) const {
    return (path_ / name).string();
  }

 private:
  NewFolder() = default;

  std::filesystem::path path_;
  std::vector<std::filesystem::path> made_;  // innermost first
};

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_NEW_FOLDER_H_
