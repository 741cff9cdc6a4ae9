#include "model/derivative_pass.h"

#include <algorithm>
#include <utility>

#include "kernels/activation.h"
#include "kernels/elementwise.h"
#include "kernels/linear.h"
#include "kernels/softmax.h"

namespace pellucid {
namespace {

void CopyRows(ConstMatrixView from, MatrixView to) {
  for (std::size_t r = 0; r < to.rows; ++r) {
    std::ranges::copy(from.RowSpan(r), to.Row(r));
  }
}

}  // namespace

DerivativePass::DerivativePass(const RecordedRun& run,
                               const DerivativeOptions& options)
    : run_(run),
      c_(run.context()),
      spec_(c_.spec),
      prompts_(run.prompts()),
      options_(options),
      tokens_(prompts_.tokens()),
      ropes_(MakeRopeTables(spec_, prompts_)),
      alibi_(MakeAlibi(spec_, prompts_)),
      query_(tokens_, spec_.QueryWidth()) {
  std::size_t keys = 0;
  for (std::size_t p = 0; p < prompts_.count(); ++p) {
    first_key_.push_back(keys);
    keys += kernels::KeyBlockCount(prompts_.length(p)) * kernels::kKeysInBlock;
  }
  first_key_.push_back(keys);
  keys_ = LayerKeys(spec_.n_kv_heads, spec_.head_dim, keys);
  values_ = LayerKeys(spec_.n_kv_heads, spec_.head_dim, keys);
}

void DerivativePass::Visit(SiteKey key, MatrixView value) {
  if (IsGiven(key)) options_.given->Edit(key, value);
  if (IsWanted(key)) options_.probe->Visit(key, value);
}

void DerivativePass::AddTo(MatrixView x, ConstMatrixView more) const {
  ForRows([&](std::size_t row, std::size_t, std::size_t count) {
    for (std::size_t r = row; r < row + count; ++r) {
      kernels::Add(x.RowSpan(r), more.RowSpan(r), x.RowSpan(r));
    }
  });
}

void DerivativePass::Multiply(MatrixView x, float factor) const {
  if (factor == 1) return;
  ForRows([&](std::size_t row, std::size_t, std::size_t count) {
    for (std::size_t r = row; r < row + count; ++r) {
      for (float& v : x.RowSpan(r)) v *= factor;
    }
  });
}

void DerivativePass::Clear(MatrixView x) {
  for (std::size_t r = 0; r < x.rows; ++r) {
    std::ranges::fill(x.RowSpan(r), 0.0f);
  }
}

const kernels::RopeTable* DerivativePass::RopeOf(std::size_t layer) const {
  const LayerSpec& spec = spec_.layers[layer];
  return ropes_.empty() || !spec.rope ? nullptr : &ropes_[*spec.rope];
}

void DerivativePass::LoadAttention(std::size_t layer, const LayerWeights& w,
                                   const BlockRecord& record) {
  const bool normed = !w.query_norm.empty();
  Buffer key(tokens_, spec_.KeyWidth());
  CopyRows(record[normed ? Point::kQueryNorm : Point::kQuery], query_.view());
  CopyRows(record[normed ? Point::kKeyNorm : Point::kKey], key.view());
  if (const kernels::RopeTable* table = RopeOf(layer); table != nullptr) {
    for (const MatrixView x : {query_.view(), key.view()}) {
      ForRowBlocks(c_.pool, tokens_, [&](std::size_t begin, std::size_t count) {
        kernels::ApplyRope(*table, begin, spec_.head_dim, x.Rows(begin, count));
      });
    }
  }
  const ConstMatrixView value = record[Point::kValue];
  for (std::size_t p = 0; p < prompts_.count(); ++p) {
    const std::size_t begin = prompts_.offsets[p], length = prompts_.length(p);
    const ConstMatrixView k = key.view().Rows(begin, length);
    const ConstMatrixView v = value.Rows(begin, length);
    keys_.Store(first_key_[p], k, v);
    values_.Store(first_key_[p], v, k);
  }
}

kernels::HeadRun DerivativePass::RunOfHead(std::size_t layer,
                                           const HeadTask& task) const {
  const std::size_t tokens = prompts_.length(task.prompt);
  const std::size_t first = first_key_[task.prompt];
  return {
      .shape = ShapeOfHead(spec_, layer, task.head, alibi_, tokens),
      .q = OfHead(query_.view(), task.prompt, task.head, 0),
      .k = values_.Values(task.kv_head, first, tokens),
      .v = keys_.Values(task.kv_head, first, tokens),
      .key_blocks = keys_.Keys(task.kv_head, first, tokens),
      .value_blocks = values_.Keys(task.kv_head, first, tokens),
      .on_scores = RunObserver({Point::kScores, layer}, task),
      .on_pattern = RunObserver({Point::kPattern, layer}, task),
  };
}

kernels::AttentionObserver DerivativePass::RunObserver(
    SiteKey key, const HeadTask& task) const {
  Editor* const editor = run_.editor();
  if (editor == nullptr || !editor->Edits(key)) return {};
  return [this, editor, key, task](std::size_t first, MatrixView rows) {
    editor->EditAttention(key, task.prompt, task.head, first, rows);
    MaskUnseen(UnseenValue(key.point), spec_.layers[key.layer].window, first,
               rows);
  };
}

kernels::AttentionObserver DerivativePass::Observer(SiteKey key,
                                                    const HeadTask& task,
                                                    std::size_t copy) const {
  const bool given = IsGiven(key), wanted = IsWanted(key);
  if (!given && !wanted) return {};
  return [=, this](std::size_t first, MatrixView rows) {
    const std::size_t prompt = copy * prompts_.count() + task.prompt;
    if (given) {
      options_.given->EditAttention(key, prompt, task.head, first, rows);
      MaskUnseen(0, spec_.layers[key.layer].window, first, rows);
    }
    if (wanted) {
      options_.probe->VisitAttention(key, prompt, task.head, first, rows);
    }
  };
}

Buffer DerivativePass::SumOf(ConstMatrixView stream,
                             ConstMatrixView added) const {
  Buffer sum(tokens_, spec_.d_model);
  ForRowBlocks(c_.pool, tokens_, [&](std::size_t begin, std::size_t count) {
    for (std::size_t t = begin; t < begin + count; ++t) {
      const std::span<float> row = sum.view().RowSpan(t);
      std::ranges::copy(added.RowSpan(t), row.begin());
      if (spec_.residual_multiplier != 1) {
        for (float& x : row) x *= spec_.residual_multiplier;
      }
      kernels::Add(stream.RowSpan(t), row, row);
    }
  });
  return sum;
}

Buffer DerivativePass::EmbeddingSum() const {
  const Weights& w = c_.weights;
  const BlockRecord& record = run_.embedding();
  Buffer sum(tokens_, spec_.d_model);
  const bool projects = !w.project_in.empty();
  CopyRows(record[projects ? Point::kProjectIn : Point::kEmbedTokens],
           sum.view());
  const bool scales = !projects && !spec_.scales_inside_embedding;
  for (std::size_t t = 0; t < tokens_; ++t) {
    const std::span<float> row = sum.view().RowSpan(t);
    if (scales && spec_.embed_scale != 1) {
      for (float& x : row) x *= spec_.embed_scale;
    }
    if (!w.positions.empty()) {
      kernels::Add(row, record[Point::kPosEmbed].RowSpan(t), row);
    }
  }
  return sum;
}

DerivativePass::Routes DerivativePass::RoutesOf(
    const BlockRecord& record) const {
  const ExpertsSpec& spec = spec_.experts;
  Routes routes{.probabilities = Buffer(tokens_, spec.n_experts),
                .by_expert = {},
                .weights = Buffer(tokens_, spec.n_experts),
                .sums = std::vector<float>(tokens_)};
  for (std::size_t t = 0; t < tokens_; ++t) {
    const std::span<float> row = routes.probabilities.view().RowSpan(t);
    std::ranges::copy(record[Point::kRouter].RowSpan(t), row.begin());
    kernels::Softmax(row);
  }
  routes.by_expert = RouteTokens(spec, routes.probabilities.view());
  Clear(routes.weights.view());
  for (std::size_t e = 0; e < spec.n_experts; ++e) {
    for (const Routed& routed : routes.by_expert[e]) {
      routes.weights.view().Row(routed.token)[e] = routed.weight;
      routes.sums[routed.token] = routed.sum;
    }
  }
  return routes;
}

DerivativePass::ExpertRun DerivativePass::RunOfExpert(
    const ExpertWeights& w, std::span<const Routed> routed,
    ConstMatrixView input) const {
  const std::size_t count = routed.size(), inner = spec_.experts.d_expert;
  Buffer in(count, spec_.d_model), post(count, inner);
  ExpertRun run{Buffer(count, inner), Buffer(count, inner),
                Buffer(count, inner), Buffer(count, spec_.d_model)};
  for (std::size_t i = 0; i < count; ++i) {
    std::ranges::copy(input.RowSpan(routed[i].token), in.view().Row(i));
  }
  const kernels::LinearOutput halves[] = {{w.gate, {}, run.gate.view()},
                                          {w.up, {}, run.up.view()}};
  kernels::Linear(c_.pool, in.view(), halves, options_.stop);
  if (Stopped()) return run;
  for (std::size_t i = 0; i < count; ++i) {
    const std::span<float> act = run.act.view().RowSpan(i);
    kernels::Activate(spec_.activation, run.gate.view().RowSpan(i), act);
    kernels::Multiply(act, run.up.view().RowSpan(i), post.view().RowSpan(i));
  }
  kernels::Linear(c_.pool, post.view(), w.down, {}, run.result.view(),
                  options_.stop);
  return run;
}

}  // namespace pellucid
