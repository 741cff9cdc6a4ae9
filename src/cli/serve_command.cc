// `pellucid serve`: the page and its API, on this machine unless told
// otherwise.
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/common_options.h"
#include "cli/lens_choice.h"
#include "server/server.h"

namespace pellucid::cli {
namespace {

struct ServeFlags {
  ModelOptions model;
  std::vector<std::string> lenses;
  std::size_t port = 8421;
  std::optional<std::string> host, token;
  std::size_t max_tokens = server::ServeLimits().max_tokens;
  std::size_t time_limit =
      static_cast<std::size_t>(server::ServeLimits().run_time.count());
  std::string color = "auto";
};

void AddFlags(Arguments& arguments, ServeFlags* flags) {
  arguments.Number("--port", "N", 0, 65535, &flags->port,
                   "where to listen; 0: any port that is free, which is "
                   "printed; default: 8421");
  arguments.Text("--host", "HOST", &flags->host,
                 "the address to listen at; default: 127.0.0.1, which this "
                 "machine alone reaches");
  arguments.Text("--token", "T", &flags->token,
                 "what each request must send; default: none on this machine, "
                 "a random one, which is printed, beyond it");
  arguments.Number("--max-tokens", "N", 1, 1'000'000, &flags->max_tokens,
                   "the longest prompt, and the longest continuation, in "
                   "tokens; default: 2048");
  arguments.Number("--time-limit", "S", 1, 86'400, &flags->time_limit,
                   "seconds that one request may run; default: 300");
  AddModelOptions(arguments, &flags->model);
  arguments.Texts("--lens", "tuned:FILE|jacobian:FILE", &flags->lenses,
                  "a trained lens that the page and requests may choose for "
                  "this model, beside the logit lens (may be repeated)");
  AddColorOption(arguments, &flags->color);
  arguments.Example("pellucid serve");
  arguments.Example("pellucid serve --port 0 --model gemma-3-270m.gguf");
  arguments.Example("pellucid serve --lens tuned:my-lens");
}

Result<std::vector<server::TrainedLensPtr>> ReadLenses(
    const std::vector<LensChoice>& choices, const Model& model) {
  std::vector<server::TrainedLensPtr> lenses;
  for (const LensChoice& choice : choices) {
    PELLUCID_ASSIGN_OR_RETURN(server::TrainedLensPtr lens,
                              ReadLensChoice(choice, model));
    if (lens) lenses.push_back(std::move(lens));
  }
  return lenses;
}

}  // namespace

Status RunServe(Args args, Io& io) {
  Arguments arguments("serve",
                      "Serves the interactive page, and an API for programs "
                      "(docs/server.md), until it is interrupted. Prints the "
                      "address when it listens.");
  ServeFlags flags;
  AddFlags(arguments, &flags);
  PELLUCID_ASSIGN_OR_RETURN(const bool help, arguments.Parse(args));
  if (help) return io.out.Write(arguments.Help());
  std::vector<LensChoice> lenses;
  for (const std::string& text : flags.lenses) {
    PELLUCID_ASSIGN_OR_RETURN(lenses.emplace_back(),
                              ParseLensChoice(arguments, text));
  }
  PELLUCID_ASSIGN_OR_RETURN(OpenedModel opened, OpenModel(flags.model, io));
  server::ServerOptions options;
  options.host = flags.host.value_or(options.host);
  options.port = static_cast<std::uint16_t>(flags.port);
  options.token = flags.token;
  options.threads = flags.model.threads;
  PELLUCID_ASSIGN_OR_RETURN(options.lenses, ReadLenses(lenses, opened.model));
  options.limits.max_tokens = flags.max_tokens;
  options.limits.run_time = std::chrono::seconds(flags.time_limit);
  PELLUCID_ASSIGN_OR_RETURN(
      server::Server server,
      server::Server::Make(opened.model, opened.load_ms, options));
  PELLUCID_RETURN_IF_ERROR(io.out.Write(server.url() + "\n"));
  PELLUCID_RETURN_IF_ERROR(server.Run(io.stop));
  return CancelledError("serve: interrupted");
}

}  // namespace pellucid::cli
