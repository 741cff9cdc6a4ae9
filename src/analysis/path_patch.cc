#include "analysis/path_patch.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "analysis/patch_cells.h"
#include "analysis/patch_metric.h"
#include "analysis/point_dots.h"
#include "analysis/point_probe.h"
#include "base/float_environment.h"
#include "base/quote.h"
#include "kernels/linear.h"
#include "model/attention_parts.h"
#include "model/block_record.h"
#include "model/forward.h"
#include "model/normalise.h"
#include "trace/point_heads.h"

namespace pellucid {
namespace {

// Packed tokens of one batch of cells.
constexpr std::size_t kBatchTokens = 1024;

// Who reads the stream. No point: the head.
struct Reader {
  std::optional<Point> point;
  std::size_t layer = 0;
  std::optional<std::size_t> head;
};

bool ReadNumber(std::string_view text, std::size_t& to) {
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), to);
  return error == std::errc() && end == text.data() + text.size() &&
         !text.empty();
}

Error NoReader(const std::string& text, std::string_view why) {
  return UsageError(fmt::format(
      "patch: to \"{}\": {}; give logits, or q:L, k:L, v:L, attn:L or mlp:L of "
      "a block L, q:L.H of one of its heads",
      Quote(text), why));
}

Result<Reader> ParseReader(const Model::Impl& model, const std::string& text) {
  if (text == "logits") return Reader{};
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return NoReader(text, "is not known");
  const std::string_view name = std::string_view(text).substr(0, colon);
  std::string_view place = std::string_view(text).substr(colon + 1);
  Reader reader;
  if (name == "q") reader.point = Point::kQuery;
  if (name == "k") reader.point = Point::kKey;
  if (name == "v") reader.point = Point::kValue;
  if (name == "attn") reader.point = AttentionOutput(model.spec);
  if (name == "mlp") reader.point = MlpOutput(model.spec);
  if (!reader.point) return NoReader(text, "is not known");
  if (const std::size_t dot = place.find('.'); dot != std::string::npos) {
    std::size_t head = 0;
    const std::size_t heads = HeadsOfPoint(model.table.sizes(), *reader.point);
    if (heads == 0 || !ReadNumber(place.substr(dot + 1), head) ||
        head >= heads) {
      return NoReader(text, fmt::format("has {} heads", heads));
    }
    reader.head = head;
    place = place.substr(0, dot);
  }
  if (!ReadNumber(place, reader.layer) || reader.layer >= model.spec.n_layers) {
    return NoReader(text, fmt::format("the model has blocks 0 to {}",
                                      model.spec.n_layers - 1));
  }
  return reader;
}

// Several points of one run at once.
class PointsProbe : public Probe {
 public:
  PointsProbe(std::span<const Point> points, const SiteSizes& sizes,
              std::size_t tokens) {
    for (const Point point : points) {
      if (!Has(point))
        probes_.emplace_back(point, PointProbe(point, sizes, tokens));
    }
  }
  bool Wants(SiteKey key) const override { return Has(key.point); }
  void Visit(SiteKey key, ConstMatrixView value) override {
    for (auto& [point, probe] : probes_) {
      if (point == key.point) probe.Visit(key, value);
    }
  }
  void VisitAttention(SiteKey, std::size_t, std::size_t, std::size_t,
                      ConstMatrixView) override {}
  std::vector<Buffer> Take(Point wanted) {
    for (auto& [point, probe] : probes_) {
      if (point == wanted) return probe.Take();
    }
    return {};
  }

 private:
  bool Has(Point point) const {
    return std::ranges::any_of(
        probes_, [&](const auto& probe) { return probe.first == point; });
  }
  std::vector<std::pair<Point, PointProbe>> probes_;
};

// At one point of one block: adds rows, or puts them in place of columns
// [begin, begin + count).
class RowsEditor : public Editor {
 public:
  RowsEditor(SiteKey key, ConstMatrixView rows, bool adds, std::size_t begin,
             std::size_t count)
      : key_(key), rows_(rows), adds_(adds), begin_(begin), count_(count) {}

