#include "analysis/self_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernels/isa.h"
#include "pellucid/lens.h"
#include "pellucid/tokenizer.h"

namespace pellucid {
namespace {

constexpr std::string_view kPrompt = "The capital of France is";

// A stored logz is a float32 (half a unit of its last place: 2^-24 of it), and
// the sum behind it adds blocks of 64 float32 terms, each with an error of a
// few 2^-24. Four times that, and as much again where |logz| < 1.
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

  Status ChoosePrompt();
  void CheckTokenizer();
  Status CheckBos();
  Status CheckLens();
  Status CheckLogits();
  Status CheckThreads();
  Status CheckIsa();
  Result<std::vector<float>> LastLogits(const Model& model) const;

  const Model& model_;
  std::stop_token stop_;
  std::vector<TokenId> ids_;
  Lens lens_;
  std::vector<float> logits_;  // of the last position, as the model gives them
  SelfCheckReport report_;
};

Result<SelfCheckReport> Checker::Run() {
  report_.in_force = model_.info().details;
  PELLUCID_RETURN_IF_ERROR(ChoosePrompt());
  CheckTokenizer();
  PELLUCID_RETURN_IF_ERROR(CheckBos());
  PELLUCID_RETURN_IF_ERROR(CheckLens());
  PELLUCID_RETURN_IF_ERROR(CheckLogits());
  PELLUCID_RETURN_IF_ERROR(CheckThreads());
  PELLUCID_RETURN_IF_ERROR(CheckIsa());
  return std::move(report_);
}

// The text where there is a tokenizer, else ids spread over the vocabulary.
Status Checker::ChoosePrompt() {
  if (const Tokenizer* tokenizer = model_.tokenizer()) {
    PELLUCID_ASSIGN_OR_RETURN(Encoding encoding, tokenizer->Encode(kPrompt));
    ids_ = std::move(encoding.ids);
  }
  const std::size_t vocab = model_.info().vocab_size;
  const bool fits = std::all_of(ids_.begin(), ids_.end(), [&](TokenId id) {
    return static_cast<std::size_t>(id) < vocab;
  });
  if (ids_.empty() || !fits) {
    ids_.clear();
    for (std::size_t i = 0; i < 5; ++i) {
      ids_.push_back(static_cast<TokenId>((i + 1) * vocab / 7));
    }
  }
  if (ids_.size() > model_.info().context_length) {
    ids_.resize(model_.info().context_length);
  }
  return {};
}

void Checker::CheckTokenizer() {
  const Tokenizer* tokenizer = model_.tokenizer();
  if (tokenizer == nullptr) return;
  Add("token_ids_have_rows", static_cast<double>(tokenizer->VocabSize()),
      static_cast<double>(model_.info().vocab_size),
      "tokens of the tokenizer, against rows of the unembedding");
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

Status Checker::CheckLens() {
  LensOptions options;
  options.top_k = std::min<std::size_t>(5, model_.info().vocab_size);
  options.stop = stop_;
  PELLUCID_ASSIGN_OR_RETURN(lens_, ComputeLens(model_, ids_, options));
  double lowest_kl = 0, final_kl = 0;
  for (const LensRow& row : lens_.rows) {
    for (const LensCell& cell : row.cells) {
      lowest_kl = std::min(lowest_kl, static_cast<double>(cell.kl_to_final));
    }
  }
  std::size_t broken = 0;
  for (const LensCell& cell : lens_.rows.front().cells) {
    const bool finite = std::isfinite(cell.logz) &&
                        std::isfinite(cell.entropy) &&
                        std::isfinite(cell.kl_to_final);
    if (!finite) ++broken;
  }
  for (const LensCell& cell : lens_.rows.back().cells) {
    final_kl =
        std::max(final_kl, std::abs(static_cast<double>(cell.kl_to_final)));
  }
  Add("last_row_is_logits", lens_.max_abs_last_row_minus_logits, 0,
      "largest difference of the lens's last row from the model's logits");
  Add("kl_not_negative", lowest_kl == 0 ? 0 : -lowest_kl, 0,
      "how far the lowest KL(final || row) is below 0, nats");
  Add("kl_final_is_zero", final_kl, 0, "largest KL in the last row, nats");
  Add("embed_row_finite", static_cast<double>(broken), 0,
      "positions of the embedding row with a statistic that is no number");
  return {};
}

// The forward pass's own logits of the last position, against what the lens
// says of them.
Status Checker::CheckLogits() {
  PELLUCID_ASSIGN_OR_RETURN(logits_, LastLogits(model_));
  const double highest =
      static_cast<double>(*std::max_element(logits_.begin(), logits_.end()));
  double sum = 0;
  for (const float z : logits_) {
    sum += std::exp(static_cast<double>(z) - highest);
  }
  const double logz = highest + std::log(sum);
  const LensCell& cell = lens_.rows.back().cells.back();
  const double stored = static_cast<double>(cell.logz);
  Add("probabilities_sum_to_1", std::abs(stored - logz),
      kLogzUnit * std::max(1.0, std::abs(logz)),
      "|logz - ln sum exp of the logits in float64|, nats");
  std::size_t different = 0;
  for (const TokenScore& score : cell.top) {
    const float logit = logits_[static_cast<std::size_t>(score.id)];
    different += CountDifferent({&score.logit, 1}, {&logit, 1});
  }
  Add("top_logits_equal_forward", static_cast<double>(different), 0,
      "kept logits of the last cell that differ from the forward pass's");
  return {};
}

Status Checker::CheckThreads() {
  const std::size_t threads = model_.threads() == 1 ? 2 : 1;
  PELLUCID_ASSIGN_OR_RETURN(
      const Model other, Model::Open(model_.info().ref, {.threads = threads}));
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<float> logits, LastLogits(other));
  Add("threads_agree", static_cast<double>(CountDifferent(logits, logits_)), 0,
      fmt::format("logits that differ between {} and {} threads",
                  model_.threads(), threads));
  return {};
}

Status Checker::CheckIsa() {
  const ScopedIsa scoped;
  PELLUCID_RETURN_IF_ERROR(kernels::SelectIsa(kernels::Isa::kReference));
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<float> logits,
                            LastLogits(model_));
  Add("instruction_sets_agree",
      static_cast<double>(CountDifferent(logits, logits_)), 0,
      fmt::format("logits that differ between {} and the reference loops",
                  kernels::NameOf(scoped.before())));
  return {};
}

Result<std::vector<float>> Checker::LastLogits(const Model& model) const {
  PELLUCID_ASSIGN_OR_RETURN(
      Trace trace, model.Run(ids_, {.last_logits = true, .stop = stop_}));
  return std::move(trace.last_logits);
}

}  // namespace

Result<SelfCheckReport> RunSelfChecks(const Model& model,
                                      const std::stop_token& stop) {
  return Checker(model, stop).Run();
}

}  // namespace pellucid
