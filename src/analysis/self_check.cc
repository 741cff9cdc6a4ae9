#include "analysis/self_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "analysis/in_force.h"
#include "analysis/weight_scan.h"
#include "base/out_of_memory.h"
#include "kernels/isa.h"
#include "model/decoder.h"
#include "model/model_impl.h"
#include "pellucid/lens.h"
#include "pellucid/tokenizer.h"

namespace pellucid {
namespace {

constexpr std::string_view kPrompt = "The capital of France is";

// Logits of a position that the lens is asked to keep.
constexpr std::size_t kKept = 256;
// Tokens that the other instruction sets run: the plain loops are a hundred
// times slower.
constexpr std::size_t kIsaTokens = 3;
// Rows whose logits are held at once.
constexpr std::size_t kHeadRows = 8;
// Tensors that a note names.
constexpr std::size_t kNamed = 100;

// A stored logz is a float32 (half a unit of its last place: 2^-24 of it), and
// the sum behind it adds blocks of 64 float32 terms, each with an error of a
// few 2^-24. Four times that, and as much again where |logz| < 1. A sum of
// probabilities is e to the power of that error.
constexpr double kLogzUnit = 1.0 / (1 << 22);

// Numbers that do not have the same bits.
std::size_t CountDifferent(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size()) return std::max(a.size(), b.size());
  std::size_t count = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::bit_cast<std::uint32_t>(a[i]) !=
        std::bit_cast<std::uint32_t>(b[i])) {
      ++count;
    }
  }
  return count;
}

// Of logits z, with the logz that the lens gives for them.
double SumOfProbabilities(std::span<const float> logits, float logz) {
  double sum = 0;
  for (const float z : logits) {
    sum += std::exp(static_cast<double>(z) - static_cast<double>(logz));
  }
  return sum;
}

// Puts the instruction set back, whatever happens.
class ScopedIsa {
 public:
  ScopedIsa() : before_(kernels::CurrentIsa()) {}
  ~ScopedIsa() {
    const Status ignored = kernels::SelectIsa(before_);  // it ran before
    static_cast<void>(ignored);
  }
  ScopedIsa(const ScopedIsa&) = delete;
  ScopedIsa& operator=(const ScopedIsa&) = delete;

  kernels::Isa before() const { return before_; }

 private:
  kernels::Isa before_;
};

class Checker {
 public:
  Checker(const Model& model, const std::stop_token& stop)
      : model_(model), stop_(stop) {}

  Result<SelfCheckReport> Run();

 private:
  // `value` must not be above `limit`.
  void Add(std::string name, double value, double limit, std::string note) {
    report_.checks.push_back(
        {std::move(name), value <= limit, value, limit, std::move(note)});
  }
  void AddDifferent(std::string name, std::size_t different, std::string note) {
    Add(std::move(name), static_cast<double>(different), 0, std::move(note));
  }

  Status ChoosePrompt();
  Status CheckWeights();
  Status CheckTokenizer();
  Status CheckBos();
  Result<bool> CheckForward();
  Status CheckLens();
  void CheckLastRow(const Lens& lens);
  Status CheckProbabilities(const Lens& lens);
  Status CheckThreads();
  Status CheckBatch();
  Status CheckCache();
  Status CheckIsas();

  std::size_t vocab() const { return model_.info().vocab_size; }
  // Logits [tokens, vocab] of a forward pass over `ids`.
  Result<std::vector<float>> Logits(const Model& model,
                                    std::span<const TokenId> ids) const;
  Result<std::vector<float>> LastLogits(std::span<const TokenId> ids) const;

  const Model& model_;
  std::stop_token stop_;
  std::vector<TokenId> ids_;
  std::vector<float> logits_;  // [tokens, vocab], as the model gives them
  SelfCheckReport report_;
};

