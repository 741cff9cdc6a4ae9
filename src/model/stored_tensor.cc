#include "model/stored_tensor.h"

#include <fmt/format.h>

#include "base/dtype.h"
#include "base/quote.h"
#include "formats/safetensors.h"
#include "kernels/decode.h"

namespace pellucid {

Result<Tensor> ReadStoredTensor(std::string_view operation,
                                const std::string& path,
                                const std::string& name) {
  PELLUCID_ASSIGN_OR_RETURN(const SafetensorsFile file,
                            SafetensorsFile::Open(path));
  const SafetensorsTensor* tensor = file.Find(name);
  if (tensor == nullptr) {
    constexpr std::size_t kShown = 80;
    std::string there;
    for (const SafetensorsTensor& other : file.tensors()) {
      if (there.size() > kShown) {
        there += ", ...";
        break;
      }
      there += (there.empty() ? "" : ", ") + Quote(other.name);
    }
    return ModelError(fmt::format("{}: {}: has no tensor \"{}\"; there are {}",
                                  operation, Quote(path), Quote(name),
                                  there.empty() ? std::string("none") : there));
  }
  const auto dtype = file.WeightType(*tensor);
  if (!dtype.ok()) {
    return ModelError(
        fmt::format("{}: {}: tensor \"{}\" is of dtype {}; save it as F32",
                    operation, Quote(path), Quote(name), tensor->dtype));
  }
  Tensor out;
  out.shape = tensor->shape;
  // The file holds as many bytes as the shape says.
  out.data.resize(tensor->data.size() / RowBytes(*dtype, 1));
  if (!out.data.empty()) {
    kernels::DecodeRow(*dtype, tensor->data.data(), out.data);
  }
  return out;
}

}  // namespace pellucid
