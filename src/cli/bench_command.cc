// `pellucid bench`: how long this machine takes.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/common_options.h"
#include "cli/output.h"
#include "hub/reference.h"
#include "kernels/isa.h"
#include "model/decoder.h"
#include "pellucid/lens.h"
#include "pellucid/patch.h"
#include "render/bench_json.h"

namespace pellucid::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kSeed = 1;  // of the token ids
constexpr std::size_t kMaxTokens = std::size_t{1} << 20;
constexpr std::size_t kMaxRepeat = 1000000;

struct BenchFlags {
  ModelOptions model;
  std::string what = "forward";
  std::size_t tokens = 128;
  std::size_t repeat = 5;
  std::string precision = "exact";
  std::optional<std::string> json;
  std::string color = "auto";
};

// The engine is fully specified by the standard, unlike the distributions; the
// bias of the remainder does not matter here.
std::vector<TokenId> DrawIds(std::size_t count, std::size_t vocab_size) {
  std::mt19937_64 engine(kSeed);
  std::vector<TokenId> ids(count);
  for (TokenId& id : ids) id = static_cast<TokenId>(engine() % vocab_size);
  return ids;
}

// Milliseconds of each run of `work`, sorted; the first run is left out.
Result<std::vector<double>> Time(const std::function<Status()>& work,
                                 std::size_t repeat, const Io& io) {
  std::vector<double> times;
  for (std::size_t i = 0; i <= repeat; ++i) {
    const Clock::time_point start = Clock::now();
    PELLUCID_RETURN_IF_ERROR(work());
    if (io.stop.stop_requested()) return CancelledError("bench: interrupted");
    if (i > 0) times.push_back(MillisecondsSince(start));
  }
  std::sort(times.begin(), times.end());
  return times;
}

double MedianOf(const std::vector<double>& sorted) {
  const std::size_t middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle]
                                : (sorted[middle - 1] + sorted[middle]) / 2;
}

// Greedy decoding of one token, time and again, behind the same prompt.
class DecodeBench {
 public:
  DecodeBench(const Model& model, std::vector<TokenId> prompt)
      : decoder_(model), prompt_(std::move(prompt)) {}

  // The first call runs the prompt too.
  Status operator()(const Io& io) {
    if (decoder_.length() == 0) {
      PELLUCID_RETURN_IF_ERROR(decoder_.Reserve(prompt_.size() + 1));
      PELLUCID_RETURN_IF_ERROR(RunOn(prompt_, io));
    }
    decoder_.Truncate(prompt_.size());
    return RunOn({&next_, 1}, io);
  }

 private:
  Status RunOn(std::span<const TokenId> ids, const Io& io) {
    PELLUCID_ASSIGN_OR_RETURN(const std::span<const float> logits,
                              decoder_.Run(ids, nullptr, io.stop));
    next_ = GreedyToken(logits);
    return {};
  }

  Decoder decoder_;
  std::vector<TokenId> prompt_;
  TokenId next_ = 0;
};

// Prompts that differ in their first token, so that every cell of a grid is a
// run of its own.
PatchPair DrawPair(std::vector<TokenId> ids, const Model& model) {
  PatchPair pair;
  pair.clean = ids;
  pair.corrupt = std::move(ids);
  const auto vocab = static_cast<TokenId>(model.info().vocab_size);
  pair.corrupt.front() = (pair.corrupt.front() + 1) % vocab;
  pair.answer = {0};
  pair.foil = {1 % vocab};
  return pair;
}

// What --what names, as a function to time.
std::function<Status()> WorkOf(const BenchFlags& flags, LensPrecision precision,
                               const Model& model, Io& io) {
  if (flags.what == "load") {
    return [&flags, &io] {
      const auto opened = OpenModel(flags.model, io);
      return opened.ok() ? Status() : Status(opened.error());
    };
  }
  std::vector<TokenId> ids = DrawIds(flags.tokens, model.info().vocab_size);
  if (flags.what == "decode") {
    const auto bench = std::make_shared<DecodeBench>(model, std::move(ids));
    return [bench, &io] { return (*bench)(io); };
  }
  if (flags.what == "lens") {
    return [ids, precision, &model, &io] {
      const auto lens =
          ComputeLens(model, ids, {.precision = precision, .stop = io.stop});
      return lens.ok() ? Status() : Status(lens.error());
    };
  }
  if (flags.what == "patch") {
    return [pair = DrawPair(std::move(ids), model), &model, &io] {
      const auto grid = Patch(model, pair, {.stop = io.stop});
      return grid.ok() ? Status() : Status(grid.error());
    };
  }
  return [ids, &model, &io] {
    const auto trace = model.Run(ids, {.last_logits = true, .stop = io.stop});
    return trace.ok() ? Status() : Status(trace.error());
  };
}

