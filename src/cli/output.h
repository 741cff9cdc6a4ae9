// Where a result goes: standard output, or a file that appears whole or not at
// all.
#ifndef PELLUCID_CLI_OUTPUT_H_
#define PELLUCID_CLI_OUTPUT_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/atomic_file.h"
#include "cli/io.h"
#include "pellucid/result.h"
#include "render/json_writer.h"  // TextSink

namespace pellucid::cli {

class Output {
 public:
  // "-": standard output, which `io` must keep. Made before the long work, so
  // that an output that cannot be written fails first. kFailed: it cannot.
  static Result<std::unique_ptr<Output>> Open(const std::string& path, Io& io);

  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  // For writers that cannot fail: the first error is kept, and what comes
  // after it is dropped. Lives as long as *this.
  render::TextSink sink();

  // What is written so far, or why it could not be.
  const Status& status() const { return status_; }

  // Makes the file appear under its name; the first error of sink(), if any.
  // A file that is not committed leaves nothing behind.
  Status Commit();

 private:
  explicit Output(Sink* standard) : standard_(standard) {}
  explicit Output(AtomicFile file) : file_(std::move(file)) {}
  void Write(std::string_view bytes);

  Sink* standard_ = nullptr;        // standard output, or
  std::optional<AtomicFile> file_;  // a file
  Status status_;
};

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_OUTPUT_H_
