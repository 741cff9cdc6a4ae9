// The prompts of a .jsonl file, read and encoded in groups that the engine
// runs together. What comes out does not depend on the groups.
#ifndef PELLUCID_CLI_BATCHES_H_
#define PELLUCID_CLI_BATCHES_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/io.h"
#include "cli/prompt.h"
#include "cli/streams.h"
#include "pellucid/model.h"
#include "pellucid/result.h"

namespace pellucid::cli {

// Prompts that follow one another in the file.
struct Batch {
  std::size_t first_line = 1;
  std::vector<std::vector<TokenId>> ids;          // one a prompt
  std::vector<std::optional<std::string>> texts;  // empty: given as ids
  std::vector<std::vector<TokenTurn>> turns;      // of conversations

  std::size_t size() const { return ids.size(); }
  Batch Only(std::size_t i) const;  // a batch of the prompt i
};

// Runs a batch and writes what came of it, or fails without having written
// anything of it.
using RunBatchFunction = std::function<Status(const Batch& batch)>;

// How many numbers a run keeps of a prompt of that many tokens.
using KeptNumbers = std::function<std::size_t(std::size_t tokens)>;

// Feeds every line of `options.jsonl` to `run`, in order, in batches of about
// 512 tokens, or fewer where those would keep more than 2^25 numbers (128 MiB):
// memory is bounded by that and the largest prompt. A batch that fails is run
// again prompt by prompt, so that those before the one at fault are written,
// and the error names its line. kUsage: a bad line, with its number; those
// before it are done by then.
Status ForEachBatch(const Arguments& arguments, const PromptOptions& options,
                    const Model& model, Io& io, const KeptNumbers& kept,
                    const RunBatchFunction& run);

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_BATCHES_H_
