#include "cli/documents.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "cli/json_lines.h"
#include "cli/prompt.h"
#include "cli/streams.h"
#include "pellucid/tune.h"

namespace pellucid::cli {
namespace {

// Some hundred million tokens, more than a processor runs in a week.
constexpr std::size_t kMaxCount = std::size_t{1} << 40;
constexpr std::size_t kMaxTextBytes = std::size_t{1} << 29;

Result<std::vector<std::string>> ReadLines(const Arguments& arguments,
                                           Source& source) {
  LineReader lines(source, kMaxLineBytes);
  std::vector<std::string> out;
  std::string line;
  while (true) {
    PELLUCID_ASSIGN_OR_RETURN(const bool more, lines.Next(&line));
    if (!more) return out;
    Result<PromptLine> read = ParsePromptLine(line);
    if (read.ok() && !read->text) {
      read = UsageError("has ids; give a text");
    }
    if (!read.ok()) {
      return AtLine(arguments.command(), source.name(), lines.number(),
                    read.error());
    }
    out.push_back(std::move(*read->text));
  }
}

}  // namespace

void AddTextFlags(Arguments& arguments, TextFlags* flags) {
  arguments.Text("--text", "F.txt|F.jsonl|-", &flags->text,
                 "the text: one document, or one a line as a JSON string or "
                 "{\"text\": ...}; required");
  arguments.Number("--window", "N", 2, kMaxCount, &flags->window,
                   fmt::format("tokens that are run as one prompt; default: {}",
                               flags->window));
  arguments.Number("--max-tokens", "N", 0, kMaxCount, &flags->max_tokens,
                   "leave out what comes after; default: all");
  arguments.Number("--skip-first", "N", 0, kMaxCount, &flags->skip_first,
                   fmt::format("positions left out at the beginning of each "
                               "window; default: {}",
                               flags->skip_first));
}

Status RequireText(const Arguments& arguments, const TextFlags& flags) {
  if (flags.text) return {};
  return arguments.Problem("--text",
                           "is missing; name a file, as in --text corpus.txt");
}

Result<WindowedText> ReadWindows(const Arguments& arguments,
                                 const TextFlags& flags, const Model& model,
                                 Io& io) {
  const std::string& path = *flags.text;
  const std::size_t max_tokens = flags.max_tokens;
  std::unique_ptr<Source> owned;
  PELLUCID_ASSIGN_OR_RETURN(Source * source, OpenInput(path, io, &owned));
  std::vector<std::string> documents;
  if (path.ends_with(".jsonl")) {
    PELLUCID_ASSIGN_OR_RETURN(documents, ReadLines(arguments, *source));
  } else {
    PELLUCID_ASSIGN_OR_RETURN(std::string text,
                              ReadAll(*source, kMaxTextBytes));
    documents.push_back(std::move(text));
  }
  WindowedText out;
  for (const std::string& document : documents) out.bytes += document.size();
  PELLUCID_ASSIGN_OR_RETURN(out.windows,
                            CutWindows(model, documents, flags.window));
  std::size_t all = 0;
  for (const auto& ids : out.windows) all += ids.size();
  out.tokens = all;
  if (max_tokens == 0 || all <= max_tokens) return out;
  while (out.windows.size() > 1 && out.tokens > max_tokens) {
    out.tokens -= out.windows.back().size();
    out.windows.pop_back();
  }
  // As if bytes were spread evenly over tokens.
  out.bytes = static_cast<std::size_t>(static_cast<double>(out.bytes) *
                                       static_cast<double>(out.tokens) /
                                       static_cast<double>(all));
  return out;
}

}  // namespace pellucid::cli
