// Generation: runs of several sequences together, each behind a cache of its
// own (model/decoder.h), and between them the choice of tokens (sampler.h), the
// text (continuation_text.h) and what is recorded (growth_recorder.h).
#include "pellucid/generate.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "analysis/continuation_text.h"
#include "analysis/growth_recorder.h"
#include "analysis/lens_layout.h"
#include "analysis/lens_of_vectors.h"
#include "analysis/lens_rows.h"
#include "analysis/sampler.h"
#include "base/buffer.h"
#include "base/float_environment.h"
#include "base/out_of_memory.h"
#include "model/decoder.h"
#include "model/model_impl.h"
#include "trace/plan.h"

namespace pellucid {
namespace {

using Clock = std::chrono::steady_clock;

double MillisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start)
      .count();
}

// One prompt and its continuation so far.
struct Sequence {
  explicit Sequence(const Model& model) : decoder(model) {}

  std::span<const TokenId> ToRun() const {
    return std::span(ids).subspan(decoder.length());
  }

  Decoder decoder;
  std::vector<TokenId> ids;
  std::optional<ContinuationText> text;
  Generation out;
  bool finished = false;  // no token is chosen any more
  bool done = false;      // nothing is run any more
};

class GenerateRun {
 public:
  GenerateRun(const Model& model, std::span<const std::vector<TokenId>> prompts,
              const GenerateOptions& options)
      : model_(model),
        impl_(model.impl()),
        prompts_(prompts),
        options_(options) {}

  Result<std::vector<Generation>> Run();

 private:
  Status Check() const;
  Status ResolveLens();
  void Begin();
  // Runs what every sequence has to run, and chooses a token of each. False:
  // all are done.
  Result<bool> Step(const EditPlan& edits, GrowthRecorder& recorder);
  void Choose(std::size_t p, std::span<const float> logits);
  void Finish(std::size_t p, FinishReason reason);
  void Show(std::size_t p, const std::string& text) const;
  void ReportProgress() const;
  Result<Lens> MakeLens(const Sequence& sequence,
                        std::span<const float> vectors) const;

  const Model& model_;
  const Model::Impl& impl_;
  std::span<const std::vector<TokenId>> prompts_;
  const GenerateOptions& options_;
  std::vector<TokenId> stop_tokens_;
  std::vector<std::size_t> lens_rows_;  // that are kept, the final one last
  std::vector<Sequence> sequences_;
  Buffer logits_;  // [sequences, vocab_size]
};

Result<std::vector<Generation>> GenerateRun::Run() {
  const FloatEnvironment environment;
  PELLUCID_RETURN_IF_ERROR(Check());
  PELLUCID_RETURN_IF_ERROR(ResolveLens());
  PELLUCID_ASSIGN_OR_RETURN(const Plan plan,
                            Plan::Make(impl_.table, options_.sites));
  PELLUCID_ASSIGN_OR_RETURN(const EditPlan edits,
                            impl_.PlanEdits(options_.edits, prompts_));
  stop_tokens_ = options_.stop_tokens.value_or(StopTokens(model_));
  GrowthRecorder recorder(plan, impl_.table, prompts_.size(), lens_rows_);
  Begin();
  double prompt_ms = 0, tokens_ms = 0;
  for (double* time = &prompt_ms;; time = &tokens_ms) {
    const Clock::time_point start = Clock::now();
    PELLUCID_ASSIGN_OR_RETURN(const bool more, Step(edits, recorder));
    *time += MillisecondsSince(start);
    if (!more) break;
    ReportProgress();
  }
  std::vector<Generation> out;
  for (std::size_t p = 0; p < sequences_.size(); ++p) {
    Generation& made = sequences_[p].out;
    made.prompt_ms = prompt_ms;
    made.tokens_ms = tokens_ms;
    made.trace = recorder.Take(p);
    made.trace.ids = sequences_[p].ids;
    if (options_.lens && !made.tokens.empty()) {
      PELLUCID_ASSIGN_OR_RETURN(made.lens,
                                MakeLens(sequences_[p], recorder.vectors(p)));
    }
    out.push_back(std::move(made));
  }
  return out;
}