Result<SelfCheckReport> Checker::Run() {
  report_.in_force = DescribeInForce(model_);
  PELLUCID_RETURN_IF_ERROR(ChoosePrompt());
  Add("tensors_whole", 0, 0,
      fmt::format("tensors missing, unexpected or of another shape, of {} (a "
                  "model that has one is not opened)",
                  model_.Tensors().size()));
  PELLUCID_RETURN_IF_ERROR(CheckWeights());
  PELLUCID_RETURN_IF_ERROR(CheckTokenizer());
  PELLUCID_RETURN_IF_ERROR(CheckBos());
  PELLUCID_ASSIGN_OR_RETURN(const bool runs, CheckForward());
  if (!runs) return std::move(report_);
  PELLUCID_RETURN_IF_ERROR(CheckLens());
  PELLUCID_RETURN_IF_ERROR(CheckThreads());
  PELLUCID_RETURN_IF_ERROR(CheckBatch());
  PELLUCID_RETURN_IF_ERROR(CheckCache());
  PELLUCID_RETURN_IF_ERROR(CheckIsas());
  return std::move(report_);
}

// The text where there is a tokenizer, else ids spread over the vocabulary.
Status Checker::ChoosePrompt() {
  if (const Tokenizer* tokenizer = model_.tokenizer()) {
    PELLUCID_ASSIGN_OR_RETURN(Encoding encoding, tokenizer->Encode(kPrompt));
    ids_ = std::move(encoding.ids);
  }
  const bool fits = std::all_of(ids_.begin(), ids_.end(), [&](TokenId id) {
    return static_cast<std::size_t>(id) < vocab();
  });
  if (ids_.size() < 2 || !fits) {
    ids_.clear();
    for (std::size_t i = 0; i < 5; ++i) {
      ids_.push_back(static_cast<TokenId>((i + 1) * vocab() / 7));
    }
  }
  if (ids_.size() > model_.info().context_length) {
    ids_.resize(model_.info().context_length);
  }
  return {};
}

Status Checker::CheckWeights() {
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<NonFiniteWeights> found,
                            FindNonFiniteWeights(model_.impl().checkpoint,
                                                 model_.impl().pool, stop_));
  std::string note = "weights that are not finite";
  double count = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    count += static_cast<double>(found[i].count);
    if (i >= kNamed) continue;
    note += fmt::format("{} {} in {}, the first at [{}] is {}",
                        i == 0 ? ":" : ";", found[i].count, found[i].tensor,
                        fmt::join(found[i].index, ", "), found[i].value);
  }
  if (found.size() > kNamed) {
    note += fmt::format("; and {} more tensors", found.size() - kNamed);
  }
  Add("weights_finite", count, 0, std::move(note));
  return {};
}

Status Checker::CheckTokenizer() {
  const Tokenizer* tokenizer = model_.tokenizer();
  if (tokenizer == nullptr) {
    // There may be none; one that cannot be read is another matter.
    const auto again = model_.impl().checkpoint.ReadTokenizer();
    if (!again.ok()) Add("tokenizer_opens", 1, 0, again.error().message);
    return {};
  }
  const std::size_t tokens = tokenizer->VocabSize();
  std::string note = "tokens of the tokenizer, against rows of the embedding";
  if (tokens > vocab()) {
    note += fmt::format("; the first without one is {} ({})",
                        tokenizer->TokenText(static_cast<TokenId>(vocab())),
                        vocab());
  }
  Add("token_ids_have_rows", static_cast<double>(tokens),
      static_cast<double>(vocab()), std::move(note));
  return {};
}

// A text gets one BOS where the tokenizer adds it, and never two where it
// begins with one already.
Status Checker::CheckBos() {
  const Tokenizer* tokenizer = model_.tokenizer();
  if (tokenizer == nullptr || !tokenizer->BosId()) return {};
  const TokenId bos = *tokenizer->BosId();
  PELLUCID_ASSIGN_OR_RETURN(const Encoding plain, tokenizer->Encode(kPrompt));
  const auto leading = [bos](const std::vector<TokenId>& ids) {
    const auto end = std::find_if(ids.begin(), ids.end(),
                                  [bos](TokenId id) { return id != bos; });
    return static_cast<std::size_t>(end - ids.begin());
  };
  const std::string text = tokenizer->TokenBytes(bos) + std::string(kPrompt);
  PELLUCID_ASSIGN_OR_RETURN(
      const Encoding doubled,
      tokenizer->Encode(text, {.avoid_double_bos = true}));
  const std::size_t wanted = tokenizer->AddsBos() ? 1 : 0;
  const bool ok = leading(plain.ids) == wanted && leading(doubled.ids) <= 1;
  report_.checks.push_back(
      {"bos", ok, static_cast<double>(leading(doubled.ids)), 1.0,
       fmt::format("BOS tokens before a text that begins with BOS; one "
                   "without gets {} of {}",
                   leading(plain.ids), wanted)});
  return {};
}

