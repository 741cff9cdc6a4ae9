#include "model/gguf_loader.h"

#include <fmt/format.h>

namespace pellucid {

Result<std::size_t> GgufLoader::Size(std::string_view key, std::size_t low,
                                     std::size_t high) const {
  PELLUCID_ASSIGN_OR_RETURN(const std::uint64_t value, file_.Unsigned(key));
  if (value < low || value > high) {
    return Problem(key,
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

Result<std::optional<TensorLoader::Stored>> GgufLoader::Find(
    const std::string& name, std::span<const std::size_t>) const {
  const GgufTensor* tensor = file_.FindTensor(name);
  if (tensor == nullptr) return std::optional<Stored>();
  return std::optional<Stored>(
      {tensor->name, tensor->dtype, tensor->shape, tensor->data, {}, {}, {}});
}

std::vector<std::string_view> GgufLoader::StoredNames() const {
  std::vector<std::string_view> names;
  for (const GgufTensor& tensor : file_.tensors()) names.push_back(tensor.name);
  return names;
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
