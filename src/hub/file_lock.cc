#include "hub/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

namespace pellucid::hub {
namespace {

constexpr std::chrono::milliseconds kBetweenTries{20};

// Of the group too, so that users who share a cache can wait for each other.
constexpr mode_t kMode = 0664;

Error LockError(const std::string& path) {
  return FailedError("open: " + path + ": " + std::strerror(errno) +
                     "; check the permissions of the cache");
}

bool HasName(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && info.st_nlink > 0;
}

}  // namespace

Result<FileLock> FileLock::Take(const std::string& path,
                                const std::stop_token& stop,
                                const std::function<void()>& on_wait) {
  while (true) {
    const int fd =
        ::open(path.c_str(),
               O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, kMode);
    if (fd < 0) return LockError(path);
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) {
      FileLock lock(fd, /*held=*/true);
      if (HasName(fd)) return lock;
      continue;
    }
    if (errno == ENOSYS || errno == ENOTSUP || errno == ENOLCK) {
      return FileLock(fd, /*held=*/false);
    }
    if (errno != EWOULDBLOCK && errno != EACCES && errno != EINTR) {
      Error error = LockError(path);
      ::close(fd);
      return error;
    }
    ::close(fd);
    if (stop.stop_requested()) return CancelledError("open: stopped");
    if (on_wait) on_wait();
    std::this_thread::sleep_for(kBetweenTries);
  }
}

FileLock::FileLock(FileLock&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), held_(other.held_) {}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace pellucid::hub