  bool Edits(SiteKey key) const override { return key == key_; }
  void Edit(SiteKey, MatrixView value) override {
    for (std::size_t r = 0; r < value.rows; ++r) {
      const auto from = rows_.RowSpan(r).subspan(begin_, count_);
      const auto to = value.RowSpan(r).subspan(begin_, count_);
      for (std::size_t i = 0; i < count_; ++i) {
        to[i] = adds_ ? to[i] + from[i] : from[i];
      }
    }
  }
  void EditAttention(SiteKey, std::size_t, std::size_t, std::size_t,
                     MatrixView) override {}

 private:
  const SiteKey key_;
  const ConstMatrixView rows_;
  const bool adds_;
  const std::size_t begin_, count_;
};

class PathRun {
 public:
  PathRun(const Model::Impl& model, const PatchPair& pair,
          const PatchOptions& options, Reader reader, PatchCells layout)
      : model_(model),
        spec_(model.spec),
        pair_(pair),
        options_(options),
        reader_(std::move(reader)),
        layout_(std::move(layout)),
        tokens_(layout_.changed.size()) {}

  Result<PatchGrid> Run();

 private:
  bool OfAttention() const { return layout_.point != Point::kMlp; }
  // What a block's part adds to the stream is this point's value, times the
  // residual multiplier.
  Point Added() const;
  bool Reaches(std::size_t layer) const;
  Status Record();
  // The change of the stream that a cell makes, [tokens, d_model].
  void ChangeOf(const SweepCell& cell, MatrixView out) const;
  // Metrics of runs that go on with what the reader makes of changes [cells *
  // tokens, d_model].
  Result<std::vector<double>> Effects(ConstMatrixView changes,
                                      const MetricReader& metric) const;
  // The final residual rows at the last position of these runs.
  Result<Buffer> FinalRows(ConstMatrixView changes) const;
  PackedPrompts Cells(std::size_t cells, ConstMatrixView states) const;
  ConstMatrixView Row(const Buffer& rows, std::size_t row) const {
    return rows.view().Rows(row, 1);
  }

  const Model::Impl& model_;
  const ArchSpec& spec_;
  const PatchPair& pair_;
  const PatchOptions& options_;
  const Reader reader_;
  const PatchCells layout_;
  const std::size_t tokens_;
  // By block: of the changed run, and of the other one.
  std::vector<Buffer> entering_, added_, sent_, other_sent_;
  Buffer changed_final_, other_final_;
};

Point PathRun::Added() const {
  const LayerWeights& w = model_.weights.layers.front();
  if (OfAttention()) {
    return w.attn_post_norm.empty() ? AttentionOutput(spec_)
                                    : Point::kAttnPostNorm;
  }
  return w.mlp_post_norm.empty() ? MlpOutput(spec_) : Point::kMlpPostNorm;
}

// A block's attention stands before its MLP, unless they are parallel.
bool PathRun::Reaches(std::size_t layer) const {
  if (!reader_.point || layer < reader_.layer) return true;
  return layer == reader_.layer && OfAttention() &&
         spec_.order == BlockOrder::kSequential &&
         *reader_.point == MlpOutput(spec_);
}

Status PathRun::Record() {
  const SiteSizes& sizes = model_.table.sizes();
  const Point sent = layout_.point == Point::kZ ? Point::kZ : Added();
  const auto run = [&](std::span<const TokenId> ids, PointsProbe& probe) {
    const std::vector<TokenId> prompt(ids.begin(), ids.end());
    return RunForward(model_.context(), Pack({&prompt, 1}),
                      {.probe = &probe, .stop = options_.stop});
  };
  const Point points[] = {Point::kResidPre, Added(), sent};
  PointsProbe changed(points, sizes, tokens_);
  PELLUCID_ASSIGN_OR_RETURN(Forwarded done, run(layout_.changed, changed));
  changed_final_ = std::move(done.residual);
  entering_ = changed.Take(Point::kResidPre);
  if (sent == Point::kZ) sent_ = changed.Take(Point::kZ);
  added_ = changed.Take(Added());
  PointsProbe other({&sent, 1}, sizes, layout_.other.size());
  PELLUCID_ASSIGN_OR_RETURN(done, run(layout_.other, other));
  other_final_ = std::move(done.residual);
  other_sent_ = other.Take(sent);
  return {};
}

