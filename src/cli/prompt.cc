#include "cli/prompt.h"

#include <fmt/format.h>

#include <cstddef>
#include <limits>
#include <memory>
#include <utility>

#include "base/quote.h"
#include "base/utf8.h"

namespace pellucid::cli {
namespace {

// Far beyond any context; keeps a wrong file from filling the memory.
constexpr std::size_t kMaxPromptBytes = std::size_t{1} << 28;
constexpr std::uint64_t kMaxId = std::numeric_limits<TokenId>::max();

std::string_view WithoutBlanks(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

BosPolicy PromptOptions::bos_policy() const {
  return bos == "always"  ? BosPolicy::kAlways
         : bos == "never" ? BosPolicy::kNever
                          : BosPolicy::kAuto;
}

void AddPromptOptions(Arguments& arguments, PromptOptions* options) {
  arguments.Positional("TEXT", &options->text,
                       "the prompt, to the byte (-: standard input)");
  arguments.Text("--file", "F", &options->file,
                 "read the prompt from a file, not a byte stripped");
  arguments.Text("--ids", "1,2,3", &options->ids,
                 "token ids instead of a text, taken as they are");
  arguments.Text("--jsonl", "F|-", &options->jsonl,
                 "many prompts: each line a JSON string, {\"text\": ...} or "
                 "{\"ids\": ...}");
  arguments.Choice("--bos", {"auto", "always", "never"}, &options->bos,
                   "put a beginning-of-sequence token first; default: auto, "
                   "what the model's own tokenizer does");
}

Status CheckOneSource(const Arguments& arguments,
                      const PromptOptions& options) {
  std::vector<std::string> given;
  if (options.text) given.push_back("TEXT");
  if (options.file) given.push_back("--file");
  if (options.ids) given.push_back("--ids");
  if (options.jsonl) given.push_back("--jsonl");
  if (given.empty()) {
    return arguments.Problem(
        "prompt", "there is none; give a text, --file, --ids or --jsonl");
  }
  if (given.size() > 1) {
    return arguments.Problem("prompt",
                             fmt::format("{} are given; give one of them",
                                         fmt::join(given, " and ")));
  }
  return {};
}

Result<std::vector<TokenId>> ParseIds(const Arguments& arguments,
                                      std::string_view text) {
  std::vector<TokenId> ids;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view item = WithoutBlanks(text.substr(0, comma));
    const auto id = ParseNumber(item);
    if (!id || *id > kMaxId) {
      return arguments.Problem(
          "--ids", fmt::format("item {}, \"{}\", is no token id; give whole "
                               "numbers from 0, as in 1,2,3",
                               ids.size() + 1, Quote(item)));
    }
    ids.push_back(static_cast<TokenId>(*id));
    if (comma == std::string_view::npos) return ids;
    text.remove_prefix(comma + 1);
  }
}

Result<Source*> OpenInput(const std::string& path, Io& io,
                          std::unique_ptr<Source>* owned) {
  if (path == "-") return &io.in;
  PELLUCID_ASSIGN_OR_RETURN(*owned, OpenSource(path, io.interrupt_fd));
  return owned->get();
}

Result<RawPrompt> ReadPrompt(const Arguments& arguments,
                             const PromptOptions& options, Io& io) {
  PELLUCID_RETURN_IF_ERROR(CheckOneSource(arguments, options));
  RawPrompt prompt;
  prompt.source = "prompt";
  if (options.ids) {
    PELLUCID_ASSIGN_OR_RETURN(prompt.ids, ParseIds(arguments, *options.ids));
    return prompt;
  }
  if (options.text && *options.text != "-") {
    prompt.text = options.text;
  } else {
    std::unique_ptr<Source> owned;
    PELLUCID_ASSIGN_OR_RETURN(
        Source * source, OpenInput(options.file.value_or("-"), io, &owned));
    PELLUCID_ASSIGN_OR_RETURN(prompt.text, ReadAll(*source, kMaxPromptBytes));
    prompt.source = source->name();
  }
  if (const auto offset = FirstInvalidUtf8(*prompt.text)) {
    return arguments.Problem(
        prompt.source,
        fmt::format("invalid UTF-8 at byte {} of {}; give UTF-8 text", *offset,
                    prompt.text->size()));
  }
  return prompt;
}

Result<std::vector<TokenId>> EncodePrompt(const Arguments& arguments,
                                          const RawPrompt& prompt,
                                          BosPolicy bos, const Model& model,
                                          Io& io) {
  std::vector<TokenId> ids = prompt.ids;
  if (prompt.text) {
    PELLUCID_ASSIGN_OR_RETURN(const Tokenizer* tokenizer,
                              model.RequireTokenizer());
    PELLUCID_ASSIGN_OR_RETURN(
        Encoding encoding,
        tokenizer->Encode(*prompt.text,
                          {.bos = bos, .avoid_double_bos = true}));
    if (encoding.suppressed_double_bos) {
      Warn(io, fmt::format("tokenize: {}: begins with the BOS token already; "
                           "no second one is put before it",
                           prompt.source));
    }
    ids = std::move(encoding.ids);
  }
  if (ids.empty()) {
    return arguments.Problem(prompt.source,
                             "is empty: there are no tokens; give some text");
  }
  return ids;
}

}  // namespace pellucid::cli
