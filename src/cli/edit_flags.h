// --edits: what a run changes, from files of JSON (docs/edits.md). Every
// command that runs a model takes it in the same words.
#ifndef PELLUCID_CLI_EDIT_FLAGS_H_
#define PELLUCID_CLI_EDIT_FLAGS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/batches.h"
#include "pellucid/edit.h"
#include "pellucid/model.h"
#include "pellucid/result.h"

namespace pellucid::cli {

// --edits F.json, which may be repeated.
void AddEditOption(Arguments& arguments, std::vector<std::string>* files);

// The edits of all files, in their order, as far as they can be judged without
// a prompt. kModel: see ReadEdits. kUsage: one that the model's sites do not
// fit.
Result<std::vector<Edit>> ReadEditFiles(const std::vector<std::string>& files,
                                        const Model& model);

// The prompts of an edit are lines of --jsonl, counted from 0; engines count
// those of a batch.
class EditsByLine {
 public:
  explicit EditsByLine(std::vector<Edit> edits) : edits_(std::move(edits)) {}

  // What edits are for a batch.
  std::vector<Edit> Of(const Batch& batch);

  // How many are made in its i-th prompt.
  std::size_t Count(const Batch& batch, std::size_t i) const;

  // After all batches. kUsage: an edit names a line that was not there.
  Status CheckMet() const;

 private:
  std::vector<Edit> edits_;
  std::size_t lines_ = 0;  // met so far
};

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_EDIT_FLAGS_H_
