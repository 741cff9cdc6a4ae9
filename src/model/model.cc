#include "pellucid/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/float_environment.h"
#include "base/out_of_memory.h"
#include "hub/reference.h"
#include "kernels/elementwise.h"
#include "kernels/isa.h"
#include "model/checkpoint.h"
#include "model/model_impl.h"
#include "model/token_span.h"
#include "trace/capture.h"
#include "trace/edit_run.h"
#include "trace/plan.h"

namespace pellucid {
namespace {

ModelInfo MakeInfo(const std::string& ref, const Checkpoint& checkpoint,
                   const ArchSpec& spec) {
  ModelInfo info;
  info.ref = ref;
  info.path = checkpoint.path();
  info.architecture = spec.architecture;
  info.format = checkpoint.format();
  info.hash = checkpoint.Hash();
  info.n_layers = spec.n_layers;
  info.d_model = spec.d_model;
  info.n_heads = spec.n_heads;
  info.n_kv_heads = spec.n_kv_heads;
  info.head_dim = spec.head_dim;
  info.d_mlp = spec.d_mlp;
  info.vocab_size = spec.vocab_size;
  info.context_length = spec.context_length;
  info.details = spec.details;
  return info;
}

// Keeps the tokenizer, or the reason why there is none: a model without one
// still runs on ids.
void LoadTokenizerInto(Model::Impl& impl) {
  auto loaded = impl.checkpoint.ReadTokenizer();
  if (!loaded.ok()) {
    impl.tokenizer_error = loaded.error();
  } else if (!loaded->has_value()) {
    impl.tokenizer_error = ModelError(
        fmt::format("tokenizer: {}: holds none; use --ids for the prompt and "
                    "id=N for tokens",
                    impl.checkpoint.path()));
  } else {
    impl.tokenizer = std::move(*loaded);
  }
}

Result<std::vector<Trace>> RunPrompts(
    const Model::Impl& impl, std::span<const std::vector<TokenId>> prompts,
    const RunOptions& options) {
  const FloatEnvironment environment;
  PELLUCID_RETURN_IF_ERROR(impl.CheckPrompts(prompts));
  PELLUCID_ASSIGN_OR_RETURN(const Plan plan,
                            Plan::Make(impl.table, options.sites));
  PELLUCID_ASSIGN_OR_RETURN(const EditPlan edits,
                            impl.PlanEdits(options.edits, prompts));
  const PackedPrompts packed = Pack(prompts);
  Capture capture(plan, impl.table, packed.offsets);
  EditRun editor(edits, EditedRowsOf(packed));
  std::vector<std::size_t> last;
  for (std::size_t p = 0; options.last_logits && p < packed.count(); ++p) {
    last.push_back(packed.offsets[p + 1] - 1);
  }
  PELLUCID_ASSIGN_OR_RETURN(
      const Forwarded done,
      RunForward(impl.context(), packed,
                 {.probe = &capture,
                  .editor = edits.empty() ? nullptr : &editor,
                  .read = last,
                  .stop = options.stop,
                  .progress = options.progress}));
  std::vector<Trace> traces = capture.Take();
  for (std::size_t p = 0; p < traces.size(); ++p) {
    traces[p].ids = prompts[p];
    if (!options.last_logits) continue;
    traces[p].last_logits.resize(impl.spec.vocab_size);
    PELLUCID_RETURN_IF_ERROR(
        impl.LogitsOfRow(done, done.rows[p], prompts[p].size() - 1,
                         traces[p].last_logits, options.stop));
  }
  return traces;
}

}  // namespace

Status Model::Impl::CheckPrompts(
    std::span<const std::vector<TokenId>> prompts) const {
  for (const std::vector<TokenId>& ids : prompts) {
    if (ids.empty()) {
      return UsageError("run: prompt: has no tokens; give at least one");
    }
    if (ids.size() > spec.context_length) {
      return UsageError(fmt::format(
          "run: prompt: {} tokens, but the model's context is {}; shorten it",
          ids.size(), spec.context_length));
    }
    for (const TokenId id : ids) {
      if (id < 0 || static_cast<std::size_t>(id) >= spec.vocab_size) {
        return UsageError(
            fmt::format("run: token id {}: is not within the model's "
                        "vocabulary; choose one of 0 to {}",
                        id, spec.vocab_size - 1));
      }
    }
  }
  return {};
}

Result<EditPlan> Model::Impl::PlanEdits(
    std::span<const Edit> edits,
    std::span<const std::vector<TokenId>> prompts) const {
  std::vector<std::size_t> lengths;
  for (const std::vector<TokenId>& ids : prompts) lengths.push_back(ids.size());
  return EditPlan::Make(table, edits, lengths,
                        [&](const std::string& text,
                            std::size_t p) -> Result<std::vector<std::size_t>> {
                          if (!tokenizer) return tokenizer_error;
                          return TokensOfText(*tokenizer, prompts[p], text);
                        });
}

Status Model::Impl::LogitsOfRow(const Forwarded& done, std::size_t row,
                                std::size_t position, std::span<float> logits,
                                const std::stop_token& stop) const {
  return LogitsOfRows(done, {&row, 1}, {&position, 1},
                      {logits.data(), 1, logits.size()}, stop);
}

Status Model::Impl::LogitsOfRows(const Forwarded& done,
                                 std::span<const std::size_t> rows,
                                 std::span<const std::size_t> positions,
                                 MatrixView logits,
                                 const std::stop_token& stop) const {
  const ConstMatrixView made = done.logits.view();
  Buffer normed;
  if (made.rows == 0) normed = Buffer(rows.size(), spec.d_model);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (made.rows > 0) {
      std::ranges::copy(made.RowSpan(rows[i]), logits.Row(i));
    } else {
      std::ranges::copy(done.residual.view().RowSpan(rows[i]),
                        normed.view().Row(i));
    }
  }
  if (made.rows == 0) {
    head.Normalise(pool, normed.view(), normed.view());
    head.Project(pool, normed.view(), logits, stop);
  }
  if (stop.stop_requested()) return CancelledError("run: stopped");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (kernels::FirstNonFinite(logits.RowSpan(i)) != logits.cols) {
      return NonFiniteError(table.NameOf({Point::kHead}), positions[i]);
    }
  }
  return {};
}