void PathRun::ChangeOf(const SweepCell& cell, MatrixView out) const {
  const std::size_t layer = cell.first_layer;
  for (std::size_t t = 0; t < out.rows; ++t) {
    std::ranges::fill(out.RowSpan(t), 0.0f);
  }
  if (!Reaches(layer)) return;
  const ConstMatrixView added = added_[layer].view();
  const ConstMatrixView other = other_sent_[layer].view();
  const std::size_t count = cell.positions.size();
  Buffer patched(count, spec_.d_model);
  if (layout_.point == Point::kZ) {
    const LayerWeights& w = model_.weights.layers[layer];
    Buffer z(count, spec_.QueryWidth());
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t t = cell.positions[i];
      const auto from = other.RowSpan(layout_.source_of[t]);
      const auto to = z.view().RowSpan(i);
      std::ranges::copy(
          cell.heads.empty() ? from : sent_[layer].view().RowSpan(t),
          to.begin());
      for (const std::size_t head : cell.heads) {
        const std::size_t begin = head * spec_.head_dim;
        std::ranges::copy(from.subspan(begin, spec_.head_dim),
                          to.subspan(begin, spec_.head_dim).begin());
      }
    }
    kernels::Linear(model_.pool, z.view(), w.attn_out.weight, w.attn_out.bias,
                    patched.view(), options_.stop);
    if (!w.attn_post_norm.empty()) {
      Normalise(model_.pool, spec_, w.attn_post_norm, patched.view(),
                patched.view());
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t t = cell.positions[i];
    const std::span<const float> to =
        layout_.point == Point::kZ ? std::as_const(patched).view().RowSpan(i)
                                   : other.RowSpan(layout_.source_of[t]);
    for (std::size_t k = 0; k < spec_.d_model; ++k) {
      out.Row(t)[k] = spec_.residual_multiplier * (to[k] - added.Row(t)[k]);
    }
  }
}

PackedPrompts PathRun::Cells(std::size_t cells, ConstMatrixView states) const {
  const std::vector<TokenId> prompt(layout_.changed.begin(),
                                    layout_.changed.end());
  PackedPrompts packed = Pack(std::vector<std::vector<TokenId>>(cells, prompt));
  packed.start_layers.assign(cells, reader_.layer);
  packed.start_states = states;
  return packed;
}

Result<Buffer> PathRun::FinalRows(ConstMatrixView changes) const {
  const std::size_t cells = changes.rows / tokens_, layer = reader_.layer;
  Buffer out(cells, spec_.d_model);
  if (!reader_.point) {
    for (std::size_t c = 0; c < cells; ++c) {
      const float* const change = changes.Row(c * tokens_ + tokens_ - 1);
      const float* const from = changed_final_.view().Row(tokens_ - 1);
      for (std::size_t k = 0; k < spec_.d_model; ++k) {
        out.view().Row(c)[k] = from[k] + change[k];
      }
    }
    return out;
  }
  // An MLP that stands behind its block's attention reads what that, too, has
  // added, unchanged.
  const bool in_the_middle = spec_.order == BlockOrder::kSequential &&
                             *reader_.point == MlpOutput(spec_);
  Buffer plain(changes.rows, spec_.d_model), read(changes.rows, spec_.d_model);
  for (std::size_t r = 0; r < changes.rows; ++r) {
    const auto state = entering_[layer].view().RowSpan(r % tokens_);
    std::ranges::copy(state, plain.view().Row(r));
    for (std::size_t k = 0; k < spec_.d_model; ++k) {
      read.view().Row(r)[k] =
          in_the_middle ? state[k] : state[k] + changes.Row(r)[k];
    }
  }
  RowsEditor adds({Point::kResidMid, layer}, changes, /*adds=*/true, 0,
                  spec_.d_model);
  PointProbe made(*reader_.point, model_.table.sizes(), changes.rows);
  PELLUCID_RETURN_IF_ERROR(
      RunForward(model_.context(), Cells(cells, read.view()),
                 {.probe = &made,
                  .editor = in_the_middle ? &adds : nullptr,
                  .end_layer = layer + 1,
                  .stop = options_.stop}));
  const std::vector<Buffer> values = made.Take();
  const ConstMatrixView value = values[layer].view();
  const std::size_t begin = reader_.head ? *reader_.head * spec_.head_dim : 0;
  RowsEditor replaces({*reader_.point, layer}, value, /*adds=*/false, begin,
                      reader_.head ? spec_.head_dim : value.cols);
  PELLUCID_ASSIGN_OR_RETURN(
      const Forwarded done,
      RunForward(model_.context(), Cells(cells, plain.view()),
                 {.editor = &replaces, .stop = options_.stop}));
  for (std::size_t c = 0; c < cells; ++c) {
    std::ranges::copy(done.residual.view().RowSpan(c * tokens_ + tokens_ - 1),
                      out.view().Row(c));
  }
  return out;
}

