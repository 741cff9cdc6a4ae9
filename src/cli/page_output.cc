#include "cli/page_output.h"

#include <fmt/format.h>

#include "base/quote.h"
#include "cli/size_text.h"

namespace pellucid::cli {

void AddPageOption(Arguments& arguments, std::optional<std::string>* path) {
  arguments.Text("--html", "FILE|-", path,
                 "write a page to look at in a browser, one file that asks for "
                 "nothing else");
}

Result<std::unique_ptr<PageOutput>> PageOutput::Open(const std::string& path,
                                                     std::string_view kind,
                                                     Io& io) {
  std::unique_ptr<PageOutput> page(new PageOutput());
  page->path_ = path;
  PELLUCID_ASSIGN_OR_RETURN(page->output_, Output::Open(path, io));
  page->page_ = std::make_unique<render::HtmlPage>(page->output_->sink(), kind);
  return page;
}

Status PageOutput::Commit(Io& io) {
  page_->Finish();
  PELLUCID_RETURN_IF_ERROR(output_->Commit());
  // That it cannot be said is no reason to fail.
  const Status ignored = io.err.Write(
      OneLine(fmt::format("pellucid: page: {}: {}, of them {} data",
                          path_ == "-" ? "standard output" : Quote(path_),
                          SizeText(page_->bytes()),
                          SizeText(page_->data_bytes()))) +
      "\n");
  return {};
}

}  // namespace pellucid::cli
