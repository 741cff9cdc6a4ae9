// What LensPrecision::kFast costs in accuracy: some of the cells that it
// decoded are decoded exactly too, and compared.
#ifndef PELLUCID_ANALYSIS_ERROR_METER_H_
#define PELLUCID_ANALYSIS_ERROR_METER_H_

#include <cstddef>
#include <span>
#include <stop_token>
#include <utility>

#include "analysis/lens_pass.h"
#include "base/matrix.h"
#include "model/model_impl.h"
#include "pellucid/lens.h"
#include "pellucid/result.h"

namespace pellucid {

class ErrorMeter {
 public:
  // Refers to `model`, which must outlive it.
  ErrorMeter(const Model::Impl& model, std::size_t top_k, std::stop_token stop)
      : model_(model), top_k_(top_k), stop_(std::move(stop)) {}

  // Compares one in 256 of the cells `decoded`, at least 8 if there are as
  // many, with what an exact pass over these makes of `vectors` [cells,
  // d_embed]. kCancelled.
  Status Add(ConstMatrixView vectors, std::span<const DecodedCell> decoded);

  LensError Total() const;

 private:
  const Model::Impl& model_;
  const std::size_t top_k_;
  const std::stop_token stop_;
  LensError worst_;  // but for its means
  double prob_sum_ = 0;
  std::size_t probs_ = 0, equal_ = 0;
};

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_ERROR_METER_H_
