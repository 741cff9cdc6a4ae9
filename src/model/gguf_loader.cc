#include "model/gguf_loader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/quote.h"
#include "kernels/decode.h"

namespace pellucid {

Error GgufLoader::Problem(const std::string& object,
                          const std::string& what) const {
  return ModelError(
      fmt::format("open: {}: {}: {}", file_.name(), Quote(object), what));
}

Result<std::size_t> GgufLoader::Size(std::string_view key, std::size_t low,
                                     std::size_t high) const {
  PELLUCID_ASSIGN_OR_RETURN(const std::uint64_t value, file_.Unsigned(key));
  if (value < low || value > high) {
    return Problem(std::string(key),
                   fmt::format("is {}, which is not within {} and {}; the file "
                               "is damaged or not of this architecture",
                               value, low, high));
  }
  return static_cast<std::size_t>(value);
}

Result<std::size_t> GgufLoader::Size(std::string_view key, std::size_t low,
                                     std::size_t high,
                                     std::size_t fallback) const {
  if (!file_.Has(key)) return fallback;
  return Size(key, low, high);
}

Result<const GgufTensor*> GgufLoader::Take(const std::string& name,
                                           std::span<const std::size_t> shape) {
  const GgufTensor* tensor = file_.FindTensor(name);
  if (tensor == nullptr) {
    return Problem("tensor " + name, "is missing; the file is not whole");
  }
  if (!std::ranges::equal(tensor->shape, shape)) {
    return Problem(
        "tensor " + name,
        fmt::format("has shape [{}] where the header's keys want "
                    "[{}]; the file is damaged",
                    fmt::join(tensor->shape, ", "), fmt::join(shape, ", ")));
  }
  taken_.insert(name);
  return tensor;
}

Result<WeightView> GgufLoader::Matrix(const std::string& name, std::size_t rows,
                                      std::size_t cols) {
  const std::size_t shape[] = {rows, cols};
  PELLUCID_ASSIGN_OR_RETURN(const GgufTensor* tensor, Take(name, shape));
  WeightView view;
  view.dtype = tensor->dtype;
  view.data = tensor->data.data();
  view.rows = rows;
  view.cols = cols;
  view.row_bytes = RowBytes(tensor->dtype, cols);
  return view;
}

Result<std::vector<float>> GgufLoader::Vector(const std::string& name,
                                              std::size_t size) {
  const std::size_t shape[] = {size};
  PELLUCID_ASSIGN_OR_RETURN(const GgufTensor* tensor, Take(name, shape));
  std::vector<float> values(size);
  kernels::DecodeRow(tensor->dtype, tensor->data.data(), values);
  return values;
}

Result<LinearWeights> GgufLoader::Linear(const std::string& prefix,
                                         std::size_t rows, std::size_t cols) {
  LinearWeights linear;
  PELLUCID_ASSIGN_OR_RETURN(linear.weight,
                            Matrix(prefix + ".weight", rows, cols));
  if (HasTensor(prefix + ".bias")) {
    PELLUCID_ASSIGN_OR_RETURN(linear.bias, Vector(prefix + ".bias", rows));
  }
  return linear;
}

Status GgufLoader::CheckAllTaken() const {
  for (const GgufTensor& tensor : file_.tensors()) {
    if (!taken_.contains(tensor.name)) {
      return Problem("tensor " + std::string(tensor.name),
                     "is not part of this architecture as this version knows "
                     "it; it may change what the model computes");
    }
  }
  return {};
}

std::vector<std::uint32_t> InterleavedRowOrder(std::size_t heads,
                                               std::size_t head_dim) {
  const std::size_t half = head_dim / 2;
  std::vector<std::uint32_t> order(heads * head_dim);
  for (std::size_t row = 0; row < order.size(); ++row) {
    const std::size_t head = row / head_dim;
    const std::size_t t = row % head_dim / half;
    const std::size_t i = row % half;
    order[row] = static_cast<std::uint32_t>(head * head_dim + 2 * i + t);
  }
  return order;
}

std::vector<float> Reordered(std::span<const float> values,
                             std::span<const std::uint32_t> order) {
  std::vector<float> out(values.size());
  for (std::size_t r = 0; r < out.size(); ++r) out[r] = values[order[r]];
  return out;
}

}  // namespace pellucid
