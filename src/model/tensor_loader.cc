#include "model/tensor_loader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/quote.h"
#include "kernels/decode.h"

namespace pellucid {
namespace {

std::string Counted(std::size_t tensors) {
  return fmt::format("{} tensor{}", tensors, tensors == 1 ? "" : "s");
}

std::string Listed(std::span<const std::string_view> names) {
  std::string out;
  for (const std::string_view name :
       names.first(std::min(names.size(), kMaxNamed))) {
    out += (out.empty() ? "" : ", ") + Quote(name);
  }
  if (names.size() > kMaxNamed) {
    out += fmt::format(" and {} more", names.size() - kMaxNamed);
  }
  return out;
}

}  // namespace

Error TensorLoader::Problem(std::string_view object,
                            const std::string& what) const {
  return ModelError(
      fmt::format("open: {}: {}: {}", path_, Quote(object), what));
}

Error TensorLoader::Missing(const std::string& name, const std::string& what) {
  Error error = Problem("tensor " + name, what);
  if (missing_.size() < kMaxNamed || missing_.contains(name)) {
    missing_.emplace(name, error);
    return error;
  }
  // Not noted: what has no end may be a header's lie.
  return Problem(fmt::format("more than {} tensors", kMaxNamed),
                 fmt::format("are missing: {}; the file is not whole",
                             Listed(MissingNames())));
}

std::vector<std::string_view> TensorLoader::MissingNames() const {
  std::vector<std::string_view> names;
  for (const auto& [name, error] : missing_) names.push_back(name);
  return names;
}

bool TensorLoader::IsNoted(const Error& error) const {
  return std::ranges::any_of(missing_, [&](const auto& noted) {
    return noted.second.message == error.message;
  });
}

bool TensorLoader::HasTensor(const std::string& name) const {
  const auto found = Find(name, {});
  return !found.ok() || found->has_value();
}

Result<TensorLoader::Stored> TensorLoader::Take(
    const std::string& name, std::span<const std::size_t> shape) {
  PELLUCID_ASSIGN_OR_RETURN(const std::optional<Stored> tensor,
                            Find(name, shape));
  if (!tensor) return Missing(name, "is missing; the file is not whole");
  if (!std::ranges::equal(tensor->shape, shape)) {
    return Problem(
        "tensor " + name,
        fmt::format("has shape [{}] where {} [{}]; the file is damaged",
                    fmt::join(tensor->shape, ", "), sizes_,
                    fmt::join(shape, ", ")));
  }
  taken_.emplace(tensor->name);
  taken_.insert(tensor->beside.begin(), tensor->beside.end());
  return *tensor;
}

// Rows of the last dimension of a tensor, all of them one matrix.
WeightView TensorLoader::ViewOf(const Stored& tensor, std::size_t rows) {
  WeightView view;
  view.dtype = tensor.dtype;
  view.data = tensor.data.data();
  view.rows = rows;
  view.cols = tensor.shape.back();
  view.row_bytes = RowBytes(tensor.dtype, view.cols);
  view.groups = tensor.groups;
  return view;
}

Result<WeightView> TensorLoader::Matrix(const std::string& name,
                                        std::size_t rows, std::size_t cols) {
  const std::size_t shape[] = {rows, cols};
  PELLUCID_ASSIGN_OR_RETURN(const Stored tensor, Take(name, shape));
  return ViewOf(tensor, rows);
}

Result<WeightView> TensorLoader::RowMatrix(const std::string& name,
                                           std::size_t cols) {
  const std::size_t vector[] = {cols};
  PELLUCID_ASSIGN_OR_RETURN(const std::optional<Stored> stored,
                            Find(name, vector));
  if (!stored || stored->shape.size() != 1) return Matrix(name, 1, cols);
  PELLUCID_ASSIGN_OR_RETURN(const Stored tensor, Take(name, vector));
  return ViewOf(tensor, 1);
}

Result<std::vector<WeightView>> TensorLoader::Experts(const std::string& name,
                                                      std::size_t count,
                                                      std::size_t rows,
                                                      std::size_t cols) {
  const std::size_t shape[] = {count, rows, cols};
  PELLUCID_ASSIGN_OR_RETURN(const Stored tensor, Take(name, shape));
  const WeightView all = ViewOf(tensor, count * rows);
  std::vector<WeightView> experts;
  experts.reserve(count);
  for (std::size_t e = 0; e < count; ++e) {
    experts.push_back(all.Rows(e * rows, rows));
    if (!tensor.factors.empty()) {
      experts.back().groups.factor = tensor.factors[e];
    }
  }
  return experts;
}

Result<WeightView> TensorLoader::TransposedMatrix(const std::string& name,
                                                  std::size_t rows,
                                                  std::size_t cols) {
  if (HoldsConvTurned()) return Matrix(name, rows, cols);
  PELLUCID_ASSIGN_OR_RETURN(WeightView view, Matrix(name, cols, rows));
  if (InfoOf(view.dtype).block_elements != 1) {
    return Problem("tensor " + name,
                   fmt::format("is {}: quantised and transposed, which this "
                               "version does not read",
                               InfoOf(view.dtype).name));
  }
  std::swap(view.rows, view.cols);
  view.transposed = true;
  return view;
}

Result<std::vector<float>> TensorLoader::Vector(const std::string& name,
                                                std::size_t size) {
  const std::size_t shape[] = {size};
  PELLUCID_ASSIGN_OR_RETURN(const Stored tensor, Take(name, shape));
  std::vector<float> values(size);
  kernels::DecodeRow(tensor.dtype, tensor.data.data(), values);
  return values;
}

Result<LinearWeights> TensorLoader::Linear(const std::string& prefix,
                                           std::size_t rows, std::size_t cols,
                                           Bias bias) {
  LinearWeights linear;
  const Result<WeightView> weight = Matrix(prefix + ".weight", rows, cols);
  PELLUCID_RETURN_IF_ERROR(Keep(weight));
  if (bias == Bias::kRequired ||
      (bias == Bias::kIfStored && HasTensor(prefix + ".bias"))) {
    PELLUCID_ASSIGN_OR_RETURN(linear.bias, Vector(prefix + ".bias", rows));
  }
  PELLUCID_ASSIGN_OR_RETURN(linear.weight, weight);
  return linear;
}

Result<LinearWeights> TensorLoader::Conv1d(const std::string& prefix,
                                           std::size_t rows, std::size_t cols) {
  LinearWeights linear;
  const Result<WeightView> weight =
      TransposedMatrix(prefix + ".weight", rows, cols);
  PELLUCID_RETURN_IF_ERROR(Keep(weight));
  PELLUCID_ASSIGN_OR_RETURN(linear.bias, Vector(prefix + ".bias", rows));
  PELLUCID_ASSIGN_OR_RETURN(linear.weight, weight);
  return linear;
}

Result<NormWeights> TensorLoader::RmsNorm(const std::string& prefix,
                                          std::size_t size) {
  NormWeights norm;
  PELLUCID_ASSIGN_OR_RETURN(norm.weight, Vector(prefix + ".weight", size));
  return norm;
}

Result<NormWeights> TensorLoader::LayerNorm(const std::string& prefix,
                                            std::size_t size) {
  Result<NormWeights> norm = RmsNorm(prefix, size);
  PELLUCID_RETURN_IF_ERROR(Keep(norm));
  PELLUCID_ASSIGN_OR_RETURN(std::vector<float> bias,
                            Vector(prefix + ".bias", size));
  if (norm.ok()) norm->bias = std::move(bias);
  return norm;
}

std::vector<std::string_view> TensorLoader::Left() const {
  std::vector<std::string_view> left;
  for (const std::string_view name : StoredNames()) {
    const bool passed = std::ranges::any_of(
        passed_over_, [&](auto prefix) { return name.starts_with(prefix); });
    if (!passed && !taken_.contains(name)) left.push_back(name);
  }
  return left;
}

Status TensorLoader::CheckAllTaken() const {
  constexpr std::string_view kForeign =
      "not part of this architecture as this version knows it";
  constexpr std::string_view kDanger =
      "what it does not know may change what the model computes";
  const std::vector<std::string_view> left = Left();
  const std::vector<std::string_view> missing = MissingNames();
  if (left.empty()) {
    if (missing.empty()) return {};
    if (missing.size() == 1) return missing_.begin()->second;
    return Problem(
        Counted(missing.size()),
        fmt::format("are missing: {}; the file is not whole", Listed(missing)));
  }
  if (missing.empty() && left.size() == 1) {
    return Problem(fmt::format("tensor {}", left.front()),
                   fmt::format("is {}; {}", kForeign, kDanger));
  }
  const auto are = [](std::size_t count) { return count == 1 ? "is" : "are"; };
  const std::string foreign =
      fmt::format("{} {}: {}", are(left.size()), kForeign, Listed(left));
  if (missing.empty()) {
    return Problem(Counted(left.size()),
                   fmt::format("{}; {}", foreign, kDanger));
  }
  return Problem(
      Counted(missing.size()),
      fmt::format("{} missing: {}; and {} {}; the file is damaged or of "
                  "another architecture",
                  are(missing.size()), Listed(missing), Counted(left.size()),
                  foreign));
}

}  // namespace pellucid
