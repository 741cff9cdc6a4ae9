#include "trace/edit_run.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "base/random.h"

namespace pellucid {
namespace {

constexpr float kMasked = -std::numeric_limits<float>::infinity();

// Streams of one seed: which row of a set a position takes is drawn by another
// than noise is.
constexpr std::uint32_t kNormalStream = 0, kChoiceStream = 1;

// The same in every prompt, so that a batch is as its prompts alone.
std::size_t DrawIndex(std::uint64_t seed, std::size_t index, std::size_t n) {
  const double u = PhiloxUniform(
      {0, static_cast<std::uint32_t>(index), 0, kChoiceStream}, seed)[0];
  return std::min(static_cast<std::size_t>(u * static_cast<double>(n)), n - 1);
}

std::vector<float> MeanOfValues(const ResolvedEdit& edit) {
  std::vector<float> mean(edit.width);
  for (std::size_t i = 0; i < edit.width; ++i) {
    double sum = 0;
    for (std::size_t r = 0; r < edit.value_rows; ++r)
      sum += edit.ValueRow(r)[i];
    mean[i] = static_cast<float>(sum / static_cast<double>(edit.value_rows));
  }
  return mean;
}

// Over all positions of a prompt, which the run holds from the first on.
std::vector<float> MeanOfPrompt(const ResolvedEdit& edit, MatrixView rows) {
  std::vector<float> mean(edit.width);
  for (std::size_t i = 0; i < edit.width; ++i) {
    const std::size_t column = edit.columns.empty() ? i : edit.columns[i];
    double sum = 0;
    for (std::size_t t = 0; t < rows.rows; ++t) sum += rows.Row(t)[column];
    mean[i] = static_cast<float>(sum / static_cast<double>(rows.rows));
  }
  return mean;
}

void ProjectOut(const ResolvedEdit& edit, std::span<float> x) {
  std::vector<double> wide(x.begin(), x.end());
  for (std::size_t at = 0; at < edit.basis.size(); at += x.size()) {
    const double* unit = edit.basis.data() + at;
    double along = 0;
    for (std::size_t i = 0; i < x.size(); ++i) along += wide[i] * unit[i];
    for (std::size_t i = 0; i < x.size(); ++i) wide[i] -= along * unit[i];
  }
  std::ranges::transform(wide, x.begin(),
                         [](double v) { return static_cast<float>(v); });
}

void SetComponent(const ResolvedEdit& edit, std::span<float> x) {
  double along = 0;
  for (std::size_t i = 0; i < x.size(); ++i) along += x[i] * edit.basis[i];
  const double more = edit.edit.factor - along;
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<float>(x[i] + more * edit.basis[i]);
  }
}

}  // namespace

void DrawNormal(std::uint64_t seed, std::uint32_t stream, std::uint32_t row,
                std::span<float> out) {
  for (std::size_t i = 0; i < out.size(); i += 2) {
    const auto pair = PhiloxUniform(
        {static_cast<std::uint32_t>(i / 2), row, stream, kNormalStream}, seed);
    out[i] = static_cast<float>(NormalQuantile(pair[0]));
    if (i + 1 < out.size()) {
      out[i + 1] = static_cast<float>(NormalQuantile(pair[1]));
    }
  }
}

// Of `rows`, the positions that an edit is made at, rising: those of the prompt
// in scope, then those that were generated.
template <typename Work>
void EditRun::ForEachPlace(const ResolvedEdit& edit, const EditedRows& rows,
                           const Work& work) const {
  if (!edit.prompts[rows.prompt]) return;
  const std::size_t length = plan_.lengths()[rows.prompt];
  const std::size_t end = rows.past + rows.count;
  const std::vector<std::size_t>& scope = edit.positions[rows.prompt];
  for (std::size_t i = 0; i < scope.size(); ++i) {
    if (scope[i] < rows.past || scope[i] >= end) continue;
    work(Place{rows.prompt, scope[i], i});
  }
  if (!edit.on_generated) return;
  for (std::size_t t = std::max(rows.past, length); t < end; ++t) {
    work(Place{rows.prompt, t, scope.size() + t - length});
  }
}

void EditRun::Edit(SiteKey key, MatrixView value) {
  std::vector<float> part;
  for (const auto& resolved : plan_.Of(key)) {
    const ResolvedEdit& edit = *resolved;
    if (edit.edit.kind == EditKind::kCustomSite) {
      EditSite(edit, value);
      continue;
    }
    for (const EditedRows& rows : rows_) {
      // A run may show the first of its prompts only.
      if (rows.first_row >= value.rows) continue;
      const MatrixView own = value.Rows(rows.first_row, rows.count);
      std::vector<float> mean;
      if (edit.edit.kind == EditKind::kMean && edit.prompts[rows.prompt]) {
        const std::size_t length = plan_.lengths()[rows.prompt];
        mean =
            edit.value_rows > 0
                ? MeanOfValues(edit)
                : MeanOfPrompt(edit, own.Rows(0, std::min(length, own.rows)));
      }
      ForEachPlace(edit, rows, [&](const Place& place) {
        const std::span<float> row = own.RowSpan(place.position - rows.past);
        std::span<float> x = row;
        if (!edit.columns.empty()) {
          part.resize(edit.width);
          for (std::size_t i = 0; i < edit.width; ++i) {
            part[i] = row[edit.columns[i]];
          }
          x = part;
        }
        if (mean.empty()) {
          EditRow(edit, place, x);
        } else {
          std::ranges::copy(mean, x.begin());
        }
        for (std::size_t i = 0; i < edit.columns.size(); ++i) {
          row[edit.columns[i]] = part[i];
        }
      });
    }
  }
}

