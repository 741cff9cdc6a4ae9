#include "cli/streams.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

namespace pellucid::cli {
namespace {

constexpr std::size_t kChunk = std::size_t{1} << 16;  // a pipe's usual size

// A descriptor of our own, closed with the source.
class FileSource : public DescriptorSource {
 public:
  FileSource(int fd, const std::string& name, int interrupt_fd)
      : DescriptorSource(fd, name, interrupt_fd), own_(fd) {}
  ~FileSource() override { ::close(own_); }

 private:
  int own_;
};

Error ReadProblem(const std::string& name, int error_number) {
  return ModelError(fmt::format("read: {}: {}; check the input", name,
                                std::strerror(error_number)));
}

}  // namespace

Status DescriptorSink::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    std::array<pollfd, 2> wait = {
        {{fd_, POLLOUT, 0}, {interrupt_fd_, POLLIN, 0}}};
    if (::poll(wait.data(), wait.size(), -1) < 0 && errno == EINTR) continue;
    if (wait[1].revents != 0) {
      return CancelledError(fmt::format("write: {}: interrupted", name_));
    }
    // A pipe that is ready takes this much without waiting.
    const ssize_t written = ::write(
        fd_, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF));
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
      continue;
    }
    if (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK) continue;
    reader_gone_ = errno == EPIPE;
    return FailedError(
        fmt::format("write: {}: {}, {} bytes are left; check "
                    "where the output goes",
                    name_, std::strerror(errno), bytes.size()));
  }
  return {};
}

Result<std::size_t> DescriptorSource::Read(std::span<char> buffer) {
  while (true) {
    std::array<pollfd, 2> wait = {
        {{fd_, POLLIN, 0}, {interrupt_fd_, POLLIN, 0}}};
    if (::poll(wait.data(), wait.size(), -1) < 0 && errno != EINTR) {
      return ReadProblem(name_, errno);
    }
    if (wait[1].revents != 0) {
      return CancelledError(fmt::format("read: {}: interrupted", name_));
    }
    if (wait[0].revents == 0) continue;
    const ssize_t got = ::read(fd_, buffer.data(), buffer.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK) continue;
    return ReadProblem(name_, errno);
  }
}

Result<std::size_t> StringSource::Read(std::span<char> buffer) {
  const std::size_t n = std::min(buffer.size(), text_.size() - offset_);
  std::memcpy(buffer.data(), text_.data() + offset_, n);
  offset_ += n;
  return n;
}

Result<std::unique_ptr<Source>> OpenSource(const std::string& path,
                                           int interrupt_fd) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    const std::string what =
        errno == ENOENT ? "input file not found" : std::strerror(errno);
    return ModelError(fmt::format(
        "read: {}: {}; check the path and its permissions", path, what));
  }
  auto source = std::make_unique<FileSource>(fd, path, interrupt_fd);
  struct stat info {};
  if (::fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
    return ModelError(
        fmt::format("read: {}: is a folder; name a file inside it", path));
  }
  return std::unique_ptr<Source>(std::move(source));
}

Result<std::string> ReadAll(Source& source, std::size_t limit) {
  std::string all;
  std::array<char, kChunk> chunk;
  while (true) {
    PELLUCID_ASSIGN_OR_RETURN(const std::size_t got, source.Read(chunk));
    if (got == 0) return all;
    if (got > limit - all.size()) {
      return UsageError(
          fmt::format("read: {}: has more than {} bytes; give a shorter input",
                      source.name(), limit));
    }
    all.append(chunk.data(), got);
  }
}

Result<bool> LineReader::Next(std::string* line) {
  std::size_t searched = begin_;  // no line feed before this
  while (true) {
    const std::size_t feed = held_.find('\n', searched);
    const std::size_t length = std::min(feed, held_.size()) - begin_;
    if (length > limit_) {
      return UsageError(
          fmt::format("read: {} line {}: has more than {} bytes; split it",
                      source_.name(), number_ + 1, limit_));
    }
    if (feed != std::string::npos || at_end_) {
      if (feed == std::string::npos && length == 0) return false;
      line->assign(held_, begin_, length);
      begin_ += length + (feed == std::string::npos ? 0 : 1);
      ++number_;
      return true;
    }
    held_.erase(0, begin_);
    begin_ = 0;
    searched = held_.size();
    held_.resize(searched + kChunk);
    auto got = source_.Read(std::span(held_).subspan(searched));
    held_.resize(searched + (got.ok() ? *got : 0));
    if (!got.ok()) return got.error();
    at_end_ = *got == 0;
  }
}

}  // namespace pellucid::cli