Status GenerateRun::Check() const {
  PELLUCID_RETURN_IF_ERROR(impl_.CheckPrompts(prompts_));
  PELLUCID_RETURN_IF_ERROR(CheckSampling(options_.sampling));
  if (options_.max_tokens == 0) {
    return UsageError(
        "generate: max-tokens 0: asks for nothing; choose 1 or "
        "more");
  }
  if (!options_.stop_texts.empty()) {
    const auto tokenizer = model_.RequireTokenizer();
    if (!tokenizer.ok()) return tokenizer.error();
  }
  for (const std::string& text : options_.stop_texts) {
    if (text.empty()) {
      return UsageError(
          "generate: stop text: is empty and would end every "
          "continuation; leave it out");
    }
  }
  if (!options_.stop_tokens) return {};
  for (const TokenId id : *options_.stop_tokens) {
    if (id >= 0 && static_cast<std::size_t>(id) < impl_.spec.vocab_size) {
      continue;
    }
    return UsageError(fmt::format(
        "generate: stop token {}: is not within the model's vocabulary; choose "
        "one of 0 to {}",
        id, impl_.spec.vocab_size - 1));
  }
  return {};
}

Status GenerateRun::ResolveLens() {
  if (!options_.lens) return {};
  PELLUCID_RETURN_IF_ERROR(CheckLensOptions(model_, *options_.lens));
  PELLUCID_ASSIGN_OR_RETURN(const LensRows rows,
                            ResolveRows(*options_.lens, impl_.table));
  const bool follows = options_.lens->follow != FollowFinal::kNone ||
                       !options_.lens->targets.empty();
  lens_rows_ = follows ? rows.all : rows.few;
  return {};
}

void GenerateRun::Begin() {
  sequences_.reserve(prompts_.size());
  for (const std::vector<TokenId>& prompt : prompts_) {
    Sequence& sequence = sequences_.emplace_back(model_);
    sequence.ids = prompt;
    sequence.out.prompt = prompt;
    if (const Tokenizer* tokenizer = model_.tokenizer()) {
      sequence.text.emplace(*tokenizer, prompt, options_.stop_texts);
    }
  }
  logits_ = Buffer(prompts_.size(), impl_.spec.vocab_size);
}

Result<bool> GenerateRun::Step(const EditPlan& edits,
                               GrowthRecorder& recorder) {
  std::vector<Decoder::Step> steps;
  for (std::size_t p = 0; p < sequences_.size(); ++p) {
    Sequence& sequence = sequences_[p];
    if (sequence.done) continue;
    steps.push_back({&sequence.decoder, sequence.ToRun(), p});
  }
  if (steps.empty()) return false;
  const bool records = !options_.sites.empty();
  const MatrixView logits = logits_.view().Rows(0, steps.size());
  PELLUCID_RETURN_IF_ERROR(Decoder::RunTogether(
      steps,
      {.probe = records || options_.lens ? &recorder : nullptr,
       .edits = &edits,
       .stop = options_.stop},
      logits));
  for (std::size_t i = 0; i < steps.size(); ++i) {
    Sequence& sequence = sequences_[steps[i].prompt];
    if (sequence.finished) {  // it was run to be recorded
      sequence.done = true;
      continue;
    }
    if (sequence.ids.size() == impl_.spec.context_length) {
      Finish(steps[i].prompt, FinishReason::kLength);
      sequence.done = true;
      continue;
    }
    recorder.KeepVectors(i);
    Choose(steps[i].prompt, logits.RowSpan(i));
    if (options_.on_token) {
      options_.on_token(steps[i].prompt, sequence.out.tokens.back());
    }
    sequence.done = sequence.finished && !records;
  }
  return true;
}

void GenerateRun::Choose(std::size_t p, std::span<const float> logits) {
  Sequence& sequence = sequences_[p];
  std::vector<GeneratedToken>& tokens = sequence.out.tokens;
  const TokenId id =
      ChooseToken(options_.sampling, sequence.ids, tokens.size(), logits);
  const double logit =
      static_cast<double>(logits[static_cast<std::size_t>(id)]);
  tokens.push_back({id, static_cast<float>(logit - LogSumExp(logits))});
  sequence.ids.push_back(id);
  if (std::ranges::find(stop_tokens_, id) != stop_tokens_.end()) {
    return Finish(p, FinishReason::kStop);
  }
  if (sequence.text) {
    Show(p, sequence.text->Push(id));
    if (sequence.text->stopped()) return Finish(p, FinishReason::kStop);
  }
  if (tokens.size() == options_.max_tokens ||
      sequence.ids.size() == impl_.spec.context_length) {
    Finish(p, FinishReason::kLength);
  }
}

