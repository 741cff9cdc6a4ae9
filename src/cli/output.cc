#include "cli/output.h"

#include <utility>

namespace pellucid::cli {

Result<std::unique_ptr<Output>> Output::Open(const std::string& path, Io& io) {
  if (path == "-") return std::unique_ptr<Output>(new Output(&io.out));
  PELLUCID_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  return std::unique_ptr<Output>(new Output(std::move(file)));
}

render::TextSink Output::sink() {
  return [this](std::string_view bytes) { Write(bytes); };
}

void Output::Write(std::string_view bytes) {
  if (!status_.ok()) return;
  status_ =
      standard_ != nullptr ? standard_->Write(bytes) : file_->Write(bytes);
}

Status Output::Commit() {
  if (!status_.ok() || standard_ != nullptr) return status_;
  return file_->Commit();
}

}  // namespace pellucid::cli
