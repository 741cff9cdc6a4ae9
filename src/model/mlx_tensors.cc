#include "model/mlx_tensors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "base/checked.h"

namespace pellucid {
namespace {

using Mode = MlxScheme::Mode;

constexpr std::string_view kWeight = ".weight";

// Reads one packed weight and what lies beside it.
class PackedReader {
 public:
  PackedReader(const TensorLoader& loader, const SafetensorsSet& tensors,
               const SafetensorsTensor& weight)
      : loader_(loader), tensors_(tensors), weight_(weight) {
    const std::string_view name = weight.name;
    module_ = name.substr(
        0, name.size() - (name.ends_with(kWeight) ? kWeight.size() : 0));
    scales_ = Beside("scales");
    biases_ = Beside("biases");
    factor_ = Beside("global_scale");
  }

  Result<MlxTensor> Read(const std::optional<MlxQuantisation>& quantisation,
                         std::size_t cols) const;

 private:
  const SafetensorsTensor* Beside(std::string_view what) const {
    return tensors_.Find(fmt::format("{}.{}", module_, what)).tensor;
  }
  Error Problem(const std::string& what) const {
    return loader_.Problem("tensor " + weight_.name, what);
  }

  Result<MlxScheme> Scheme(const MlxQuantisation& quantisation,
                           std::size_t cols) const;
  Result<MlxScheme> Infer(std::size_t cols) const;
  Status CheckNamed(const MlxScheme& scheme) const;
  Status CheckScales() const;
  Status CheckBiases(const MlxScheme& scheme) const;
  Result<std::vector<float>> Factors(const MlxScheme& scheme) const;
  Result<DType> ScaleType(const MlxScheme& scheme) const;

  const TensorLoader& loader_;
  const SafetensorsSet& tensors_;
  const SafetensorsTensor& weight_;
  std::string_view module_;
  const SafetensorsTensor *scales_, *biases_, *factor_;
};

std::string ShapeOf(const SafetensorsTensor& tensor) {
  return fmt::format("[{}]", fmt::join(tensor.shape, ", "));
}

// Scales in rows like those of the words.
Status PackedReader::CheckScales() const {
  if (scales_ == nullptr) {
    return Problem(
        fmt::format("holds packed words, but {}.scales is missing; "
                    "the file is not whole",
                    module_));
  }
  const auto& packed = weight_.shape;
  const auto& groups = scales_->shape;
  const bool rows_fit =
      groups.size() == packed.size() &&
      std::equal(packed.begin(), packed.end() - 1, groups.begin());
  if (rows_fit && groups.back() > 0) return {};
  return Problem(
      fmt::format("has shape {}, and {}.scales {}: they do not "
                  "belong together; the file is damaged",
                  ShapeOf(weight_), module_, ShapeOf(*scales_)));
}

// What the shapes say of rows of `cols` elements.
Result<MlxScheme> PackedReader::Infer(std::size_t cols) const {
  const std::size_t words = weight_.shape.back();
  const std::size_t groups = scales_->shape.back();
  MlxScheme scheme;
  const auto bits = CheckedMultiply(words, std::size_t{32});
  if (cols > 0 && bits && *bits % cols == 0 && cols % groups == 0) {
    scheme.bits = *bits / cols;
    scheme.group = cols / groups;
    if (scales_->dtype == "U8") {
      scheme.mode = scheme.bits == 8     ? Mode::kMxfp8
                    : scheme.group == 16 ? Mode::kNvfp4
                                         : Mode::kMxfp4;
    }
    if (IsKnown(scheme)) return scheme;
  }
  return Problem(fmt::format(
      "{} words and {} scales a row are no {} elements as MLX packs them; the "
      "file and config.json do not belong together",
      words, groups, cols));
}

// Whether the shapes are those of a scheme that config.json names.
Status PackedReader::CheckNamed(const MlxScheme& scheme) const {
  const auto bits = CheckedMultiply(weight_.shape.back(), std::size_t{32});
  const bool fp = scheme.mode != Mode::kAffine;
  if (bits && *bits % scheme.bits == 0 &&
      *bits / scheme.bits == scales_->shape.back() * scheme.group &&
      fp == (scales_->dtype == "U8")) {
    return {};
  }
  return Problem(fmt::format(
      "has shape {} and {} scales [.., {}], which is not \"{}\", as "
      "config.json says; they do not belong together",
      ShapeOf(weight_), scales_->dtype, scales_->shape.back(), scheme.Text()));
}

Result<MlxScheme> PackedReader::Scheme(const MlxQuantisation& quantisation,
                                       std::size_t cols) const {
  const MlxQuantisation::Override* named = quantisation.Find(module_);
  if (named == nullptr) return Infer(cols);
  if (!named->scheme) {
    return Problem(
        "is packed, where config.json says that it is not; they do not belong "
        "together");
  }
  PELLUCID_RETURN_IF_ERROR(CheckNamed(*named->scheme));
  return *named->scheme;
}

Status PackedReader::CheckBiases(const MlxScheme& scheme) const {
  const bool wanted = scheme.mode == Mode::kAffine;
  if (wanted != (biases_ != nullptr)) {
    return Problem(fmt::format("\"{}\" {} {}.biases; the file is not whole",
                               scheme.Text(), wanted ? "needs" : "has no",
                               module_));
  }
  if (wanted &&
      (biases_->shape != scales_->shape || biases_->dtype != scales_->dtype)) {
    return Problem(fmt::format(
        "its scales are {} {}, its biases {} {}; the file is damaged",
        scales_->dtype, ShapeOf(*scales_), biases_->dtype, ShapeOf(*biases_)));
  }
  return {};
}

Result<DType> PackedReader::ScaleType(const MlxScheme& scheme) const {
  if (scheme.mode == Mode::kNvfp4) return DType::kF8E4M3;
  if (scheme.mode != Mode::kAffine) return DType::kF8E8M0;
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
    if (scales_->dtype == InfoOf(dtype).name) return dtype;
  }
  return Problem(
      fmt::format("its scales are {}: unsupported; convert the "
                  "model again with scales in F32, F16 or BF16",
                  scales_->dtype));
}

// nvfp4 may have a scale of the whole matrix, one a matrix where they are
// stacked, divided by the largest value of its scales times that of its
// elements.
Result<std::vector<float>> PackedReader::Factors(
    const MlxScheme& scheme) const {
  if (factor_ == nullptr) return std::vector<float>();
  const std::size_t matrices =
      weight_.shape.size() == 3 ? weight_.shape.front() : 1;
  std::vector<float> factors(factor_->data.size() / sizeof(float));
  if (scheme.mode != Mode::kNvfp4 || factor_->dtype != "F32" ||
      factors.size() != matrices) {
    return Problem(fmt::format(
        "{}.global_scale is {} {}, where only nvfp4 has one, an F32 for each "
        "matrix; this version does not read others",
        module_, factor_->dtype, ShapeOf(*factor_)));
  }
  std::memcpy(factors.data(), factor_->data.data(), factor_->data.size());
  for (float& factor : factors) factor /= 448.0f * 6.0f;
  return factors;
}

Result<MlxTensor> PackedReader::Read(
    const std::optional<MlxQuantisation>& quantisation,
    std::size_t cols) const {
  PELLUCID_RETURN_IF_ERROR(CheckScales());
  if (!quantisation) {
    return Problem(
        "holds packed words, but config.json has no \"quantization\"; get the "
        "file again");
  }
  PELLUCID_ASSIGN_OR_RETURN(const MlxScheme scheme,
                            Scheme(*quantisation, cols));
  PELLUCID_RETURN_IF_ERROR(CheckBiases(scheme));
  MlxTensor tensor;
  GroupScales& groups = tensor.groups;
  PELLUCID_ASSIGN_OR_RETURN(groups.dtype, ScaleType(scheme));
  PELLUCID_ASSIGN_OR_RETURN(tensor.factors, Factors(scheme));
  if (!tensor.factors.empty()) groups.factor = tensor.factors.front();
  groups.elements = scheme.group;
  groups.row_bytes = RowBytes(groups.dtype, scales_->shape.back());
  groups.scales = scales_->data.data();
  if (biases_ != nullptr) groups.biases = biases_->data.data();
  tensor.dtype = scheme.Elements();
  tensor.shape = weight_.shape;
  tensor.shape.back() = scales_->shape.back() * scheme.group;
  for (const SafetensorsTensor* one : {scales_, biases_, factor_}) {
    if (one != nullptr) tensor.beside.push_back(one->name);
  }
  return tensor;
}

}  // namespace

