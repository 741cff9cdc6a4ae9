// --html: the page of a result, and the line that says how large it is.
// Every command that has such a page takes the option in the same words.
#ifndef PELLUCID_CLI_PAGE_OUTPUT_H_
#define PELLUCID_CLI_PAGE_OUTPUT_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/arguments.h"
#include "cli/io.h"
#include "cli/output.h"
#include "pellucid/result.h"
#include "render/html_page.h"

namespace pellucid::cli {

// --html FILE|-.
void AddPageOption(Arguments& arguments, std::optional<std::string>* path);

class PageOutput {
 public:
  // Opened before the work begins; `kind` is that of the page's data.
  static Result<std::unique_ptr<PageOutput>> Open(const std::string& path,
                                                  std::string_view kind,
                                                  Io& io);

  // For the members of the data besides schema, version and kind.
  render::JsonWriter& data() { return page_->data(); }

  // The first error of writing so far.
  const Status& status() const { return output_->status(); }

  // Ends the page, makes the file appear and says its size on the error stream.
  Status Commit(Io& io);

 private:
  PageOutput() = default;

  std::string path_;
  std::unique_ptr<Output> output_;
  std::unique_ptr<render::HtmlPage> page_;
};

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_PAGE_OUTPUT_H_