// "forward of 128 tokens", "decode behind 128 tokens", "load".
std::string WorkInWords(const render::BenchReport& report) {
  if (report.what == "load") return report.what;
  return fmt::format("{} {} {} tokens", report.what,
                     report.what == "decode" ? "behind" : "of", report.tokens);
}

std::string Sentence(const render::BenchReport& report, std::size_t repeat) {
  const std::string rate =
      report.tokens_per_s
          ? fmt::format(", {:.1f} tokens/s", *report.tokens_per_s)
          : "";
  return fmt::format(
      "{}: median {:.3f} ms{}, min {:.3f}, max {:.3f} of {} runs ({} threads, "
      "{})\n",
      WorkInWords(report), report.median_ms, rate, report.min_ms, report.max_ms,
      repeat, report.threads, report.isa);
}

void AddFlags(Arguments& arguments, BenchFlags* flags) {
  AddModelOptions(arguments, &flags->model);
  arguments.Choice("--what", {"forward", "lens", "load", "decode", "patch"},
                   &flags->what,
                   "forward: all blocks, the head at the last position; lens: "
                   "that and every row and statistic at top-k 5; decode: one "
                   "token, greedily, behind a cached prompt; patch: the grid "
                   "of all blocks and positions; load: opening model and "
                   "tokenizer; default: forward");
  arguments.Number("--tokens", "T", 1, kMaxTokens, &flags->tokens,
                   "tokens of the prompt, drawn with a fixed seed; default: "
                   "128");
  arguments.Number("--repeat", "N", 1, kMaxRepeat, &flags->repeat,
                   "timed runs, behind one that is left out; default: 5");
  arguments.Choice("--precision", {"exact", "fast"}, &flags->precision,
                   "of --what lens; default: exact");
  AddJsonOption(arguments, &flags->json);
  AddColorOption(arguments, &flags->color);
  arguments.Example("pellucid bench --what lens --tokens 128 --json -");
}

}  // namespace

Status RunBench(Args args, Io& io) {
  Arguments arguments("bench", "Times what the engine does on this machine.");
  BenchFlags flags;
  AddFlags(arguments, &flags);
  PELLUCID_ASSIGN_OR_RETURN(const bool help, arguments.Parse(args));
  if (help) return io.out.Write(arguments.Help());
  PELLUCID_ASSIGN_OR_RETURN(
      const LensPrecision precision,
      ParseLensPrecision(flags.precision, "bench: --precision"));
  if (precision != LensPrecision::kExact && flags.what != "lens") {
    return arguments.Problem(
        "--precision", "is of the lens; take --what lens, or leave it out");
  }
  PELLUCID_ASSIGN_OR_RETURN(const OpenedModel opened,
                            OpenModel(flags.model, io));
  std::unique_ptr<Output> output;
  if (flags.json) {
    PELLUCID_ASSIGN_OR_RETURN(output, Output::Open(*flags.json, io));
  }
  PELLUCID_ASSIGN_OR_RETURN(
      const std::vector<double> times,
      Time(WorkOf(flags, precision, opened.model, io), flags.repeat, io));
  render::BenchReport report;
  report.what = flags.what;
  report.tokens = flags.what == "load" ? 0 : flags.tokens;
  report.threads = opened.model.threads();
  report.isa = kernels::NameOf(kernels::CurrentIsa());
  report.median_ms = MedianOf(times);
  report.min_ms = times.front();
  report.max_ms = times.back();
  if (flags.what == "decode") report.tokens_per_s = 1000 / report.median_ms;
  if (output == nullptr) return io.out.Write(Sentence(report, flags.repeat));
  render::WriteBenchJson(report, render::JsonStyle::kIndented, output->sink());
  return output->Commit();
}

}  // namespace pellucid::cli
