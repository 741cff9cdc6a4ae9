// Files of steering vectors: safetensors, and GGUF as llama.cpp's control
// vectors, whose "direction.N" is added to the output of block N, counted from
// 0. (It passes over metadata, and refuses N = 0.)
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <limits>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "base/matrix.h"
#include "base/quote.h"
#include "formats/gguf.h"
#include "formats/gguf_writer.h"
#include "formats/safetensors.h"
#include "formats/safetensors_writer.h"
#include "kernels/decode.h"
#include "kernels/elementwise.h"
#include "model/model_impl.h"
#include "pellucid/steer.h"
#include "pellucid/version.h"

namespace pellucid {
namespace {

constexpr std::string_view kDirection = "direction.";

// A tensor of either format.
struct Stored {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<std::size_t> shape;
  std::span<const std::byte> data;
};

bool IsGguf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, 4> magic = {};
  file.read(magic.data(), magic.size());
  return std::string_view(magic.data(), magic.size()) == "GGUF";
}

Result<std::size_t> LayerOfDirection(const std::string& path,
                                     std::string_view name,
                                     std::size_t n_layers) {
  if (name.starts_with(kDirection)) {
    std::size_t layer = 0;
    const char* end = name.data() + name.size();
    const auto [stop, error] =
        std::from_chars(name.data() + kDirection.size(), end, layer);
    if (error == std::errc() && stop == end && layer < n_layers) return layer;
  }
  return ModelError(
      fmt::format("steer: {}: tensor {}: is no direction.N of one of the "
                  "model's {} blocks; "
                  "give a control vector of this model",
                  path, Quote(name), n_layers));
}

Result<std::size_t> LayerOfSite(const std::string& path,
                                const std::string& name,
                                const SiteTable& table) {
  const auto site = table.Find(name);
  if (site.ok() && (*site)->key.point == Point::kResidPost) {
    return (*site)->key.layer;
  }
  return ModelError(fmt::format(
      "steer: {}: tensor {}: is no name of a block's output; name it as in {}",
      path, Quote(name), table.NameOf({Point::kResidPost, 0})));
}

class Reader {
 public:
  Reader(std::string path, const Model& model)
      : path_(std::move(path)), impl_(model.impl()) {}

  Result<std::vector<SteeringVector>> Read() {
    PELLUCID_RETURN_IF_ERROR(IsGguf(path_) ? ReadGguf() : ReadSafetensors());
    if (out_.empty()) {
      return ModelError(fmt::format(
          "steer: {}: holds no vector; make one by pellucid steer make",
          path_));
    }
    std::ranges::sort(out_, {}, &SteeringVector::layer);
    for (std::size_t i = 1; i < out_.size(); ++i) {
      if (out_[i].layer != out_[i - 1].layer) continue;
      return ModelError(
          fmt::format("steer: {}: holds two vectors of {}; leave "
                      "one",
                      path_, out_[i].site));
    }
    return std::move(out_);
  }

 private:
  Status ReadGguf() {
    PELLUCID_ASSIGN_OR_RETURN(const GgufFile file, GgufFile::Open(path_));
    for (const GgufTensor& tensor : file.tensors()) {
      PELLUCID_ASSIGN_OR_RETURN(
          const std::size_t layer,
          LayerOfDirection(path_, tensor.name, impl_.spec.n_layers));
      PELLUCID_RETURN_IF_ERROR(Add(
          layer,
          {std::string(tensor.name), tensor.dtype, tensor.shape, tensor.data}));
    }
    return {};
  }

  Status ReadSafetensors() {
    PELLUCID_ASSIGN_OR_RETURN(const SafetensorsFile file,
                              SafetensorsFile::Open(path_));
    for (const SafetensorsTensor& tensor : file.tensors()) {
      PELLUCID_ASSIGN_OR_RETURN(const std::size_t layer,
                                LayerOfSite(path_, tensor.name, impl_.table));
      PELLUCID_ASSIGN_OR_RETURN(const DType dtype, file.WeightType(tensor));
      PELLUCID_RETURN_IF_ERROR(
          Add(layer, {tensor.name, dtype, tensor.shape, tensor.data}));
    }
    return {};
  }

  Status Add(std::size_t layer, const Stored& stored) {
    const std::size_t width = impl_.spec.d_model;
    std::vector<std::size_t> shape = stored.shape;
    if (shape.size() == 2 && shape[0] == 1) shape.erase(shape.begin());
    if (shape != std::vector<std::size_t>{width} ||
        InfoOf(stored.dtype).block_elements != 1) {
      return ModelError(fmt::format(
          "steer: {}: tensor {}: has shape [{}] and type {}, but the model's "
          "states are [{}] floats; give a vector of this model",
          path_, Quote(stored.name), fmt::join(stored.shape, ", "),
          InfoOf(stored.dtype).name, width));
    }
    SteeringVector& vector = out_.emplace_back();
    vector.layer = layer;
    vector.site = impl_.table.NameOf({Point::kResidPost, layer});
    vector.values.resize(width);
    kernels::DecodeRow(stored.dtype, stored.data.data(), vector.values);
    const std::size_t bad = kernels::FirstNonFinite(vector.values);
    if (bad == width) return {};
    return ModelError(fmt::format(
        "steer: {}: tensor {}: number {} is not finite; make it anew", path_,
        Quote(stored.name), bad));
  }

  std::string path_;
  const Model::Impl& impl_;
  std::vector<SteeringVector> out_;
};

Status CheckVectors(std::span<const SteeringVector> vectors, bool gguf) {
  if (vectors.empty()) {
    return UsageError("steer: vectors: there are none; make at least one");
  }
  std::set<std::size_t> layers;
  for (const SteeringVector& vector : vectors) {
    if (!layers.insert(vector.layer).second) {
      return UsageError(fmt::format(
          "steer: vectors: two are of layer {}; keep one", vector.layer));
    }
  }
  if (gguf && layers.contains(0)) {
    return UsageError(
        "steer: layer 0: llama.cpp adds no control vector behind the first "
        "block; choose another layer, or a .safetensors file");
  }
  return {};
}

}  // namespace

Status WriteSteering(const std::string& path,
                     std::span<const SteeringVector> vectors,
                     const Model& model) {
  const bool gguf = path.ends_with(".gguf");
  PELLUCID_RETURN_IF_ERROR(CheckVectors(vectors, gguf));
  const ModelInfo& info = model.info();
  std::vector<std::string> names;
  std::vector<std::size_t> widths;
  for (const SteeringVector& vector : vectors) {
    names.push_back(gguf ? fmt::format("{}{}", kDirection, vector.layer)
                         : vector.site);
    widths.push_back(vector.values.size());
  }
  std::vector<NamedFloats> tensors;
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    tensors.push_back({names[i], {&widths[i], 1}, vectors[i].values});
  }
  if (!gguf) {
    return WriteSafetensors(
        path, tensors,
        {{"model", info.ref}, {"pellucid", std::string(Version())}});
  }
  const std::array<GgufKey, 3> keys = {{
      {"general.architecture", "controlvector"},
      {"controlvector.model_hint", info.architecture},
      {"controlvector.layer_count", static_cast<std::uint32_t>(vectors.size())},
  }};
  return WriteGguf(path, keys, tensors);
}

Result<std::vector<SteeringVector>> ReadSteering(const std::string& path,
                                                 const Model& model) {
  return Reader(path, model).Read();
}

}  // namespace pellucid