void EditRun::EditSite(const ResolvedEdit& edit, MatrixView value) {
  std::vector<EditPart> parts;
  for (const EditedRows& rows : rows_) {
    if (rows.first_row >= value.rows || !edit.prompts[rows.prompt]) continue;
    EditPart part{.prompt = rows.prompt, .position = rows.past, .rows = {}};
    // The scope names no features: columns, if any, are one head's.
    const std::size_t first = edit.columns.empty() ? 0 : edit.columns.front();
    for (std::size_t t = 0; t < rows.count; ++t) {
      part.rows.push_back(
          value.RowSpan(rows.first_row + t).subspan(first, edit.width));
    }
    parts.push_back(std::move(part));
  }
  if (parts.empty()) return;
  const std::lock_guard lock(custom_);
  edit.edit.custom_site(edit.site, parts);
}

void EditRun::EditRow(const ResolvedEdit& edit, const Place& place,
                      std::span<float> x) {
  const auto value = [&]() -> std::span<const float> {
    if (edit.value_rows == 1) return edit.ValueRow(0);
    const bool in_scope =
        edit.value_rows == edit.positions[place.prompt].size();
    return edit.ValueRow(in_scope ? place.index : place.position);
  };
  const float factor = edit.edit.factor;
  switch (edit.edit.kind) {
    case EditKind::kZero:
      std::ranges::fill(x, 0.0f);
      break;
    case EditKind::kScale:
      for (float& v : x) v *= factor;
      break;
    case EditKind::kAdd:
      if (edit.value_rows == 0) {
        for (float& v : x) v += factor;
        break;
      }
      for (std::size_t i = 0; i < x.size(); ++i) x[i] += factor * value()[i];
      break;
    case EditKind::kReplace:
      std::ranges::copy(value(), x.begin());
      break;
    case EditKind::kResample:
      std::ranges::copy(edit.ValueRow(DrawIndex(edit.edit.seed, place.index,
                                                edit.value_rows)),
                        x.begin());
      break;
    case EditKind::kNoise: {
      std::vector<float> noise(x.size());
      DrawNormal(edit.edit.seed, 0, static_cast<std::uint32_t>(place.index),
                 noise);
      for (std::size_t i = 0; i < x.size(); ++i) x[i] += factor * noise[i];
      break;
    }
    case EditKind::kClamp:
      for (float& v : x)
        v = std::min(std::max(v, edit.edit.low), edit.edit.high);
      break;
    case EditKind::kProjectOut:
      ProjectOut(edit, x);
      break;
    case EditKind::kSetComponent:
      SetComponent(edit, x);
      break;
    case EditKind::kCustom:
      Custom(edit, place, 0, x);
      break;
    case EditKind::kMean:        // made by Edit, which sees all rows
    case EditKind::kCustomSite:  // the same
    case EditKind::kMask:        // of scores
      break;
  }
}

void EditRun::EditAttention(SiteKey key, std::size_t prompt, std::size_t head,
                            std::size_t first_query, MatrixView block) {
  for (const auto& resolved : plan_.Of(key)) {
    const ResolvedEdit& edit = *resolved;
    if (!edit.heads[head]) continue;
    const EditedRows& rows = rows_[prompt];
    ForEachPlace(edit, rows, [&](const Place& place) {
      const std::size_t query = place.position - rows.past;
      if (query < first_query || query >= first_query + block.rows) return;
      EditQuery(edit, place, head,
                block.RowSpan(query - first_query).first(place.position + 1));
    });
  }
}

// `x`: the keys up to the query itself.
void EditRun::EditQuery(const ResolvedEdit& edit, const Place& place,
                        std::size_t head, std::span<float> x) {
  const std::vector<bool>& keys = edit.keys[place.prompt];
  std::vector<std::size_t> in_scope;
  for (std::size_t k = 0; k < x.size(); ++k) {
    if (keys.empty() || (k < keys.size() && keys[k])) in_scope.push_back(k);
  }
  std::vector<float> part(in_scope.size());
  for (std::size_t i = 0; i < part.size(); ++i) part[i] = x[in_scope[i]];
  const EditKind kind = edit.edit.kind;
  if (kind == EditKind::kMask) {
    std::ranges::fill(part, kMasked);
  } else if (kind == EditKind::kCustom) {
    Custom(edit, place, head, part);
  } else if (kind == EditKind::kNoise) {
    std::vector<float> noise(x.size());
    DrawNormal(edit.edit.seed, static_cast<std::uint32_t>(head),
               static_cast<std::uint32_t>(place.index), noise);
    for (std::size_t i = 0; i < part.size(); ++i) {
      part[i] += edit.edit.factor * noise[in_scope[i]];
    }
  } else if (edit.value_rows > 0) {  // add or replace, of matrices
    const bool all = edit.value_rows == edit.heads.size();
    const auto before = edit.heads.begin() + static_cast<std::ptrdiff_t>(head);
    const auto row = all ? head
                         : static_cast<std::size_t>(
                               std::count(edit.heads.begin(), before, true));
    const std::size_t length = plan_.lengths()[place.prompt];
    const std::span<const float> values =
        edit.ValueRow(row).subspan(place.position * length, length);
    for (std::size_t i = 0; i < part.size(); ++i) {
      const float v = values[in_scope[i]];
      part[i] = kind == EditKind::kReplace ? v : part[i] + edit.edit.factor * v;
    }
  } else {
    EditRow(edit, place, part);
  }
  for (std::size_t i = 0; i < part.size(); ++i) x[in_scope[i]] = part[i];
}

void EditRun::Custom(const ResolvedEdit& edit, const Place& place,
                     std::size_t head, std::span<float> x) {
  const std::lock_guard lock(custom_);
  edit.edit.custom({edit.site, place.prompt, place.position, head}, x);
}

}  // namespace pellucid