// The run that all others are held against. False: it meets what is no number.
Result<bool> Checker::CheckForward() {
  Result<std::vector<float>> logits = Logits(model_, ids_);
  const bool finite = logits.ok();
  if (!finite && logits.error().code != ErrorCode::kModel) {
    return logits.error();
  }
  Add("activations_finite", finite ? 0 : 1, 0,
      finite ? "runs that met an activation that is not finite"
             : logits.error().message);
  if (finite) logits_ = *std::move(logits);
  return finite;
}

Status Checker::CheckLens() {
  LensOptions options;
  options.top_k = std::min(kKept, vocab());
  options.stop = stop_;
  PELLUCID_ASSIGN_OR_RETURN(const Lens lens,
                            ComputeLens(model_, ids_, options));
  double lowest_kl = 0, final_kl = 0;
  std::size_t broken = 0;
  for (const LensRow& row : lens.rows) {
    for (const LensCell& cell : row.cells) {
      lowest_kl = std::min(lowest_kl, static_cast<double>(cell.kl_to_final));
      const bool finite = std::isfinite(cell.logz) &&
                          std::isfinite(cell.entropy) &&
                          std::isfinite(cell.kl_to_final);
      if (!finite) ++broken;
    }
  }
  for (const LensCell& cell : lens.rows.back().cells) {
    final_kl =
        std::max(final_kl, std::abs(static_cast<double>(cell.kl_to_final)));
  }
  AddDifferent("statistics_finite", broken,
               "cells of the lens with a statistic that is no number");
  CheckLastRow(lens);
  PELLUCID_RETURN_IF_ERROR(CheckProbabilities(lens));
  Add("kl_not_negative", lowest_kl == 0 ? 0 : -lowest_kl, 0,
      "how far the lowest KL(final || row) is below 0, nats");
  Add("kl_final_is_zero", final_kl, 0, "largest KL in the last row, nats");
  return {};
}

// Against the head on the same residuals, and against a forward pass of its
// own.
void Checker::CheckLastRow(const Lens& lens) {
  Add("last_row_is_logits", lens.max_abs_last_row_minus_logits, 0,
      "largest difference of the lens's last row from the model's logits");
  std::size_t different = 0, kept = 0;
  for (const LensCell& cell : lens.rows.back().cells) {
    const std::span<const float> row =
        std::span(logits_).subspan(cell.position * vocab(), vocab());
    kept += cell.top.size();
    for (const TokenScore& score : cell.top) {
      const float logit = row[static_cast<std::size_t>(score.id)];
      different += CountDifferent({&score.logit, 1}, {&logit, 1});
    }
  }
  AddDifferent("last_row_equals_forward", different,
               fmt::format("of the last row's {} highest logits, those that "
                           "differ from a separate forward pass",
                           kept));
}

// Every row at the last position, by the logits of the plain head in float64.
Status Checker::CheckProbabilities(const Lens& lens) {
  RunOptions options{.stop = stop_};
  for (const LensRow& row : lens.rows) options.sites.push_back(row.site);
  PELLUCID_ASSIGN_OR_RETURN(const Trace trace, model_.Run(ids_, options));
  const std::size_t d = model_.info().d_model;
  double worst = 0, worst_limit = kLogzUnit;
  for (std::size_t begin = 0; begin < lens.rows.size(); begin += kHeadRows) {
    const std::size_t count = std::min(kHeadRows, lens.rows.size() - begin);
    Tensor residual({count, d});
    for (std::size_t r = 0; r < count; ++r) {
      const Tensor* state = trace.Find(lens.rows[begin + r].site);
      std::copy_n(state->data.end() - static_cast<std::ptrdiff_t>(d), d,
                  residual.data.begin() + static_cast<std::ptrdiff_t>(r * d));
    }
    PELLUCID_ASSIGN_OR_RETURN(const Tensor logits, model_.Unembed(residual));
    for (std::size_t r = 0; r < count; ++r) {
      const float logz = lens.rows[begin + r].cells.back().logz;
      const double sum = SumOfProbabilities(
          std::span(logits.data).subspan(r * vocab(), vocab()), logz);
      const double off = std::abs(sum - 1);
      const double limit =
          kLogzUnit * std::max(1.0, std::abs(static_cast<double>(logz)));
      // What is no number is the worst of all.
      if (std::isnan(worst) || off / limit <= worst / worst_limit) continue;
      worst = off;
      worst_limit = limit;
    }
  }
  Add("probabilities_sum_to_1", worst, worst_limit,
      "|sum of exp(logit - logz) - 1| in float64, of the row nearest to its "
      "limit, 2^-22 max(1, |logz|)");
  return {};
}

