// A file that appears whole or not at all.
//
// Bytes go to a temporary in the same folder, which Commit() renames to the
// target; without Commit() it is removed. So a run that fails or is stopped
// leaves what was there before. (A process killed outright leaves the
// temporary, never a half-written target.) A target that is no regular file,
// /dev/null or a pipe, is written in place. A symbolic link is followed. The
// new file keeps the permissions of the one it replaces. Nothing is forced to
// disk: it holds against a crash of the program, not of the machine.
//
//   PELLUCID_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
//   PELLUCID_RETURN_IF_ERROR(file.Write(bytes));
//   return file.Commit();
#ifndef PELLUCID_BASE_ATOMIC_FILE_H_
#define PELLUCID_BASE_ATOMIC_FILE_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/byte_sink.h"
#include "pellucid/result.h"

namespace pellucid {

class AtomicFile {
 public:
  // kFailed: the folder does not exist, or the target cannot be written.
  static Result<AtomicFile> Create(const std::string& path);

  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&& other) noexcept;
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  // Appends; unbuffered. kFailed: the system refuses (disk full, closed pipe).
  Status Write(std::span<const std::byte> bytes);
  Status Write(std::string_view text) { return Write(AsBytes(text)); }

  // Puts the file in its place. Called at most once, after which nothing can
  // be written. kFailed as above.
  Status Commit();

  // Calls Write(); lives as long as *this stays where it is.
  ByteSink Sink();

  // For a program that ends at once, from any thread: removes the temporaries
  // of all files of this process. From then on Create, Commit and the end of a
  // file wait for ever, so that none can appear any more.
  static void AbandonAll();

 private:
  AtomicFile(std::string path, std::string target, std::string temporary,
             int fd);
  Error Problem() const;  // from errno
  void Discard();

  std::string path_;       // as the caller wrote it, for messages
  std::string target_;     // the path with links resolved
  std::string temporary_;  // empty: written in place
  int fd_ = -1;
};

}  // namespace pellucid

#endif  // PELLUCID_BASE_ATOMIC_FILE_H_