PackedPrompts Pack(std::span<const std::vector<TokenId>> prompts) {
  PackedPrompts packed;
  for (const std::vector<TokenId>& ids : prompts) {
    packed.ids.insert(packed.ids.end(), ids.begin(), ids.end());
    packed.offsets.push_back(packed.ids.size());
  }
  return packed;
}

std::vector<EditedRows> EditedRowsOf(const PackedPrompts& packed) {
  std::vector<EditedRows> rows;
  for (std::size_t p = 0; p < packed.count(); ++p) {
    rows.push_back({p, packed.offsets[p], packed.length(p), packed.past(p)});
  }
  return rows;
}

Model::Model(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

Result<Model> Model::Open(const std::string& ref, const OpenOptions& options) {
  // Tables of the model (rotary frequencies, biases) are numbers too.
  const FloatEnvironment environment;
  return CatchOutOfMemory("open", [&]() -> Result<Model> {
    PELLUCID_RETURN_IF_ERROR(kernels::EnsureIsa());
    PELLUCID_ASSIGN_OR_RETURN(const std::string path,
                              hub::ResolveModel(ref, {.hub = options.hub}));
    PELLUCID_ASSIGN_OR_RETURN(Checkpoint checkpoint, Checkpoint::Open(path));
    PELLUCID_ASSIGN_OR_RETURN(LoadedModel loaded, checkpoint.Load());
    ModelInfo info = MakeInfo(ref, checkpoint, loaded.spec);
    auto impl =
        std::make_shared<Impl>(std::move(checkpoint), std::move(loaded.spec),
                               std::move(loaded.weights), options.threads);
    impl->info = std::move(info);
    LoadTokenizerInto(*impl);
    return Model(std::move(impl));
  });
}

const ModelInfo& Model::info() const { return impl_->info; }

std::size_t Model::threads() const { return impl_->pool.threads(); }

std::vector<TensorInfo> Model::Tensors() const {
  return impl_->checkpoint.Tensors();
}

std::vector<SiteInfo> Model::Sites() const { return impl_->table.Describe(); }

const Tokenizer* Model::tokenizer() const {
  return impl_->tokenizer ? &*impl_->tokenizer : nullptr;
}

Result<const Tokenizer*> Model::RequireTokenizer() const {
  if (impl_->tokenizer) return &*impl_->tokenizer;
  return impl_->tokenizer_error;
}

Result<Trace> Model::Run(std::span<const TokenId> ids,
                         const RunOptions& options) const {
  const std::vector<TokenId> prompt(ids.begin(), ids.end());
  PELLUCID_ASSIGN_OR_RETURN(std::vector<Trace> traces,
                            RunBatch({&prompt, 1}, options));
  return std::move(traces.front());
}

Result<std::vector<Trace>> Model::RunBatch(
    std::span<const std::vector<TokenId>> prompts,
    const RunOptions& options) const {
  return CatchOutOfMemory("run",
                          [&] { return RunPrompts(*impl_, prompts, options); });
}

Result<Tensor> Model::Unembed(const Tensor& residual,
                              bool apply_final_norm) const {
  const FloatEnvironment environment;
  const std::size_t d = impl_->spec.d_model;
  // Divided, since the product of a shape that is no truth may overflow.
  if (residual.shape.size() != 2 || residual.shape[1] != d ||
      residual.data.size() % d != 0 ||
      residual.data.size() / d != residual.shape[0]) {
    return UsageError(fmt::format(
        "unembed: residual of {} dimensions and {} numbers: must be [rows, {}]",
        residual.shape.size(), residual.data.size(), d));
  }
  const std::size_t rows = residual.shape[0];
  return CatchOutOfMemory("unembed", [&]() -> Result<Tensor> {
    Tensor logits({rows, impl_->spec.vocab_size});
    if (rows == 0) return logits;
    ConstMatrixView normed{residual.data.data(), rows, d};
    Buffer own;
    if (apply_final_norm) {
      own = Buffer(rows, d);
      impl_->head.Normalise(impl_->pool, normed, own.view());
      normed = std::as_const(own).view();
    }
    impl_->head.Project(impl_->pool, normed,
                        {logits.data.data(), rows, impl_->spec.vocab_size});
    return logits;
  });
}

}  // namespace pellucid
