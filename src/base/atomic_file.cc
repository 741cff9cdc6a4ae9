#include "base/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <mutex>
#include <set>
#include <system_error>
#include <utility>

namespace pellucid {
namespace {

// Linux writes at most about 2 GiB a call; more than this gains nothing.
constexpr std::size_t kMaxWrite = std::size_t{1} << 30;

// Names tried before giving up; each is free unless a run of the same process
// id was killed here before.
constexpr int kMaxNames = 1000;

Error WriteError(const std::string& path, const std::string& what) {
  return FailedError("write: " + path + ": " + what);
}

Error ErrnoError(const std::string& path) {
  return WriteError(path, std::string(std::strerror(errno)) +
                              "; check the path, its permissions and the space "
                              "on the disk");
}

// The temporaries that exist. Never destroyed: a thread may end the program
// while another still writes.
struct Temporaries {
  std::mutex mutex;  // held while one appears, is renamed or goes
  std::set<std::string> names;
};

Temporaries& AllTemporaries() {
  static Temporaries* const all = new Temporaries;
  return *all;
}

void Remove(const std::string& temporary) {
  Temporaries& all = AllTemporaries();
  const std::lock_guard lock(all.mutex);
  ::unlink(temporary.c_str());
  all.names.erase(temporary);
}

std::string ResolveLinks(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(
      ::realpath(path.c_str(), nullptr), std::free);
  return real ? std::string(real.get()) : path;
}

// Whether the folder of `path` is there; keeps errno. (/proc refuses new files
// as if it were not.)
bool HasFolder(const std::string& path) {
  const int kept = errno;
  std::error_code ignored;
  const auto folder = std::filesystem::path(path).parent_path();
  const bool has =
      folder.empty() || std::filesystem::is_directory(folder, ignored);
  errno = kept;
  return has;
}

// A new file to write; negative, with errno, where it cannot be had.
int OpenTemporary(const std::string& temporary) {
  Temporaries& all = AllTemporaries();
  const std::lock_guard lock(all.mutex);
  const int fd =
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd >= 0) all.names.insert(temporary);
  return fd;
}

}  // namespace

Result<AtomicFile> AtomicFile::Create(const std::string& path) {
  if (path.empty()) return WriteError("\"\"", "the path is empty; name a file");
  struct stat info {};
  const bool exists = ::stat(path.c_str(), &info) == 0;
  if (!exists && errno != ENOENT) return ErrnoError(path);
  if (exists && S_ISDIR(info.st_mode)) {
    return WriteError(path, "is a folder; name a file inside it");
  }
  if (exists && !S_ISREG(info.st_mode)) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) return ErrnoError(path);
    return AtomicFile(path, path, "", fd);
  }
  if (exists && ::access(path.c_str(), W_OK) != 0) return ErrnoError(path);

  const std::string target = exists ? ResolveLinks(path) : path;
  const std::string stem = target + ".tmp-" + std::to_string(::getpid()) + "-";
  for (int i = 0; i < kMaxNames; ++i) {
    const std::string temporary = stem + std::to_string(i);
    const int fd = OpenTemporary(temporary);
    if (fd < 0 && errno == EEXIST) continue;
    if (fd < 0 && errno == ENOENT && !HasFolder(target)) {
      return WriteError(path, "its folder does not exist; create it first");
    }
    if (fd < 0) return ErrnoError(path);
    AtomicFile file(path, target, temporary, fd);
    if (exists && ::fchmod(fd, info.st_mode & 07777) != 0) {
      return file.Problem();
    }
    return file;
  }
  return WriteError(path, "no free name for a temporary; remove " + stem + "*");
}

AtomicFile::AtomicFile(std::string path, std::string target,
                       std::string temporary, int fd)
    : path_(std::move(path)),
      target_(std::move(target)),
      temporary_(std::move(temporary)),
      fd_(fd) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      target_(std::move(other.target_)),
      temporary_(std::move(other.temporary_)),
      fd_(std::exchange(other.fd_, -1)) {}

AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept {
  if (this != &other) {
    Discard();
    path_ = std::move(other.path_);
    target_ = std::move(other.target_);
    temporary_ = std::move(other.temporary_);
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

AtomicFile::~AtomicFile() { Discard(); }

Error AtomicFile::Problem() const { return ErrnoError(path_); }

void AtomicFile::Discard() {
  if (fd_ < 0) return;
  ::close(std::exchange(fd_, -1));
  if (!temporary_.empty()) Remove(temporary_);
}

Status AtomicFile::Write(std::span<const std::byte> bytes) {
  if (fd_ < 0) return WriteError(path_, "the file is closed already");
  while (!bytes.empty()) {
    const ssize_t written =
        ::write(fd_, bytes.data(), std::min(bytes.size(), kMaxWrite));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Problem();
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Status AtomicFile::Commit() {
  if (fd_ < 0) return WriteError(path_, "the file is closed already");
  if (::close(std::exchange(fd_, -1)) != 0) {  // a full disk may show here
    const Error error = Problem();
    if (!temporary_.empty()) Remove(temporary_);
    return error;
  }
  if (temporary_.empty()) return {};
  {
    Temporaries& all = AllTemporaries();
    const std::lock_guard lock(all.mutex);
    if (::rename(temporary_.c_str(), target_.c_str()) == 0) {
      all.names.erase(temporary_);
      return {};
    }
  }
  const Error error = Problem();
  Remove(temporary_);
  return error;
}

void AtomicFile::AbandonAll() {
  Temporaries& all = AllTemporaries();
  all.mutex.lock();  // for ever
  for (const std::string& name : all.names) ::unlink(name.c_str());
}

ByteSink AtomicFile::Sink() {
  return [this](std::span<const std::byte> bytes) { return Write(bytes); };
}

}  // namespace pellucid