Result<std::vector<double>> PathRun::Effects(ConstMatrixView changes,
                                             const MetricReader& metric) const {
  PELLUCID_ASSIGN_OR_RETURN(const Buffer rows, FinalRows(changes));
  return metric.Read(rows.view(), options_.stop);
}

Result<PatchGrid> PathRun::Run() {
  PELLUCID_RETURN_IF_ERROR(Record());
  std::vector<TokenId> answer = pair_.answer;
  if (answer.empty()) answer = {0};  // KL looks at none
  std::optional<TokenId> foil;
  if (!pair_.foil.empty()) foil = pair_.foil.front();
  MetricReader metric(model_, options_.metric, answer, foil);
  const bool denoise = options_.direction == PatchDirection::kDenoise;
  const Buffer& clean = denoise ? other_final_ : changed_final_;
  metric.SetReference(Row(clean, pair_.clean.size() - 1));
  PELLUCID_ASSIGN_OR_RETURN(
      const std::vector<double> changed,
      metric.Read(Row(changed_final_, tokens_ - 1), options_.stop));
  PELLUCID_ASSIGN_OR_RETURN(
      const std::vector<double> other,
      metric.Read(Row(other_final_, layout_.other.size() - 1), options_.stop));
  std::vector<double> values;
  const std::size_t most = std::max<std::size_t>(1, kBatchTokens / tokens_);
  for (std::size_t begin = 0; begin < layout_.cells.size(); begin += most) {
    const std::size_t count = std::min(most, layout_.cells.size() - begin);
    Buffer changes(count * tokens_, spec_.d_model);
    for (std::size_t i = 0; i < count; ++i) {
      ChangeOf(layout_.cells[begin + i],
               changes.view().Rows(i * tokens_, tokens_));
    }
    PELLUCID_ASSIGN_OR_RETURN(const std::vector<double> effects,
                              Effects(changes.view(), metric));
    values.insert(values.end(), effects.begin(), effects.end());
    if (options_.progress) {
      options_.progress(static_cast<double>(values.size()) /
                        static_cast<double>(layout_.cells.size()));
    }
  }
  return MakePatchGrid(layout_, options_, changed.front(), other.front(),
                       values);
}

Status CheckPath(const Model::Impl& model, const PatchPair& pair,
                 const PatchOptions& options) {
  if (options.site != "z" && options.site != "attn_out" &&
      options.site != "mlp_out") {
    return UsageError(fmt::format(
        "patch: to \"{}\": {} is no part that adds to the stream; use "
        "attn_out, mlp_out or z",
        Quote(options.to), options.site));
  }
  if (options.window != 1) {
    return UsageError("patch: window: a path leaves from one block; use 1");
  }
  if (pair.answer.size() > 1 || pair.foil.size() > 1) {
    return UsageError(
        "patch: to: answers of several tokens are not read behind a path; give "
        "one token");
  }
  if (model.spec.norm_after_add || model.spec.residual_from_norm) {
    return UsageError(
        "patch: to: this architecture's norms stand on the stream itself, "
        "which no path goes straight through; patch without");
  }
  return {};
}

}  // namespace

Result<PatchGrid> RunPathPatch(const Model::Impl& model, const PatchPair& pair,
                               const PatchOptions& options) {
  const FloatEnvironment environment;
  PELLUCID_RETURN_IF_ERROR(CheckPath(model, pair, options));
  PELLUCID_ASSIGN_OR_RETURN(Reader reader, ParseReader(model, options.to));
  PELLUCID_ASSIGN_OR_RETURN(PatchCells layout,
                            LayOutCells(model, pair, options, {}));
  PELLUCID_RETURN_IF_ERROR(
      CheckSourceSize(model, Point::kResidPre,
                      3 * std::max(layout.changed.size(), layout.other.size()),
                      options.max_bytes));
  return PathRun(model, pair, options, std::move(reader), std::move(layout))
      .Run();
}

}  // namespace pellucid