Status Checker::CheckThreads() {
  const std::size_t threads = model_.threads() == 1 ? 2 : 1;
  PELLUCID_ASSIGN_OR_RETURN(
      const Model other, Model::Open(model_.info().path, {.threads = threads}));
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<float> logits,
                            Logits(other, ids_));
  AddDifferent("threads_agree", CountDifferent(logits, logits_),
               fmt::format("logits that differ between {} and {} threads",
                           model_.threads(), threads));
  return {};
}

Status Checker::CheckBatch() {
  const std::vector<std::vector<TokenId>> prompts = {
      {ids_.rbegin(), ids_.rend()}, ids_, {ids_.front()}};
  PELLUCID_ASSIGN_OR_RETURN(
      const std::vector<Trace> traces,
      model_.RunBatch(prompts, {.sites = {"logits"}, .stop = stop_}));
  AddDifferent("batch_agrees",
               CountDifferent(traces[1].Find("logits")->data, logits_),
               "logits that differ between a prompt alone and among three");
  return {};
}

// Token by token behind a cache, each against a run of all so far.
Status Checker::CheckCache() {
  Decoder decoder(model_);
  std::size_t different = 0;
  for (std::size_t at = 0; at < ids_.size(); ++at) {
    PELLUCID_ASSIGN_OR_RETURN(
        const std::span<const float> cached,
        decoder.Run(std::span(ids_).subspan(at, 1), nullptr, stop_));
    PELLUCID_ASSIGN_OR_RETURN(const std::vector<float> whole,
                              LastLogits(std::span(ids_).first(at + 1)));
    different += CountDifferent(cached, whole);
  }
  AddDifferent("cache_agrees", different,
               "logits that differ between tokens behind a cache and a run of "
               "all so far");
  return {};
}

Status Checker::CheckIsas() {
  const ScopedIsa scoped;
  const std::span<const TokenId> ids =
      std::span(ids_).first(std::min(kIsaTokens, ids_.size()));
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<float> before,
                            Logits(model_, ids));
  std::size_t different = 0;
  std::vector<std::string_view> others;
  for (const kernels::Isa isa : kernels::SupportedIsas()) {
    if (isa == scoped.before()) continue;
    others.push_back(kernels::NameOf(isa));
    PELLUCID_RETURN_IF_ERROR(kernels::SelectIsa(isa));
    PELLUCID_ASSIGN_OR_RETURN(const std::vector<float> logits,
                              Logits(model_, ids));
    different += CountDifferent(logits, before);
  }
  AddDifferent(
      "instruction_sets_agree", different,
      fmt::format("logits that differ between {} and {}",
                  kernels::NameOf(scoped.before()), fmt::join(others, ", ")));
  return {};
}

Result<std::vector<float>> Checker::Logits(const Model& model,
                                           std::span<const TokenId> ids) const {
  PELLUCID_ASSIGN_OR_RETURN(
      Trace trace, model.Run(ids, {.sites = {"logits"}, .stop = stop_}));
  return std::move(trace.sites.begin()->second.data);
}

Result<std::vector<float>> Checker::LastLogits(
    std::span<const TokenId> ids) const {
  PELLUCID_ASSIGN_OR_RETURN(
      Trace trace, model_.Run(ids, {.last_logits = true, .stop = stop_}));
  return std::move(trace.last_logits);
}

}  // namespace

Result<SelfCheckReport> RunSelfChecks(const Model& model,
                                      const std::stop_token& stop) {
  return CatchOutOfMemory("check", [&] { return Checker(model, stop).Run(); });
}

}  // namespace pellucid