void GenerateRun::Finish(std::size_t p, FinishReason reason) {
  Sequence& sequence = sequences_[p];
  sequence.finished = true;
  sequence.out.finish = reason;
  if (!sequence.text) return;
  Show(p, sequence.text->Finish());
  // What was held back may hold a stop text.
  if (sequence.text->stopped()) sequence.out.finish = FinishReason::kStop;
  sequence.out.text = sequence.text->text();
}

void GenerateRun::Show(std::size_t p, const std::string& text) const {
  if (options_.on_text && !text.empty()) options_.on_text(p, text);
}

void GenerateRun::ReportProgress() const {
  if (!options_.progress) return;
  std::size_t tokens = 0;
  for (const Sequence& sequence : sequences_) {
    tokens +=
        sequence.finished ? options_.max_tokens : sequence.out.tokens.size();
  }
  options_.progress(
      static_cast<double>(tokens) /
      static_cast<double>(options_.max_tokens * sequences_.size()));
}

// `vectors`: of each chosen token the rows lens_rows_.
Result<Lens> GenerateRun::MakeLens(const Sequence& sequence,
                                   std::span<const float> vectors) const {
  const std::size_t count = sequence.out.tokens.size();
  const std::size_t d = impl_.spec.d_model;
  LensOptions options = *options_.lens;
  std::vector<std::int64_t> positions(count);
  for (std::size_t i = 0; i < count; ++i) {
    positions[i] =
        static_cast<std::int64_t>(sequence.out.prompt.size() + i - 1);
  }
  options.positions = Selection::Of(std::move(positions));
  options.edits = {};
  options.on_part = {};
  options.stop = options_.stop;
  options.progress = {};
  PELLUCID_ASSIGN_OR_RETURN(
      const LensLayout layout,
      LayOutLens(options, {&sequence.ids, 1}, impl_.table));
  std::vector<float> cells;
  cells.reserve(vectors.size());
  for (std::size_t place = 0; place < count; ++place) {
    const std::vector<std::size_t>& rows = layout.RowsOf(place);
    for (std::size_t r = 0; r < lens_rows_.size(); ++r) {
      if (!std::ranges::binary_search(rows, lens_rows_[r])) continue;
      const auto vector =
          vectors.subspan((place * lens_rows_.size() + r) * d, d);
      cells.insert(cells.end(), vector.begin(), vector.end());
    }
  }
  return DecodeVectors(impl_, sequence.ids, options,
                       {cells.data(), cells.size() / d, d});
}

}  // namespace

std::string_view FinishReasonName(FinishReason reason) {
  return reason == FinishReason::kStop ? "stop" : "length";
}

std::vector<TokenId> StopTokens(const Model& model) {
  std::vector<TokenId> out;
  for (const std::int64_t id : model.impl().checkpoint.StopIds()) {
    if (id < 0 || id >= static_cast<std::int64_t>(model.info().vocab_size)) {
      continue;
    }
    out.push_back(static_cast<TokenId>(id));
  }
  const Tokenizer* tokenizer = model.tokenizer();
  if (out.empty() && tokenizer != nullptr && tokenizer->EosId()) {
    out.push_back(*tokenizer->EosId());
  }
  return out;
}

Result<Generation> Generate(const Model& model, std::span<const TokenId> ids,
                            const GenerateOptions& options) {
  const std::vector<TokenId> prompt(ids.begin(), ids.end());
  PELLUCID_ASSIGN_OR_RETURN(std::vector<Generation> made,
                            GenerateBatch(model, {&prompt, 1}, options));
  return std::move(made.front());
}

Result<std::vector<Generation>> GenerateBatch(
    const Model& model, std::span<const std::vector<TokenId>> prompts,
    const GenerateOptions& options) {
  return CatchOutOfMemory(
      "generate", [&] { return GenerateRun(model, prompts, options).Run(); });
}

}  // namespace pellucid
