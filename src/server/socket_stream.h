// The bytes of one connection, with limits: how many may come, and until when.
// A client that sends a byte a second, or none, costs a thread for as long as
// the limit says and no longer.
#ifndef PELLUCID_SERVER_SOCKET_STREAM_H_
#define PELLUCID_SERVER_SOCKET_STREAM_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <string>

namespace pellucid::server {

class SocketStream {
 public:
  using Clock = std::chrono::steady_clock;

  // Neither takes the descriptor nor closes it.
  explicit SocketStream(int fd) : fd_(fd) {}
  SocketStream(const SocketStream&) = delete;
  SocketStream& operator=(const SocketStream&) = delete;

  // From now on `bytes` may be read, and until `deadline`; what came before and
  // is not read yet counts.
  void Allow(std::size_t bytes, Clock::time_point deadline);
  // What was read last did not come in time.
  bool timed_out() const { return timed_out_; }

  // Waits for a byte that is not read yet. False: none in time, or no more.
  bool WaitReadable(std::chrono::milliseconds timeout) const;

  // As ::recv: bytes that came, 0 where the client has closed, negative where a
  // limit is met or the connection has failed.
  std::ptrdiff_t Read(char* to, std::size_t size);

  // As ::send; waits for room up to `kStall`.
  std::ptrdiff_t Write(const char* from, std::size_t size);

  // The client has closed, in full or for writing. Looks without waiting.
  bool Gone() const;

  // Says that nothing more comes and reads what is under way, so that the
  // client gets the answer and no reset.
  void Linger();

  int fd() const { return fd_; }

  // Nothing taken for so long: the client is given up.
  static constexpr std::chrono::seconds kStall{10};

 private:
  bool Wait(short events, Clock::time_point deadline) const;

  int fd_;
  std::array<char, 4096> buffer_ = {};
  std::size_t begin_ = 0, end_ = 0;  // of what is not read yet
  std::size_t left_ = 0;             // bytes that may be read
  Clock::time_point deadline_ = {};
  bool timed_out_ = false;
};

}  // namespace pellucid::server

#endif  // PELLUCID_SERVER_SOCKET_STREAM_H_
