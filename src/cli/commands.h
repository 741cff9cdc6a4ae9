// The commands of the program: one function each, in a file of its name.
//
// Each reads its arguments (those behind the command's name), calls the
// library and renders what it says. All share these errors: kUsage for
// arguments, kFailed for output that cannot be written, and what the library
// returns. --help writes the help and does nothing else.
#ifndef PELLUCID_CLI_COMMANDS_H_
#define PELLUCID_CLI_COMMANDS_H_

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "cli/io.h"
#include "pellucid/result.h"

namespace pellucid::cli {

using Args = std::span<const std::string>;

Status RunLens(Args args, Io& io);
Status RunTrace(Args args, Io& io);
Status RunTokenize(Args args, Io& io);
Status RunInfo(Args args, Io& io);
Status RunCheck(Args args, Io& io);
Status RunPull(Args args, Io& io);
Status RunModels(Args args, Io& io);
Status RunGenerate(Args args, Io& io);
Status RunSteer(Args args, Io& io);
Status RunPatch(Args args, Io& io);
Status RunCausalTrace(Args args, Io& io);
Status RunAttn(Args args, Io& io);
Status RunAttr(Args args, Io& io);
Status RunTune(Args args, Io& io);
Status RunDepth(Args args, Io& io);
Status RunServe(Args args, Io& io);
Status RunBench(Args args, Io& io);

struct Command {
  std::string_view name;
  std::string_view summary;
  Status (*run)(Args args, Io& io);
};

inline constexpr std::array<Command, 17> kCommands = {{
    {"lens", "decode every layer at every position (logit lens)", RunLens},
    {"trace", "record activations by site name into a file", RunTrace},
    {"generate", "continue a prompt, steered and edited if asked", RunGenerate},
    {"steer", "make vectors that push what a model writes one way", RunSteer},
    {"patch", "take activations from one run into another", RunPatch},
    {"causal-trace", "where a fact is recalled, by noise and restoring",
     RunCausalTrace},
    {"attn", "where heads look, and which heads do induction", RunAttn},
    {"attr", "which parts made a logit what it is", RunAttr},
    {"tune", "fit tuned and Jacobian lenses, and measure them", RunTune},
    {"depth", "at which layer predictions appear and stay", RunDepth},
    {"tokenize", "text to token ids, and back", RunTokenize},
    {"info", "configuration, tensors, sites and tokenizer of a model", RunInfo},
    {"check", "self-checks of a model", RunCheck},
    {"pull", "fetch a model from the Hugging Face hub", RunPull},
    {"models", "the models on this machine", RunModels},
    {"serve", "the interactive page, and its API", RunServe},
    {"bench", "timings of this machine", RunBench},
}};

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_COMMANDS_H_
