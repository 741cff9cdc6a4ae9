#include "hub/blob_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "base/sha1.h"
#include "base/sha256.h"

namespace pellucid::hub {
namespace {

// Small enough that a stop is seen within a millisecond or so.
constexpr std::size_t kReadBytes = std::size_t{1} << 20;

bool IsHex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
}

}  // namespace

Result<BlobFile> BlobFile::Open(const std::string& incomplete) {
  const int fd = ::open(incomplete.c_str(),
                        O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
  BlobFile file(incomplete, fd, 0);
  struct stat info {};
  if (fd < 0 || ::fstat(fd, &info) != 0) return file.Problem();
  file.size_ = static_cast<std::uint64_t>(info.st_size);
  return file;
}

BlobFile::BlobFile(std::string path, int fd, std::uint64_t size)
    : path_(std::move(path)), fd_(fd), size_(size) {}

BlobFile::BlobFile(BlobFile&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      size_(other.size_) {}

BlobFile::~BlobFile() {
  if (fd_ >= 0) ::close(fd_);
}

Error BlobFile::Problem() const {
  return FailedError(fmt::format(
      "open: {}: {}; check the permissions of the cache (HF_HUB_CACHE) and the "
      "space on its disk",
      path_, std::strerror(errno)));
}

Status BlobFile::Append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Problem();
    size_ += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Status BlobFile::Restart() {
  if (::ftruncate(fd_, 0) != 0) return Problem();
  size_ = 0;
  return {};
}

Result<bool> BlobFile::Matches(std::string_view etag,
                               const std::stop_token& stop) const {
  const bool is_sha256 = etag.size() == 64 && IsHex(etag);
  const bool is_sha1 = etag.size() == 40 && IsHex(etag);
  if (!is_sha256 && !is_sha1) return true;
  Sha256 sha256;
  Sha1 sha1;
  const std::string header = fmt::format("blob {}", size_);
  sha1.Update(std::as_bytes(std::span(header.c_str(), header.size() + 1)));
  const auto buffer = std::make_unique<std::byte[]>(kReadBytes);
  for (std::uint64_t at = 0; at < size_;) {
    if (stop.stop_requested()) return CancelledError("open: stopped");
    const std::size_t wanted = std::min<std::uint64_t>(kReadBytes, size_ - at);
    const ssize_t got =
        ::pread(fd_, buffer.get(), wanted, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Problem();
    if (got == 0) return false;  // another process has cut it
    const std::span<const std::byte> bytes(buffer.get(),
                                           static_cast<std::size_t>(got));
    if (is_sha256) {
      sha256.Update(bytes);
    } else {
      sha1.Update(bytes);
    }
    at += bytes.size();
  }
  return (is_sha256 ? HexOf(sha256.Finish()) : HexOf(sha1.Finish())) == etag;
}

Status BlobFile::MoveTo(const std::string& path) {
  if (::close(std::exchange(fd_, -1)) != 0) return Problem();
  if (std::rename(path_.c_str(), path.c_str()) != 0) return Problem();
  return {};
}

}  // namespace pellucid::hub
