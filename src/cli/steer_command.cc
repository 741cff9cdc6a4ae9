// `pellucid steer make`: vectors that push what a model writes one way.
#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/quote.h"
#include "cli/commands.h"
#include "cli/common_options.h"
#include "cli/json_lines.h"
#include "cli/lens_choice.h"
#include "cli/progress.h"
#include "cli/prompt.h"
#include "cli/streams.h"
#include "cli/token_flags.h"
#include "pellucid/steer.h"

namespace pellucid::cli {
namespace {

struct SteerFlags {
  ModelOptions model;
  std::optional<std::string> plus, minus, pairs, layer, position, out;
  std::optional<std::string> token, foil, lens;
  std::string method = "mean";
  std::string bos = "auto";
  std::string color = "auto";
};

void AddFlags(Arguments& arguments, SteerFlags* flags) {
  arguments.Text("--plus", "TEXT", &flags->plus,
                 "a text of what the vector leads to");
  arguments.Text("--minus", "TEXT", &flags->minus,
                 "a text of what it leads away from");
  arguments.Text("--pairs", "F.jsonl|-", &flags->pairs,
                 "many of both instead: each line {\"plus\": ..., \"minus\": "
                 "...}");
  arguments.Text("--token", "TEXT|id=N", &flags->token,
                 "instead of texts: the direction, of length 1, along which a "
                 "lens sees this token grow");
  arguments.Text("--foil", "TEXT|id=N", &flags->foil,
                 "with --token: less the direction of this one");
  arguments.Text("--lens", kLensValue, &flags->lens,
                 "with --token: the lens; default: logit");
  arguments.Choice("--method", {"mean", "pca"}, &flags->method,
                   "of the pairs' differences the mean, or the first principal "
                   "component, with the sign of the mean and the length of a "
                   "typical difference along it; default: mean");
  arguments.Text("--layer", "L", &flags->layer,
                 "the block whose output is read and steered, or several: "
                 "10,12 or a slice 10:20; required");
  arguments.Text("--position", "POSITIONS", &flags->position,
                 "of each text; the mean over several: last, all, -1 or a "
                 "slice; default: last");
  arguments.Text("--out", "F", &flags->out,
                 "the file to write: .safetensors, or .gguf as a control "
                 "vector of llama.cpp; required");
  arguments.Choice("--bos", {"auto", "always", "never"}, &flags->bos,
                   "put a beginning-of-sequence token first; default: auto, "
                   "what the model's own tokenizer does");
  AddModelOptions(arguments, &flags->model);
  AddColorOption(arguments, &flags->color);
  arguments.Example(
      "pellucid steer make --plus \"I love this\" --minus \"I hate this\" "
      "--layer 14 --out love.safetensors");
  arguments.Example(
      "pellucid steer make --token \" Paris\" --lens jacobian:my-lens --layer "
      "14 --out paris.safetensors");
  arguments.Example(
      "pellucid steer make --pairs pairs.jsonl --method pca --layer 8:20 --out "
      "love.gguf");
}

Status CheckFlags(const Arguments& arguments, const SteerFlags& flags) {
  if (flags.token) {
    const char* idle = flags.plus || flags.minus ? "--plus"
                       : flags.pairs             ? "--pairs"
                       : flags.position          ? "--position"
                                                 : nullptr;
    if (idle != nullptr) {
      return arguments.Problem(
          idle, "is of texts, --token of a lens; leave one of them out");
    }
  } else if (flags.foil || flags.lens) {
    return arguments.Problem(flags.foil ? "--foil" : "--lens",
                             "is of --token; give that too");
  } else if (flags.pairs ? flags.plus || flags.minus
                         : !flags.plus || !flags.minus) {
    return arguments.Problem(
        "pairs",
        "--plus and --minus go together, or --pairs or --token without them; "
        "give one of these");
  }
  if (!flags.layer) {
    return arguments.Problem("--layer",
                             "is missing; name a block, as in "
                             "--layer 14");
  }
  if (!flags.out) {
    return arguments.Problem("--out",
                             "is missing; name a .safetensors or "
                             ".gguf file");
  }
  if (!flags.out->ends_with(".safetensors") && !flags.out->ends_with(".gguf")) {
    return arguments.Problem(
        "--out", fmt::format("\"{}\" ends in neither .safetensors nor .gguf; "
                             "name such a file",
                             Quote(*flags.out)));
  }
  return {};
}

Result<SteeringOptions> Options(const SteerFlags& flags) {
  SteeringOptions options;
  PELLUCID_ASSIGN_OR_RETURN(options.layers,
                            Selection::Parse(*flags.layer, "steer: --layer"));
  if (flags.position) {
    PELLUCID_ASSIGN_OR_RETURN(
        options.positions,
        Selection::Parse(*flags.position, "steer: --position"));
  }
  if (flags.method == "pca") options.method = SteeringMethod::kPca;
  return options;
}

class PairReader {
 public:
  PairReader(const Arguments& arguments, const SteerFlags& flags,
             const Model& model, Io& io)
      : arguments_(arguments), flags_(flags), model_(model), io_(io) {}

