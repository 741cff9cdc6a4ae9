// A lock that other processes see, Hugging Face's own programs among them:
// flock(2) on a file that stays where it is. (Their `filelock` looks, once it
// has the lock, whether the file still has its name, and tries again if not;
// so does this.)
#ifndef PELLUCID_HUB_FILE_LOCK_H_
#define PELLUCID_HUB_FILE_LOCK_H_

#include <functional>
#include <stop_token>
#include <string>

#include "pellucid/result.h"

namespace pellucid::hub {

class FileLock {
 public:
  // Waits for its turn; `on_wait` is called now and then meanwhile. kFailed:
  // the file cannot be made. kCancelled: stopped.
  static Result<FileLock> Take(const std::string& path,
                               const std::stop_token& stop,
                               const std::function<void()>& on_wait);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();  // lets go

  // False where the file system has no such locks: nobody else is kept away.
  bool held() const { return held_; }

 private:
  FileLock(int fd, bool held) : fd_(fd), held_(held) {}
  int fd_;
  bool held_;
};

}  // namespace pellucid::hub

#endif  // PELLUCID_HUB_FILE_LOCK_H_
