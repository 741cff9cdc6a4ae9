// Pairs of prompts as people give them, and the results of earlier runs that
// can be used again.
#ifndef PELLUCID_CLI_PATCH_PAIRS_H_
#define PELLUCID_CLI_PATCH_PAIRS_H_

#include <cstddef>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "cli/arguments.h"
#include "cli/io.h"
#include "cli/token_flags.h"
#include "pellucid/model.h"
#include "pellucid/patch.h"
#include "pellucid/result.h"
#include "pellucid/tokenizer.h"

namespace pellucid::cli {

// A pair before a tokenizer has seen it. Prompts are texts, or ids.
struct RawPair {
  std::optional<std::string> clean, corrupt, clean_ids, corrupt_ids;
  std::optional<std::string> answer, foil;
  std::optional<std::string> clean_span, corrupt_span;
};

// A line of a file of pairs: {"clean", "corrupt", "answer", "foil",
// "clean_span", "corrupt_span"}, texts; "clean_ids" and "corrupt_ids" may be
// arrays of ids instead. kUsage "WHAT; WHAT TO DO": anything else.
Result<RawPair> ParsePairLine(std::string_view line);

// The pair in tokens. kUsage: prompts that are missing or given twice, an
// answer of several tokens, a span that does not occur. kModel: no tokenizer.
Result<PatchPair> EncodePair(const Arguments& arguments, const RawPair& raw,
                             BosPolicy bos, AnswerMode mode, const Model& model,
                             Io& io);

// What decides whether a result may be used again: SHA-256 over model,
// options and tokens.
std::string PairKey(const ModelInfo& model, const PatchPair& pair,
                    const PatchOptions& options);

// A file of one JSON object a line that grows as results come: whatever ends a
// run, the lines before it are whole.
class PatchLines {
 public:
  // Opens `path`, anew, or with `resume` behind its last whole line, whose
  // results it then holds. kUsage: it is there, but `resume` is not asked for.
  // kModel: a line that is no result. kFailed: it cannot be written.
  static Result<PatchLines> Open(const std::string& path, bool resume);

  // An earlier result of this line and key, with numbers as they were written.
  const PatchGrid* Find(std::size_t line, const std::string& key) const;
  // Writes one line, its end included, at once.
  Status Append(std::string_view line);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  PatchLines(std::string path, std::FILE* file)
      : path_(std::move(path)), file_(file) {}

  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
  std::map<std::pair<std::size_t, std::string>, PatchGrid> found_;
};

// The numbers of a grid as JSON holds them: rounded to float32. So a summary is
// the same whether results were read again or made.
void RoundAsWritten(PatchGrid* grid);

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_PATCH_PAIRS_H_