bool IsMlxPacked(const SafetensorsTensor& tensor) {
  return tensor.dtype == "U32";
}

std::optional<DType> MlxScaleType(const SafetensorsSet& tensors,
                                  const SafetensorsTensor& tensor) {
  constexpr std::string_view kEnding = ".scales";
  const std::string_view name = tensor.name;
  if (tensor.dtype != "U8" || !name.ends_with(kEnding)) return std::nullopt;
  const std::string module(name.substr(0, name.size() - kEnding.size()));
  const SafetensorsTensor* weight = tensors.Find(module + ".weight").tensor;
  if (weight == nullptr || !IsMlxPacked(*weight) || weight->shape.empty() ||
      tensor.shape.empty()) {
    return std::nullopt;
  }
  // 16 elements of 4 bits, two words, where all others share a scale with 32.
  const bool nvfp4 = tensor.shape.back() > 0 &&
                     weight->shape.back() / tensor.shape.back() == 2;
  return nvfp4 ? DType::kF8E4M3 : DType::kF8E8M0;
}

Result<MlxTensor> ReadMlxTensor(
    const TensorLoader& loader, const SafetensorsSet& tensors,
    const SafetensorsTensor& weight,
    const std::optional<MlxQuantisation>& quantisation,
    std::span<const std::size_t> shape) {
  if (shape.size() != weight.shape.size() || weight.shape.size() < 2) {
    MlxTensor packed;
    packed.shape = weight.shape;
    return packed;
  }
  return PackedReader(loader, tensors, weight).Read(quantisation, shape.back());
}

std::string MlxNameOf(std::string_view name) {
  constexpr std::pair<std::string_view, std::string_view> kRenamed[] = {
      {"gpt_neox.layers.", "model.h."},
      {"gpt_neox.", "model."},
      {"embed_out.", "model.embed_out."},
      {"transformer.", "model."},
  };
  for (const auto& [from, to] : kRenamed) {
    if (name.starts_with(from)) {
      return std::string(to) + std::string(name.substr(from.size()));
    }
  }
  return std::string();
}

}  // namespace pellucid
