#include "server/socket_stream.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace pellucid::server {
namespace {

using std::chrono::milliseconds;

// What a client may still send while it is told no.
constexpr std::size_t kLingerBytes = std::size_t{1} << 20;
constexpr milliseconds kLingerTime(300);

}  // namespace

void SocketStream::Allow(std::size_t bytes, Clock::time_point deadline) {
  left_ = bytes;
  deadline_ = deadline;
  timed_out_ = false;
}

bool SocketStream::Wait(short events, Clock::time_point deadline) const {
  while (true) {
    const auto left =
        std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd wait = {fd_, events, 0};
    const int ready =
        ::poll(&wait, 1, static_cast<int>(std::min<long>(left, 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

bool SocketStream::WaitReadable(milliseconds timeout) const {
  if (begin_ < end_) return true;
  return Wait(POLLIN, Clock::now() + timeout);
}

std::ptrdiff_t SocketStream::Read(char* to, std::size_t size) {
  if (begin_ == end_) {
    begin_ = end_ = 0;
    while (end_ == 0) {
      if (!Wait(POLLIN, deadline_)) {
        timed_out_ = true;
        return -1;
      }
      const ssize_t got =
          ::recv(fd_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
      if (got == 0) return 0;
      if (got > 0) {
        end_ = static_cast<std::size_t>(got);
      } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        return -1;
      }
    }
  }
  if (left_ == 0) return -1;
  const std::size_t count = std::min({size, end_ - begin_, left_});
  std::memcpy(to, buffer_.data() + begin_, count);
  begin_ += count;
  left_ -= count;
  return static_cast<std::ptrdiff_t>(count);
}

std::ptrdiff_t SocketStream::Write(const char* from, std::size_t size) {
  while (true) {
    const ssize_t sent = ::send(fd_, from, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return sent;
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return -1;
    if (!Wait(POLLOUT, Clock::now() + kStall)) return -1;
  }
}

bool SocketStream::Gone() const {
  pollfd wait = {fd_, POLLRDHUP, 0};
  return ::poll(&wait, 1, 0) > 0;
}

void SocketStream::Linger() {
  ::shutdown(fd_, SHUT_WR);
  const Clock::time_point deadline = Clock::now() + kLingerTime;
  std::size_t read = 0;
  while (read < kLingerBytes && Wait(POLLIN, deadline)) {
    const ssize_t got =
        ::recv(fd_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got <= 0) return;
    read += static_cast<std::size_t>(got);
  }
}

}  // namespace pellucid::server
