// `pellucid tokenize`: text to token ids, and back, exactly as Hugging Face's
// tokenizers do it: a text that begins with BOS gets a second one.
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/quote.h"
#include "cli/commands.h"
#include "cli/common_options.h"
#include "cli/download_line.h"
#include "cli/json_lines.h"
#include "cli/output.h"
#include "cli/prompt.h"
#include "hub/reference.h"
#include "model/checkpoint.h"
#include "render/display_text.h"
#include "render/tokenize_json.h"
#include "tokenizer/hf_loader.h"

namespace pellucid::cli {
namespace {

struct TokenizeFlags {
  ModelOptions model;
  std::optional<std::string> json;
  PromptOptions prompt;
  bool decode = false;
  bool no_special = false;
  std::string color = "auto";
};

EncodeOptions EncodingOf(const TokenizeFlags& flags) {
  return {.bos = flags.prompt.bos_policy(),
          .add_special_tokens = !flags.no_special};
}

// The tokenizer of a bare tokenizer.json, or of what ReadTokenizerAt reads.
Result<Tokenizer> OpenTokenizer(const ModelOptions& options, Io& io) {
  const std::string ref = options.ref.value_or(hub::DefaultReference());
  DownloadLine line(io, ref);
  PELLUCID_ASSIGN_OR_RETURN(
      const std::string path,
      hub::ResolveModel(ref, {.accepted = "a tokenizer.json, a model folder",
                              .part = hub::Part::kTokenizer,
                              .hub = line.options()}));
  if (path.ends_with(".json")) return LoadTokenizerJson(path);
  PELLUCID_ASSIGN_OR_RETURN(const auto tokenizer, ReadTokenizerAt(path));
  if (tokenizer) return *tokenizer;
  return ModelError(
      fmt::format("tokenize: {}: holds no tokenizer; name a .gguf file with "
                  "one, or a folder with tokenizer.json, or with vocab.json "
                  "and merges.txt",
                  Quote(path)));
}

// The ids and their pieces, one a line.
std::string Table(const std::vector<TokenId>& ids, const Tokenizer& tokenizer) {
  std::string out;
  for (const TokenId id : ids) {
    out += fmt::format("{:>8}  {}\n", id,
                       render::DisplayText(tokenizer.TokenText(id)));
  }
  return out;
}

Status EncodeOne(const Arguments& arguments, const TokenizeFlags& flags,
                 const Tokenizer& tokenizer, Io& io) {
  PELLUCID_ASSIGN_OR_RETURN(const RawPrompt prompt,
                            ReadPrompt(arguments, flags.prompt, io));
  PELLUCID_ASSIGN_OR_RETURN(const Encoding encoding,
                            tokenizer.Encode(*prompt.text, EncodingOf(flags)));
  PELLUCID_ASSIGN_OR_RETURN(const std::unique_ptr<Output> output,
                            Output::Open(flags.json.value_or("-"), io));
  if (flags.json) {
    render::WriteTokenizeJson(encoding.ids, render::TextsOf(&tokenizer),
                              render::JsonStyle::kIndented, output->sink());
  } else {
    output->sink()(Table(encoding.ids, tokenizer));
  }
  return output->Commit();
}

Status DecodeOne(const Arguments& arguments, const TokenizeFlags& flags,
                 const Tokenizer& tokenizer, Io& io) {
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<TokenId> ids,
                            ParseIds(arguments, *flags.prompt.ids));
  PELLUCID_ASSIGN_OR_RETURN(const std::unique_ptr<Output> output,
                            Output::Open(flags.json.value_or("-"), io));
  const std::string text = tokenizer.Decode(ids, flags.no_special);
  output->sink()(flags.json ? render::TextJsonLine(text) : text + "\n");
  return output->Commit();
}

Result<std::string> LineFor(const std::string& line, const TokenizeFlags& flags,
                            const Tokenizer& tokenizer) {
  if (flags.decode) {
    PELLUCID_ASSIGN_OR_RETURN(const std::vector<TokenId> ids,
                              ParseIdsLine(line));
    return render::TextJsonLine(tokenizer.Decode(ids, flags.no_special));
  }
  PELLUCID_ASSIGN_OR_RETURN(const std::string text, ParseStringLine(line));
  PELLUCID_ASSIGN_OR_RETURN(const Encoding encoding,
                            tokenizer.Encode(text, EncodingOf(flags)));
  return render::IdsJsonLine(encoding.ids);
}

Status ConvertLines(const Arguments& arguments, const TokenizeFlags& flags,
                    const Tokenizer& tokenizer, Io& io) {
  std::unique_ptr<Source> owned;
  PELLUCID_ASSIGN_OR_RETURN(Source * source,
                            OpenInput(*flags.prompt.jsonl, io, &owned));
  PELLUCID_ASSIGN_OR_RETURN(const std::unique_ptr<Output> output,
                            Output::Open(flags.json.value_or("-"), io));
  LineReader lines(*source, kMaxLineBytes);
  std::string line;
  while (true) {
    PELLUCID_ASSIGN_OR_RETURN(const bool more, lines.Next(&line));
    if (!more) return output->Commit();
    if (io.stop.stop_requested()) {
      return CancelledError("tokenize: interrupted");
    }
    const Result<std::string> converted = LineFor(line, flags, tokenizer);
    if (!converted.ok()) {
      return AtLine(arguments.command(), source->name(), lines.number(),
                    converted.error());
    }
    output->sink()(*converted);
    PELLUCID_RETURN_IF_ERROR(output->status());
  }
}

Status CheckFlags(const Arguments& arguments, const TokenizeFlags& flags) {
  const bool has_text = flags.prompt.text || flags.prompt.file;
  const bool has_ids = flags.prompt.ids || flags.prompt.jsonl;
  if (flags.decode && !has_text && !has_ids) {
    return arguments.Problem("--decode",
                             "there are no ids; give --ids or --jsonl");
  }
  PELLUCID_RETURN_IF_ERROR(CheckOneSource(arguments, flags.prompt));
  if (flags.decode && has_text) {
    return arguments.Problem("--decode",
                             "reads ids, not a text; give --ids or --jsonl");
  }
  if (!flags.decode && flags.prompt.ids) {
    return arguments.Problem(
        "--ids", "are ids already; give --decode to get their text");
  }
  return {};
}

void AddFlags(Arguments& arguments, TokenizeFlags* flags) {
  arguments.Positional("TEXT", &flags->prompt.text,
                       "the text, to the byte (-: standard input)");
  arguments.Text("--file", "F", &flags->prompt.file,
                 "read the text from a file, not a byte stripped");
  arguments.Text("--jsonl", "F|-", &flags->prompt.jsonl,
                 "each line a JSON string; a line with the array of its ids "
                 "comes out (with --decode the other way)");
  arguments.Flag("--decode", &flags->decode, "ids to text");
  arguments.Text("--ids", "1,2,3", &flags->prompt.ids, "the ids to decode");
  arguments.Flag("--no-special", &flags->no_special,
                 "add no special tokens; with --decode, skip them");
  arguments.Choice("--bos", {"auto", "always", "never"}, &flags->prompt.bos,
                   "put a beginning-of-sequence token first; default: auto, "
                   "what the model's own tokenizer does");
  AddModelOptions(arguments, &flags->model);
  AddJsonOption(arguments, &flags->json);
  AddColorOption(arguments, &flags->color);
  arguments.Example("pellucid tokenize \"The capital of France is\"");
  arguments.Example("pellucid tokenize --decode --ids 504,3575,282,4649,314");
}

}  // namespace

Status RunTokenize(Args args, Io& io) {
  Arguments arguments("tokenize",
                      "Shows the token ids of a text and the piece behind "
                      "each, or the text of ids.");
  TokenizeFlags flags;
  AddFlags(arguments, &flags);
  PELLUCID_ASSIGN_OR_RETURN(const bool help, arguments.Parse(args));
  if (help) return io.out.Write(arguments.Help());
  PELLUCID_RETURN_IF_ERROR(CheckFlags(arguments, flags));
  PELLUCID_ASSIGN_OR_RETURN(const Tokenizer tokenizer,
                            OpenTokenizer(flags.model, io));
  if (flags.prompt.jsonl) {
    return ConvertLines(arguments, flags, tokenizer, io);
  }
  return flags.decode ? DecodeOne(arguments, flags, tokenizer, io)
                      : EncodeOne(arguments, flags, tokenizer, io);
}

}  // namespace pellucid::cli
