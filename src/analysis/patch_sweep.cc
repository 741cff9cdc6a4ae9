#include "analysis/patch_sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "analysis/point_probe.h"
#include "base/checked.h"
#include "trace/edit_run.h"

namespace pellucid {
namespace {

void CopyRow(ConstMatrixView from, std::size_t row, MatrixView to,
             std::size_t to_row) {
  std::ranges::copy(from.RowSpan(row), to.Row(to_row));
}

ConstMatrixView Read(const Buffer& buffer) { return buffer.view(); }

// A residual state that a cell changes is changed before it enters a block,
// instead of by an edit in the block before.
bool IsState(Point point) {
  return point == Point::kResidPre || point == Point::kResidPost;
}

// The block that a cell enters.
std::size_t EntryOf(Point point, const SweepCell& cell) {
  return cell.first_layer + (point == Point::kResidPost ? 1 : 0);
}

// Columns of a row that hold a head; the whole row where heads is empty.
struct ColumnRange {
  std::size_t begin, count;
};

// Puts values of the source in their places.
class CellEditor : public Editor {
 public:
  CellEditor(const SiteSizes& sizes, const SweepSource& source,
             std::span<const SweepCell> cells,
             std::span<const std::size_t> group, const PackedPrompts& packed,
             const std::vector<std::size_t>& source_of)
      : sizes_(sizes),
        source_(source),
        cells_(cells),
        group_(group),
        packed_(packed),
        source_of_(source_of) {}

  bool Edits(SiteKey key) const override {
    return key.point == source_.point &&
           std::ranges::any_of(group_, [&](std::size_t cell) {
             return Edits(cells_[cell], key.layer);
           });
  }

  void Edit(SiteKey key, MatrixView value) override {
    for (std::size_t p = 0; p < group_.size(); ++p) {
      const SweepCell& cell = cells_[group_[p]];
      if (packed_.offsets[p] >= value.rows || !Edits(cell, key.layer)) continue;
      for (const std::size_t position : cell.positions) {
        const std::size_t row = packed_.offsets[p] + position - packed_.past(p);
        Replace(cell, key.layer, position, value.RowSpan(row));
      }
    }
  }

  void EditAttention(SiteKey key, std::size_t prompt, std::size_t head,
                     std::size_t first_query, MatrixView rows) override {
    const SweepCell& cell = cells_[group_[prompt]];
    if (!Edits(cell, key.layer)) return;
    if (!cell.heads.empty() &&
        std::ranges::find(cell.heads, head) == cell.heads.end()) {
      return;
    }
    const ConstMatrixView matrix = Read(source_.values[key.layer]);
    for (const std::size_t position : cell.positions) {
      const std::size_t query = position - packed_.past(prompt);
      if (query < first_query || query >= first_query + rows.rows) continue;
      const std::span<const float> from =
          matrix.RowSpan(head * source_.tokens + source_of_[position]);
      const std::span<float> to = rows.RowSpan(query - first_query);
      for (std::size_t k = 0; k <= position; ++k) to[k] = from[source_of_[k]];
    }
  }

  // Of the state that enters a block: that cell's row of `position`.
  void Replace(const SweepCell& cell, std::size_t layer, std::size_t position,
               std::span<float> row) const {
    const std::span<const float> from =
        Read(source_.values[layer]).RowSpan(source_of_[position]);
    if (cell.heads.empty()) {
      std::ranges::copy(from, row.begin());
      return;
    }
    for (const std::size_t head : cell.heads) {
      const std::size_t begin = head * sizes_.head_dim;
      std::ranges::copy(from.subspan(begin, sizes_.head_dim),
                        row.begin() + static_cast<std::ptrdiff_t>(begin));
    }
  }

 private:
  bool Edits(const SweepCell& cell, std::size_t layer) const {
    const std::size_t first =
        cell.first_layer + (IsState(source_.point) ? 1 : 0);
    return first <= layer && layer < cell.end_layer;
  }

  const SiteSizes& sizes_;
  const SweepSource& source_;
  std::span<const SweepCell> cells_;
  std::span<const std::size_t> group_;
  const PackedPrompts& packed_;
  const std::vector<std::size_t>& source_of_;
};

class Sweep {
 public:
  Sweep(const Model::Impl& model, std::span<const SweepBase* const> bases,
        const SweepSource& source, std::span<const SweepCell> cells,
        const SweepOptions& options, const SweepReader& reader)
      : model_(model),
        bases_(bases),
        source_(source),
        cells_(cells),
        options_(options),
        reader_(reader) {}

  Status Run();

 private:
  std::size_t TokensOf(std::size_t cell) const {
    return bases_[cells_[cell].base]->ids.size() -
           cells_[cell].positions.front();
  }
  // Multiply-adds, but for a factor.
  double CostOf(std::size_t cell) const {
    const std::size_t blocks =
        model_.spec.n_layers - EntryOf(source_.point, cells_[cell]);
    return static_cast<double>(TokensOf(cell) * blocks + 1);
  }
  Status RunGroup(std::span<const std::size_t> group, const Progress& progress);