  Result<std::vector<ContrastPair>> Read() {
    if (!flags_.pairs) {
      PELLUCID_ASSIGN_OR_RETURN(ContrastPair pair,
                                Encode({*flags_.plus, *flags_.minus}, ""));
      return std::vector<ContrastPair>{std::move(pair)};
    }
    std::unique_ptr<Source> owned;
    PELLUCID_ASSIGN_OR_RETURN(Source * source,
                              OpenInput(*flags_.pairs, io_, &owned));
    LineReader lines(*source, kMaxLineBytes);
    std::vector<ContrastPair> pairs;
    std::string line;
    while (true) {
      PELLUCID_ASSIGN_OR_RETURN(const bool more, lines.Next(&line));
      if (!more) break;
      auto pair = ReadLine(line, LineName(source->name(), lines.number()));
      if (!pair.ok()) {
        return AtLine(arguments_.command(), source->name(), lines.number(),
                      pair.error());
      }
      pairs.push_back(std::move(*pair));
    }
    if (pairs.empty()) {
      return arguments_.Problem(source->name(),
                                "holds no pair; write one a line");
    }
    return pairs;
  }

 private:
  Result<ContrastPair> ReadLine(const std::string& line,
                                const std::string& name) {
    PELLUCID_ASSIGN_OR_RETURN(const ContrastLine texts,
                              ParseContrastLine(line));
    return Encode(texts, name);
  }
  Result<ContrastPair> Encode(const ContrastLine& texts,
                              const std::string& line) {
    ContrastPair pair;
    PELLUCID_ASSIGN_OR_RETURN(pair.plus,
                              Ids(texts.plus, line.empty() ? "--plus" : line));
    PELLUCID_ASSIGN_OR_RETURN(
        pair.minus, Ids(texts.minus, line.empty() ? "--minus" : line));
    return pair;
  }
  Result<std::vector<TokenId>> Ids(const std::string& text,
                                   const std::string& source) {
    const PromptOptions prompt{.bos = flags_.bos};
    return EncodePrompt(arguments_, {text, {}, source}, prompt.bos_policy(),
                        model_, io_);
  }

  const Arguments& arguments_;
  const SteerFlags& flags_;
  const Model& model_;
  Io& io_;
};

// The vectors of --token.
Result<std::vector<SteeringVector>> OfToken(const Arguments& arguments,
                                            const SteerFlags& flags,
                                            const LensChoice& choice,
                                            const SteeringOptions& options,
                                            const Model& model) {
  PELLUCID_ASSIGN_OR_RETURN(
      const TokenId token,
      ResolveToken(arguments, "--token", *flags.token, model));
  std::optional<TokenId> foil;
  if (flags.foil) {
    PELLUCID_ASSIGN_OR_RETURN(
        foil, ResolveToken(arguments, "--foil", *flags.foil, model));
  }
  PELLUCID_ASSIGN_OR_RETURN(const auto lens, ReadLensChoice(choice, model));
  return LensSteering(model, lens.get(), token, foil, options.layers);
}

double LengthOf(const SteeringVector& vector) {
  double sum = 0;
  for (const float x : vector.values) {
    sum += static_cast<double>(x) * static_cast<double>(x);
  }
  return std::sqrt(sum);
}

}  // namespace

Status RunSteer(Args args, Io& io) {
  Arguments arguments("steer make",
                      "Makes vectors for pellucid generate --steer: what "
                      "texts of one kind have more of in a block's output than "
                      "texts of another.");
  SteerFlags flags;
  AddFlags(arguments, &flags);
  const bool asks_help =
      !args.empty() && (args.front() == "--help" || args.front() == "-h");
  if (asks_help) return io.out.Write(arguments.Help());
  if (args.empty() || args.front() != "make") {
    return UsageError(fmt::format(
        "steer: {}: there is make alone; write pellucid steer make (see "
        "pellucid steer --help)",
        args.empty() ? "command" : Quote(args.front())));
  }
  PELLUCID_ASSIGN_OR_RETURN(const bool help, arguments.Parse(args.subspan(1)));
  if (help) return io.out.Write(arguments.Help());
  PELLUCID_RETURN_IF_ERROR(CheckFlags(arguments, flags));
  PELLUCID_ASSIGN_OR_RETURN(SteeringOptions options, Options(flags));
  PELLUCID_ASSIGN_OR_RETURN(const LensChoice choice,
                            ParseLensChoice(arguments, flags.lens));
  PELLUCID_ASSIGN_OR_RETURN(const OpenedModel opened,
                            OpenModel(flags.model, io));
  std::vector<ContrastPair> pairs;
  if (!flags.token) {
    PELLUCID_ASSIGN_OR_RETURN(
        pairs, PairReader(arguments, flags, opened.model, io).Read());
  }
  options.stop = io.stop;
  const Result<std::vector<SteeringVector>> made = [&] {
    if (flags.token) {
      return OfToken(arguments, flags, choice, options, opened.model);
    }
    ProgressLine progress(io, "steer");
    options.progress = progress.callback();
    return MakeSteering(opened.model, pairs, options);
  }();
  if (!made.ok()) return made.error();
  PELLUCID_RETURN_IF_ERROR(WriteSteering(*flags.out, *made, opened.model));
  for (const SteeringVector& vector : *made) {
    PELLUCID_RETURN_IF_ERROR(io.out.Write(
        fmt::format("{}  length {:.4g}\n", vector.site, LengthOf(vector))));
  }
  return {};
}

}  // namespace pellucid::cli
