// A text to learn from or to measure on, as a list of documents: a plain file
// is one, a .jsonl file has one a line.
#ifndef PELLUCID_CLI_DOCUMENTS_H_
#define PELLUCID_CLI_DOCUMENTS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/io.h"
#include "pellucid/model.h"
#include "pellucid/result.h"

namespace pellucid::cli {

// What text, in which windows.
struct TextFlags {
  std::optional<std::string> text = {};
  std::size_t window = 256, max_tokens = 0, skip_first = 1;
};

// --text, --window, --max-tokens, --skip-first; their defaults are what
// `flags` holds.
void AddTextFlags(Arguments& arguments, TextFlags* flags);

// kUsage: --text is missing.
Status RequireText(const Arguments& arguments, const TextFlags& flags);

// Texts in windows (pellucid/tune.h).
struct WindowedText {
  std::vector<std::vector<TokenId>> windows;
  std::size_t tokens = 0;  // in them
  std::size_t bytes = 0;   // of the documents
};

// Reads flags.text, "-" for standard input; of a .jsonl file each line is a
// JSON string or {"text": ...}. At most max_tokens tokens are kept, 0: all.
// kUsage: a line that is neither, invalid UTF-8, no tokens. kModel: it cannot
// be read.
Result<WindowedText> ReadWindows(const Arguments& arguments,
                                 const TextFlags& flags, const Model& model,
                                 Io& io);

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_DOCUMENTS_H_
