#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

namespace pellucid {
namespace {

Error Problem(const std::string& path, const std::string& what) {
  return ModelError("open: " + path + ": " + what);
}

std::string ErrnoText() { return std::strerror(errno); }

}  // namespace

Result<MappedFile> MappedFile::Open(const std::string& path) {
  // Without O_NONBLOCK a named pipe would wait for its writer.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    if (errno == ENOENT) {
      return Problem(path, "no such file; check the path");
    }
    return Problem(path, ErrnoText() + "; check the path and its permissions");
  }
  struct stat info {};
  if (::fstat(fd, &info) != 0) {
    Error error = Problem(path, ErrnoText());
    ::close(fd);
    return error;
  }
  if (!S_ISREG(info.st_mode)) {
    ::close(fd);
    return Problem(path, S_ISDIR(info.st_mode)
                             ? "is a folder; name a file inside it"
                             : "is no regular file; it cannot be mapped");
  }
  const auto size = static_cast<std::size_t>(info.st_size);
  if (size == 0) {
    ::close(fd);
    return MappedFile(path, {});
  }
  void* map = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  Error error = Problem(
      path, "mmap of " + std::to_string(size) + " bytes: " + ErrnoText());
  ::close(fd);
  if (map == MAP_FAILED) return error;
  return MappedFile(path, {static_cast<const std::byte*>(map), size});
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)), bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  if (this != &other) {
    std::swap(path_, other.path_);
    std::swap(bytes_, other.bytes_);
  }
  return *this;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) {
    ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  }
}

}  // namespace pellucid
