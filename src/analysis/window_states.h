// The states of all rows of the lens over a batch of windows: what fitting and
// measuring of lenses read.
#ifndef PELLUCID_ANALYSIS_WINDOW_STATES_H_
#define PELLUCID_ANALYSIS_WINDOW_STATES_H_

#include <cstddef>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "base/buffer.h"
#include "model/model_impl.h"
#include "pellucid/result.h"
#include "pellucid/tokenizer.h"
#include "pellucid/trace.h"

namespace pellucid {

// The embedding row and every block's output, as rows of the lens.
std::vector<std::size_t> RowsOfStream(const Model::Impl& model);

// Where a kept position stands.
struct WindowPlace {
  std::size_t window = 0;       // of the batch
  std::size_t position = 0;     // of the window
  std::optional<TokenId> next;  // the window's own next token
};

class WindowStates {
 public:
  // Runs `windows` together and keeps the states of `rows` (ascending, the
  // last block's output last) at all positions but the first `skip_first`.
  // Errors: RunForward, Model::Impl::CheckPrompts.
  static Result<WindowStates> Run(const Model::Impl& model,
                                  std::span<const std::vector<TokenId>> windows,
                                  const std::vector<std::size_t>& rows,
                                  std::size_t skip_first,
                                  const std::stop_token& stop = {},
                                  const Progress& progress = {});

  const std::vector<WindowPlace>& places() const { return places_; }
  std::size_t rows() const { return rows_; }
  // Row r of `rows` at the places [begin, begin + count): a copy [count,
  // d_model].
  Buffer Row(std::size_t r, std::size_t begin, std::size_t count) const;
  Buffer Row(std::size_t r) const { return Row(r, 0, places_.size()); }
  // The same at listed places.
  Buffer Row(std::size_t r, std::span<const std::size_t> places) const;

 private:
  std::vector<WindowPlace> places_;
  std::size_t rows_ = 0;
  Buffer states_;  // [places * rows, d_model], those of a place together
};

// Windows that are run together: the next ones from `begin` on whose states of
// so many rows keep to some bytes, at least one. Returns the end.
// The default: enough tokens that products run at full rate, and states of a
// large model that still fit beside its weights.
inline constexpr std::size_t kBatchBytes = std::size_t{128} << 20;
std::size_t EndOfBatch(std::span<const std::vector<TokenId>> windows,
                       std::size_t begin, std::size_t rows, std::size_t d_model,
                       std::size_t bytes = kBatchBytes);

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_WINDOW_STATES_H_