  const Model::Impl& model_;
  std::span<const SweepBase* const> bases_;
  const SweepSource& source_;
  std::span<const SweepCell> cells_;
  const SweepOptions& options_;
  const SweepReader& reader_;
};

Status Sweep::Run() {
  std::vector<std::size_t> order(cells_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  // A run's prompts enter at rising blocks.
  std::ranges::stable_sort(order, {}, [&](std::size_t cell) {
    return EntryOf(source_.point, cells_[cell]);
  });
  double whole = 0, done = 0;
  for (const std::size_t cell : order) whole += CostOf(cell);
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin, tokens = 0;
    double cost = 0;
    while (end < order.size() &&
           (end == begin ||
            tokens + TokensOf(order[end]) <= options_.max_tokens)) {
      tokens += TokensOf(order[end]);
      cost += CostOf(order[end]);
      ++end;
    }
    Progress progress;
    if (options_.progress) {
      progress = [&](double share) {
        options_.progress((done + share * cost) / whole);
      };
    }
    PELLUCID_RETURN_IF_ERROR(
        RunGroup(std::span(order).subspan(begin, end - begin), progress));
    done += cost;
    begin = end;
  }
  return {};
}

Status Sweep::RunGroup(std::span<const std::size_t> group,
                       const Progress& progress) {
  PackedPrompts packed;
  for (const std::size_t index : group) {
    const SweepCell& cell = cells_[index];
    const SweepBase& base = *bases_[cell.base];
    const std::size_t past = cell.positions.front();
    packed.ids.insert(packed.ids.end(),
                      base.ids.begin() + static_cast<std::ptrdiff_t>(past),
                      base.ids.end());
    packed.offsets.push_back(packed.ids.size());
    packed.prefixes.push_back({&base.cache, past});
    packed.start_layers.push_back(EntryOf(source_.point, cell));
    packed.whole_lengths.push_back(base.ids.size());
  }
  CellEditor editor(model_.table.sizes(), source_, cells_, group, packed,
                    options_.source_of);
  Buffer entered(packed.tokens(), model_.spec.d_model);
  for (std::size_t p = 0; p < group.size(); ++p) {
    const SweepCell& cell = cells_[group[p]];
    const MatrixView rows =
        entered.view().Rows(packed.offsets[p], packed.length(p));
    const std::size_t past = packed.past(p);
    const ConstMatrixView state =
        Read(bases_[cell.base]->states[packed.start_layers[p]]);
    for (std::size_t t = 0; t < rows.rows; ++t) {
      CopyRow(state, past + t, rows, t);
    }
    if (!IsState(source_.point)) continue;
    for (const std::size_t position : cell.positions) {
      editor.Replace(cell, cell.first_layer, position,
                     rows.RowSpan(position - past));
    }
  }
  packed.start_states = Read(entered);
  std::vector<std::size_t> read;
  for (std::size_t p = 0; p < group.size(); ++p) {
    for (const std::size_t position : options_.readouts) {
      read.push_back(packed.offsets[p] + position - packed.past(p));
    }
  }
  PELLUCID_ASSIGN_OR_RETURN(const Forwarded done,
                            RunForward(model_.context(), packed,
                                       {.editor = &editor,
                                        .read = read,
                                        .stop = options_.stop,
                                        .progress = progress}));
  Buffer wanted(read.size(), model_.spec.d_model);
  for (std::size_t i = 0; i < read.size(); ++i) {
    CopyRow(Read(done.residual), done.rows[i], wanted.view(), i);
  }
  return reader_(group, Read(wanted));
}

}  // namespace

Result<SweepBase> RunSweepBase(const Model::Impl& model,
                               const std::vector<TokenId>& ids,
                               std::span<const Edit> edits,
                               const std::stop_token& stop) {
  SweepBase base{ids, {}, KvCache(model.spec)};
  PELLUCID_ASSIGN_OR_RETURN(const EditPlan plan,
                            model.PlanEdits(edits, {&ids, 1}));
  PackedPrompts packed = Pack({&ids, 1});
  packed.caches = {&base.cache};
  PointProbe probe(Point::kResidPre, model.table.sizes(), ids.size());
  EditRun editor(plan, EditedRowsOf(packed));
  PELLUCID_ASSIGN_OR_RETURN(
      Forwarded done, RunForward(model.context(), packed,
                                 {.probe = &probe,
                                  .editor = plan.empty() ? nullptr : &editor,
                                  .stop = stop}));
  base.states = probe.Take();
  base.states.push_back(std::move(done.residual));
  return base;
}

Status CheckSourceSize(const Model::Impl& model, Point point,
                       std::size_t tokens, std::size_t max_bytes) {
  const SiteSizes& sizes = model.table.sizes();
  std::size_t features = 1;
  if (IsAttentionMatrix(point)) {
    features = sizes.n_heads * tokens;
  } else {
    for (const std::size_t size : model.table.FeatureShape(point)) {
      features *= size;
    }
  }
  const std::size_t bytes = features * tokens * sizes.n_layers * sizeof(float);
  if (bytes <= max_bytes) return {};
  return UsageError(fmt::format(
      "patch: {} tokens: this site of all blocks takes {} bytes, more than {}; "
      "shorten the prompt",
      tokens, bytes, max_bytes));
}

Result<SweepSource> RunSweepSource(const Model::Impl& model,
                                   const std::vector<TokenId>& ids, Point point,
                                   std::size_t max_bytes,
                                   const std::stop_token& stop) {
  PELLUCID_RETURN_IF_ERROR(
      CheckSourceSize(model, point, ids.size(), max_bytes));
  SweepSource source;
  source.point = point;
  source.tokens = ids.size();
  PointProbe probe(point, model.table.sizes(), ids.size());
  PELLUCID_ASSIGN_OR_RETURN(Forwarded done,
                            RunForward(model.context(), Pack({&ids, 1}),
                                       {.probe = &probe, .stop = stop}));
  source.values = probe.Take();
  source.final_residual = std::move(done.residual);
  return source;
}

Status RunSweep(const Model::Impl& model,
                std::span<const SweepBase* const> bases,
                const SweepSource& source, std::span<const SweepCell> cells,
                const SweepOptions& options, const SweepReader& reader) {
  return Sweep(model, bases, source, cells, options, reader).Run();
}

}  // namespace pellucid
