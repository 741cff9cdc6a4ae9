// A file that arrives from the network in pieces, over several runs if need
// be: NAME.incomplete grows at its end, and becomes NAME once its bytes are
// those that its hash names. Not an AtomicFile: what is there at a Ctrl-C
// stays.
#ifndef PELLUCID_HUB_BLOB_FILE_H_
#define PELLUCID_HUB_BLOB_FILE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "pellucid/result.h"

namespace pellucid::hub {

class BlobFile {
 public:
  // Opens `incomplete`, which may hold the first bytes already. kFailed.
  static Result<BlobFile> Open(const std::string& incomplete);

  BlobFile(BlobFile&& other) noexcept;
  BlobFile& operator=(BlobFile&&) = delete;
  BlobFile(const BlobFile&) = delete;
  BlobFile& operator=(const BlobFile&) = delete;
  ~BlobFile();  // the file stays

  std::uint64_t size() const { return size_; }  // bytes that are there
  // kFailed: the disk is full, and the like.
  Status Append(std::span<const std::byte> bytes);
  Status Restart();  // with no bytes

  // Whether the bytes are what `etag` says: SHA-256 if it has 64 hexadecimal
  // digits, git's SHA-1 of a blob if it has 40, anything else if not. Reads
  // them back, at 1 GB/s or so. kFailed: they cannot be read. kCancelled.
  Result<bool> Matches(std::string_view etag,
                       const std::stop_token& stop) const;

  // Gives the file its name. kFailed.
  Status MoveTo(const std::string& path);

 private:
  BlobFile(std::string path, int fd, std::uint64_t size);
  Error Problem() const;  // from errno

  std::string path_;
  int fd_;
  std::uint64_t size_;
};

}  // namespace pellucid::hub

#endif  // PELLUCID_HUB_BLOB_FILE_H_
