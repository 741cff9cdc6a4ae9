// Where a command reads and writes, as values: the program passes the standard
// streams, tests pass strings. Nothing else in src/cli touches a descriptor.
#ifndef PELLUCID_CLI_STREAMS_H_
#define PELLUCID_CLI_STREAMS_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "pellucid/result.h"

namespace pellucid::cli {

// Bytes go in, whole or not at all as far as the caller sees.
class Sink {
 public:
  Sink() = default;
  virtual ~Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  // kFailed: they could not be written.
  virtual Status Write(std::string_view bytes) = 0;
  // The reading end of a pipe is gone: nobody waits for the rest, so that the
  // failure of Write needs no message.
  virtual bool ReaderGone() const { return false; }
};

// Writes to a descriptor that stays open for longer, unbuffered.
// `interrupt_fd`, if not negative, becomes readable when the program is
// interrupted, which ends a write that waits for its reader.
class DescriptorSink : public Sink {
 public:
  // `name` stands for it in messages.
  DescriptorSink(int fd, std::string name, int interrupt_fd)
      : fd_(fd), interrupt_fd_(interrupt_fd), name_(std::move(name)) {}
  Status Write(std::string_view bytes) override;
  bool ReaderGone() const override { return reader_gone_; }

 private:
  int fd_;
  int interrupt_fd_;
  std::string name_;
  bool reader_gone_ = false;
};

class StringSink : public Sink {
 public:
  Status Write(std::string_view bytes) override {
    text_ += bytes;
    return {};
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

class Source {
 public:
  Source() = default;
  virtual ~Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  // Up to buffer.size() bytes, as soon as there are some; 0 at the end. kModel:
  // they cannot be read. kCancelled: the program was interrupted meanwhile.
  virtual Result<std::size_t> Read(std::span<char> buffer) = 0;
  virtual const std::string& name() const = 0;  // for messages
};

// Reads a descriptor. `interrupt_fd`, if not negative, becomes readable when
// the program is interrupted, which ends a read that waits.
class DescriptorSource : public Source {
 public:
  DescriptorSource(int fd, std::string name, int interrupt_fd)
      : fd_(fd), interrupt_fd_(interrupt_fd), name_(std::move(name)) {}
  Result<std::size_t> Read(std::span<char> buffer) override;
  const std::string& name() const override { return name_; }

 private:
  int fd_;
  int interrupt_fd_;
  std::string name_;
};

class StringSource : public Source {
 public:
  explicit StringSource(std::string text, std::string name = "standard input")
      : text_(std::move(text)), name_(std::move(name)) {}
  Result<std::size_t> Read(std::span<char> buffer) override;
  const std::string& name() const override { return name_; }

 private:
  std::string text_;
  std::size_t offset_ = 0;
  std::string name_;
};

// A file, a pipe or a device. kModel: missing, a folder, or not readable.
Result<std::unique_ptr<Source>> OpenSource(const std::string& path,
                                           int interrupt_fd);

// All that is left. Memory grows with what is read, so `limit` bounds it.
// kUsage: more than `limit` bytes.
Result<std::string> ReadAll(Source& source, std::size_t limit);

// Line by line; only the last may lack its line feed. Lines come without it
// and are otherwise untouched.
class LineReader {
 public:
  // Lines over `limit` bytes are an error.
  LineReader(Source& source, std::size_t limit)
      : source_(source), limit_(limit) {}

  // False at the end. kUsage: a line that is too long.
  Result<bool> Next(std::string* line);
  std::size_t number() const { return number_; }  // of the last line; from 1

 private:
  Source& source_;
  std::size_t limit_;
  std::string held_;       // read, not yet handed out
  std::size_t begin_ = 0;  // of what is left in held_
  std::size_t number_ = 0;
  bool at_end_ = false;
};

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_STREAMS_H_
