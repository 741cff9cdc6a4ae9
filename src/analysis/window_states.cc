#include "analysis/window_states.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "analysis/lens_rows.h"

namespace pellucid {
std::vector<std::size_t> RowsOfStream(const Model::Impl& model) {
  std::vector<std::size_t> rows = {kEmbedRow};
  for (std::size_t layer = 0; layer < model.spec.n_layers; ++layer) {
    rows.push_back(RowOf(layer, LensSite::kResidPost));
  }
  return rows;
}

std::size_t EndOfBatch(std::span<const std::vector<TokenId>> windows,
                       std::size_t begin, std::size_t rows, std::size_t d_model,
                       std::size_t bytes) {
  const std::size_t most = bytes / (rows * d_model * sizeof(float));
  std::size_t end = begin, tokens = 0;
  while (end < windows.size() &&
         (end == begin || tokens + windows[end].size() <= most)) {
    tokens += windows[end++].size();
  }
  return end;
}

Result<WindowStates> WindowStates::Run(
    const Model::Impl& model, std::span<const std::vector<TokenId>> windows,
    const std::vector<std::size_t>& rows, std::size_t skip_first,
    const std::stop_token& stop, const Progress& progress) {
  PELLUCID_RETURN_IF_ERROR(model.CheckPrompts(windows));
  const PackedPrompts packed = Pack(windows);
  WindowStates out;
  out.rows_ = rows.size();
  std::vector<std::size_t> tokens;
  for (std::size_t w = 0; w < windows.size(); ++w) {
    const std::vector<TokenId>& ids = windows[w];
    for (std::size_t t = skip_first; t < ids.size(); ++t) {
      tokens.push_back(packed.offsets[w] + t);
      WindowPlace place{w, t, {}};
      if (t + 1 < ids.size()) place.next = ids[t + 1];
      out.places_.push_back(place);
    }
  }
  std::vector<const std::vector<std::size_t>*> rows_of(tokens.size(), &rows);
  RowProbe probe(std::move(tokens), std::move(rows_of), model.spec.n_layers,
                 model.spec.d_model);
  PELLUCID_RETURN_IF_ERROR(
      RunForward(model.context(), packed,
                 {.probe = &probe, .stop = stop, .progress = progress}));
  out.states_ = std::move(probe).TakeVectors();
  return out;
}

Buffer WindowStates::Row(std::size_t r, std::size_t begin,
                         std::size_t count) const {
  std::vector<std::size_t> places(count);
  std::iota(places.begin(), places.end(), begin);
  return Row(r, places);
}

Buffer WindowStates::Row(std::size_t r,
                         std::span<const std::size_t> places) const {
  const ConstMatrixView states = states_.view();
  Buffer out(places.size(), states.cols);
  for (std::size_t i = 0; i < places.size(); ++i) {
    std::ranges::copy(states.RowSpan(places[i] * rows_ + r), out.view().Row(i));
  }
  return out;
}

}  // namespace pellucid
