#include "trace/edit_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/quote.h"
#include "trace/point_heads.h"

namespace pellucid {
namespace {

bool UsesValues(EditKind kind) {
  switch (kind) {
    case EditKind::kAdd:
    case EditKind::kReplace:
    case EditKind::kMean:
    case EditKind::kResample:
    case EditKind::kProjectOut:
    case EditKind::kSetComponent:
      return true;
    default:
      return false;
  }
}

bool NeedsValues(EditKind kind) {
  return UsesValues(kind) && kind != EditKind::kAdd && kind != EditKind::kMean;
}

// Kinds whose rows of values are not one a position.
bool ValuesAreASet(EditKind kind) {
  return kind == EditKind::kMean || kind == EditKind::kResample ||
         kind == EditKind::kProjectOut || kind == EditKind::kSetComponent;
}

bool WorksOnAttention(EditKind kind) {
  switch (kind) {
    case EditKind::kZero:
    case EditKind::kScale:
    case EditKind::kAdd:
    case EditKind::kReplace:
    case EditKind::kNoise:
    case EditKind::kClamp:
    case EditKind::kMask:
    case EditKind::kCustom:
      return true;
    default:
      return false;
  }
}

// Selection::Resolve, whose messages name `what`.
Result<std::vector<std::size_t>> Indices(const Selection& selection,
                                         std::string_view what, std::size_t n) {
  PELLUCID_ASSIGN_OR_RETURN(const Selection named,
                            Selection::Parse(selection.Text(), what));
  return named.Resolve(n);
}

// Resolves one edit; its errors begin with its number and site.
class Resolver {
 public:
  Resolver(const SiteTable& table, const Edit& edit, std::size_t number,
           std::span<const std::size_t> lengths, const FindText& find_text)
      : table_(table), lengths_(lengths), find_text_(find_text) {
    out_.edit = edit;
    what_ = fmt::format("edits: edit {} ({} of {})", number,
                        EditKindName(edit.kind), Quote(edit.site));
  }

  Result<ResolvedEdit> Resolve();

 private:
  Error Problem(const std::string& text) const {
    return UsageError(what_ + ": " + text);
  }
  Status FindSite();
  Status CheckKind() const;
  Status ResolveWhen();
  Status StayInPrompt(const std::string& what);
  Status ResolveHeads();
  Status ResolveColumns();
  Status ResolvePrompts();
  Status ResolvePositions(std::size_t prompt);
  Status ResolveKeys(std::size_t prompt);
  Status CheckMask(std::size_t prompt) const;
  Status LayOutValues();
  Status LayOutMatrices();
  Status CheckRows();
  Status MakeBasis();
  bool IsMatrix() const { return IsAttentionMatrix(out_.key.point); }

