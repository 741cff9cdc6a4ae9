#include "cli/edit_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/quote.h"
#include "model/model_impl.h"
#include "trace/edit_plan.h"

namespace pellucid::cli {

void AddEditOption(Arguments& arguments, std::vector<std::string>* files) {
  arguments.Texts("--edits", "F.json", files,
                  "change activations as this file says and go on with what "
                  "they become (may be repeated; docs/edits.md)");
}

Result<std::vector<Edit>> ReadEditFiles(const std::vector<std::string>& files,
                                        const Model& model) {
  std::vector<Edit> edits;
  for (const std::string& file : files) {
    PELLUCID_ASSIGN_OR_RETURN(std::vector<Edit> read,
                              ReadEdits(file, model.info()));
    std::ranges::move(read, std::back_inserter(edits));
  }
  PELLUCID_RETURN_IF_ERROR(EditPlan::Check(model.impl().table, edits));
  return edits;
}

std::vector<Edit> EditsByLine::Of(const Batch& batch) {
  const std::size_t first = batch.first_line - 1;
  const std::size_t end = first + batch.size();
  lines_ = std::max(lines_, end);
  std::vector<Edit> own;
  for (const Edit& edit : edits_) {
    const std::vector<std::size_t>& lines = edit.scope.prompts;
    const auto is_here = [&](std::size_t line) {
      return line >= first && line < end;
    };
    if (!lines.empty() && std::ranges::none_of(lines, is_here)) continue;
    own.push_back(edit);
    std::vector<std::size_t>& prompts = own.back().scope.prompts;
    std::erase_if(prompts, [&](std::size_t line) { return !is_here(line); });
    for (std::size_t& prompt : prompts) prompt -= first;
  }
  return own;
}

std::size_t EditsByLine::Count(const Batch& batch, std::size_t i) const {
  const std::size_t line = batch.first_line - 1 + i;
  return static_cast<std::size_t>(
      std::ranges::count_if(edits_, [&](const Edit& edit) {
        const std::vector<std::size_t>& lines = edit.scope.prompts;
        return lines.empty() || std::ranges::find(lines, line) != lines.end();
      }));
}

Status EditsByLine::CheckMet() const {
  for (std::size_t i = 0; i < edits_.size(); ++i) {
    for (const std::size_t line : edits_[i].scope.prompts) {
      if (line < lines_) continue;
      return UsageError(fmt::format(
          "edits: edit {} ({} of {}): prompt {}: there are {} lines, "
          "counted from 0; name one of them",
          i, EditKindName(edits_[i].kind), Quote(edits_[i].site), line,
          lines_));
    }
  }
  return {};
}

}  // namespace pellucid::cli
