// A file mapped read-only into memory.
//
// The bytes stay valid while the MappedFile (or the object it was moved to)
// lives. If another program shortens the file meanwhile, reading past its new
// end raises SIGBUS: the one fault no reader of mapped files survives.
#ifndef PELLUCID_BASE_MAPPED_FILE_H_
#define PELLUCID_BASE_MAPPED_FILE_H_

#include <cstddef>
#include <span>
#include <string>

#include "pellucid/result.h"

namespace pellucid {

class MappedFile {
 public:
  // kModel: missing, not a regular file, or unreadable.
  static Result<MappedFile> Open(const std::string& path);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return bytes_; }
  const std::string& path() const { return path_; }

 private:
  MappedFile(std::string path, std::span<const std::byte> bytes)
      : path_(std::move(path)), bytes_(bytes) {}
  std::string path_;
  std::span<const std::byte> bytes_;
};

}  // namespace pellucid

#endif  // PELLUCID_BASE_MAPPED_FILE_H_