  const SiteTable& table_;
  std::span<const std::size_t> lengths_;
  const FindText& find_text_;
  std::string what_;
  std::vector<std::size_t> heads_;  // the scope's, or the site's own
  ResolvedEdit out_;
};

Result<ResolvedEdit> Resolver::Resolve() {
  PELLUCID_RETURN_IF_ERROR(FindSite());
  PELLUCID_RETURN_IF_ERROR(CheckKind());
  PELLUCID_RETURN_IF_ERROR(ResolveWhen());
  PELLUCID_RETURN_IF_ERROR(IsMatrix() ? ResolveHeads() : ResolveColumns());
  PELLUCID_RETURN_IF_ERROR(ResolvePrompts());
  if (!out_.edit.values.data.empty()) {
    PELLUCID_RETURN_IF_ERROR(IsMatrix() ? LayOutMatrices() : LayOutValues());
  }
  return std::move(out_);
}

Status Resolver::FindSite() {
  const std::string& name = out_.edit.site;
  const auto site = table_.Find(name);
  if (!site.ok()) {
    std::string_view message = site.error().message;
    // The table's own "sites: NAME: ", which what_ says already.
    if (const std::string front = "sites: " + name + ": ";
        message.starts_with(front)) {
      message.remove_prefix(front.size());
    }
    return Problem(std::string(message));
  }
  out_.key = (*site)->key;
  out_.site = (*site)->name;
  if ((*site)->head) {
    if (!out_.edit.scope.heads.empty()) {
      return Problem("is one head itself; leave the heads out");
    }
    heads_ = {*(*site)->head};
  } else {
    heads_ = out_.edit.scope.heads;
  }
  return {};
}

Status Resolver::CheckKind() const {
  const Edit& edit = out_.edit;
  const Point point = out_.key.point;
  if (point == Point::kRotary || point == Point::kRotaryLocal) {
    return Problem("rotary tables cannot be edited; edit q or k instead");
  }
  if (IsMatrix() && !WorksOnAttention(edit.kind)) {
    return Problem("this kind is not for scores or pattern; replace instead");
  }
  if (edit.kind == EditKind::kMask && point != Point::kScores) {
    return Problem("only scores can be masked; zero the pattern instead");
  }
  if (edit.kind == EditKind::kCustom && !edit.custom) {
    return Problem("has no function; set Edit::custom");
  }
  if (edit.kind == EditKind::kCustomSite) {
    if (!edit.custom_site) {
      return Problem("has no function; set Edit::custom_site");
    }
    const EditScope& scope = edit.scope;
    if (!scope.positions.IsDefault() || !scope.text.empty() ||
        !scope.keys.IsDefault() || !scope.heads.empty() ||
        !scope.features.empty() || scope.when) {
      return Problem(
          "is handed the whole site, so that its scope may name prompts only; "
          "leave the rest to the function");
    }
  }
  if (NeedsValues(edit.kind) && edit.values.data.empty()) {
    return Problem("has no values; give them");
  }
  if (!UsesValues(edit.kind) && !edit.values.data.empty()) {
    return Problem("takes no values; leave them out");
  }
  if (edit.kind == EditKind::kClamp && !(edit.low <= edit.high)) {
    return Problem(fmt::format("low {} is not below high {}; swap them",
                               edit.low, edit.high));
  }
  if (!std::isfinite(edit.factor)) {
    return Problem("its factor is not finite; give a number");
  }
  return {};
}

Status Resolver::ResolveWhen() {
  const EditScope& scope = out_.edit.scope;
  const bool named = !scope.positions.IsDefault() || !scope.text.empty();
  const EditWhen when =
      scope.when.value_or(named ? EditWhen::kPrompt : EditWhen::kBoth);
  out_.on_prompt = when != EditWhen::kGenerated;
  out_.on_generated = when != EditWhen::kPrompt;
  if (named && !out_.on_prompt) {
    return Problem(
        "positions and text are of the prompt, but \"when\" is "
        "\"generated\"; leave one out");
  }
  // A mean over positions that are not there yet is none.
  if (out_.edit.kind == EditKind::kMean && out_.edit.values.data.empty()) {
    return StayInPrompt("a mean over the prompt cannot hold");
  }
  return {};
}

// What is known of the prompt's tokens alone is for those, unless more was
// asked for.
Status Resolver::StayInPrompt(const std::string& what) {
  if (out_.on_generated && out_.edit.scope.when) {
    return Problem(what +
                   " on generated tokens; say \"when\": \"prompt\", or give "
                   "one row of values");
  }
  out_.on_generated = false;
  return {};
}

Status Resolver::ResolveHeads() {
  const EditScope& scope = out_.edit.scope;
  if (!scope.features.empty()) {
    return Problem("scores and pattern have no features; name keys");
  }
  const std::size_t n_heads = table_.sizes().n_heads;
  out_.heads.assign(n_heads, scope.heads.empty());
  for (const std::size_t head : scope.heads) {
    if (head >= n_heads) {
      return Problem(fmt::format("head {}: is not there; name one of 0 to {}",
                                 head, n_heads - 1));
    }
    out_.heads[head] = true;
  }
  return {};
}

Status Resolver::ResolveColumns() {
  const EditScope& scope = out_.edit.scope;
  if (!scope.keys.IsDefault()) {
    return Problem("only scores and pattern have keys; name positions");
  }
  std::size_t width = 1;
  for (const std::size_t size : table_.FeatureShape(out_.key.point)) {
    width *= size;
  }
  const std::size_t heads = HeadsOfPoint(table_.sizes(), out_.key.point);
  if (heads == 0 && !heads_.empty()) {
    return Problem("this site has no heads; name features, or edit z");
  }
  const std::size_t dim = heads_.empty() ? width : width / heads;
  std::vector<std::size_t> begins = {0};
  if (!heads_.empty()) begins.clear();
  for (const std::size_t head : heads_) {
    if (head >= heads) {
      return Problem(fmt::format("head {}: is not there; name one of 0 to {}",
                                 head, heads - 1));
    }
    begins.push_back(head * dim);
  }
  for (const std::size_t feature : scope.features) {
    if (feature >= dim) {
      return Problem(fmt::format(
          "feature {}: is not there; name one of 0 to {}", feature, dim - 1));
    }
  }
  out_.width = width;
  if (heads_.empty() && scope.features.empty()) return {};
  for (const std::size_t begin : begins) {
    for (std::size_t i = 0; scope.features.empty() && i < dim; ++i) {
      out_.columns.push_back(begin + i);
    }
    for (const std::size_t feature : scope.features) {
      out_.columns.push_back(begin + feature);
    }
  }
  std::ranges::sort(out_.columns);
  // (clang 14 does not read what std::ranges::unique returns.)
  out_.columns.erase(std::unique(out_.columns.begin(), out_.columns.end()),
                     out_.columns.end());
  out_.width = out_.columns.size();
  return {};
}

Status Resolver::ResolvePrompts() {
  const EditScope& scope = out_.edit.scope;
  out_.prompts.assign(lengths_.size(), scope.prompts.empty());
  for (const std::size_t prompt : scope.prompts) {
    if (prompt >= lengths_.size()) {
      return Problem(
          fmt::format("prompt {}: is not in the batch; name one of 0 to {}",
                      prompt, lengths_.size() - 1));
    }
    out_.prompts[prompt] = true;
  }
  out_.positions.resize(lengths_.size());
  out_.keys.resize(lengths_.size());
  for (std::size_t p = 0; p < lengths_.size(); ++p) {
    if (!out_.prompts[p]) continue;
    PELLUCID_RETURN_IF_ERROR(ResolvePositions(p));
    if (IsMatrix()) PELLUCID_RETURN_IF_ERROR(ResolveKeys(p));
  }
  return {};
}

Status Resolver::ResolvePositions(std::size_t prompt) {
  const EditScope& scope = out_.edit.scope;
  if (!out_.on_prompt) return {};
  auto found = scope.text.empty()
                   ? Indices(scope.positions, "positions", lengths_[prompt])
                   : find_text_(scope.text, prompt);
  if (!found.ok()) return Problem(found.error().message);
  out_.positions[prompt] = std::move(*found);
  return {};
}

Status Resolver::ResolveKeys(std::size_t prompt) {
  const Selection& keys = out_.edit.scope.keys;
  if (!keys.IsDefault()) {
    const auto found = Indices(keys, "keys", lengths_[prompt]);
    if (!found.ok()) return Problem(found.error().message);
    out_.keys[prompt].assign(lengths_[prompt], false);
    for (const std::size_t key : *found) out_.keys[prompt][key] = true;
  }
  return out_.edit.kind == EditKind::kMask ? CheckMask(prompt) : Status();
}

// A softmax over no key is no number.
Status Resolver::CheckMask(std::size_t prompt) const {
  const std::vector<bool>& keys = out_.keys[prompt];
  if (keys.empty()) {
    return Problem(
        "would leave no key to any query; name keys, or zero the "
        "pattern");
  }
  for (const std::size_t query : out_.positions[prompt]) {
    const auto end = keys.begin() + static_cast<std::ptrdiff_t>(
                                        std::min(query + 1, keys.size()));
    if (std::find(keys.begin(), end, false) != end) continue;
    return Problem(fmt::format(
        "query {}: would be left without a key; leave it one, or zero the "
        "pattern",
        query));
  }
  return {};
}

Status Resolver::LayOutValues() {
  const std::vector<float>& given = out_.edit.values.data;
  std::size_t full = 1;
  for (const std::size_t size : table_.FeatureShape(out_.key.point)) {
    full *= size;
  }
  // A row as the scope leaves it, or whole. Where both could be, the shape
  // decides: what stands behind the first of several dimensions is a row.
  const std::size_t behind = out_.edit.values.shape.size() > 1
                                 ? out_.edit.values.RowSize()
                                 : given.size();
  const bool whole = given.size() % full == 0 && behind != out_.width &&
                     (behind % full == 0 || given.size() % out_.width != 0);
  if (!whole && given.size() % out_.width != 0) {
    return Problem(fmt::format(
        "{} values: are no rows of {} numbers; give rows of the site, or of "
        "the part in scope",
        given.size(),
        full == out_.width ? fmt::format("{}", full)
                           : fmt::format("{} or {}", full, out_.width)));
  }
  out_.value_rows = given.size() / (whole ? full : out_.width);
  if (!whole || out_.columns.empty()) {
    out_.values = given;
  } else {
    for (std::size_t r = 0; r < out_.value_rows; ++r) {
      for (const std::size_t column : out_.columns) {
        out_.values.push_back(given[r * full + column]);
      }
    }
  }
  out_.edit.values = {};
  PELLUCID_RETURN_IF_ERROR(CheckRows());
  return MakeBasis();
}

Status Resolver::CheckRows() {
  if (ValuesAreASet(out_.edit.kind) || out_.value_rows == 1) return {};
  PELLUCID_RETURN_IF_ERROR(StayInPrompt(
      fmt::format("{} rows of values cannot hold", out_.value_rows)));
  for (std::size_t p = 0; p < lengths_.size(); ++p) {
    if (!out_.prompts[p]) continue;
    if (out_.value_rows != out_.positions[p].size() &&
        out_.value_rows != lengths_[p]) {
      return Problem(fmt::format(
          "{} rows of values: prompt {} has {} tokens, {} of them in scope; "
          "give one row, or as many",
          out_.value_rows, p, lengths_[p], out_.positions[p].size()));
    }
  }
  return {};
}

// [heads, queries, keys] of one prompt length.
Status Resolver::LayOutMatrices() {
  const Tensor& given = out_.edit.values;
  const auto heads =
      static_cast<std::size_t>(std::ranges::count(out_.heads, true));
  for (std::size_t p = 0; p < lengths_.size(); ++p) {
    if (!out_.prompts[p]) continue;
    const std::size_t n = lengths_[p];
    const bool fits =
        given.shape.size() == 3 && given.shape[1] == n && given.shape[2] == n &&
        (given.shape[0] == heads || given.shape[0] == out_.heads.size()) &&
        given.data.size() == given.shape[0] * n * n;
    if (!fits) {
      return Problem(fmt::format(
          "values of shape [{}]: must be [{}, {}, {}], heads, queries and keys",
          fmt::join(given.shape, ", "), heads, n, n));
    }
  }
  PELLUCID_RETURN_IF_ERROR(
      StayInPrompt("values of the prompt's queries cannot hold"));
  out_.value_rows = given.shape[0];
  out_.width = given.data.size() / given.shape[0];
  out_.values = given.data;
  out_.edit.values = {};
  return {};
}

// By the modified Gram-Schmidt process. A row that lies in the span of those
// before adds nothing.
Status Resolver::MakeBasis() {
  const EditKind kind = out_.edit.kind;
  if (kind != EditKind::kProjectOut && kind != EditKind::kSetComponent) {
    return {};
  }
  if (kind == EditKind::kSetComponent && out_.value_rows != 1) {
    return Problem(
        fmt::format("{} rows of values: one direction is set; give "
                    "one row",
                    out_.value_rows));
  }
  constexpr double kSmall = 1e-6;  // of a row: what rounding leaves in float32
  const std::size_t width = out_.width;
  for (std::size_t r = 0; r < out_.value_rows; ++r) {
    const std::span<const float> given = out_.ValueRow(r);
    std::vector<double> row(given.begin(), given.end());
    const auto dot = [&](const double* a, const double* b) {
      double sum = 0;
      for (std::size_t i = 0; i < width; ++i) sum += a[i] * b[i];
      return sum;
    };
    const double length = std::sqrt(dot(row.data(), row.data()));
    for (std::size_t at = 0; at < out_.basis.size(); at += width) {
      const double* unit = out_.basis.data() + at;
      const double along = dot(row.data(), unit);
      for (std::size_t i = 0; i < width; ++i) row[i] -= along * unit[i];
    }
    const double left = std::sqrt(dot(row.data(), row.data()));
    if (!std::isfinite(length) || (left <= kSmall * length && r == 0)) {
      return Problem("its direction is 0 or not finite; give another");
    }
    if (left <= kSmall * length) continue;
    for (const double x : row) out_.basis.push_back(x / left);
  }
  return {};
}

}  // namespace

Result<EditPlan> EditPlan::Make(const SiteTable& table,
                                std::span<const Edit> edits,
                                std::span<const std::size_t> lengths,
                                const FindText& find_text) {
  EditPlan plan;
  plan.lengths_.assign(lengths.begin(), lengths.end());
  if (edits.empty()) return plan;
  plan.edits_.resize(kPointCount *
                     std::max<std::size_t>(table.sizes().n_layers, 1));
  for (std::size_t i = 0; i < edits.size(); ++i) {
    PELLUCID_ASSIGN_OR_RETURN(
        ResolvedEdit resolved,
        Resolver(table, edits[i], i, lengths, find_text).Resolve());
    const std::size_t index = Index(resolved.key);
    plan.edits_[index].push_back(
        std::make_shared<const ResolvedEdit>(std::move(resolved)));
  }
  return plan;
}

Status EditPlan::Check(const SiteTable& table, std::span<const Edit> edits) {
  const FindText no_text;
  for (std::size_t i = 0; i < edits.size(); ++i) {
    Edit edit = edits[i];
    edit.scope.prompts.clear();
    const auto resolved = Resolver(table, edit, i, {}, no_text).Resolve();
    if (!resolved.ok()) return resolved.error();
  }
  return {};
}

}  // namespace pellucid
