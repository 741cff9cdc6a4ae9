// Weights that MLX has packed: "P.weight" [.., packed words] of U32, "P.scales"
// and, in affine mode, "P.biases" [.., groups] beside it.
#ifndef PELLUCID_MODEL_MLX_TENSORS_H_
#define PELLUCID_MODEL_MLX_TENSORS_H_

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/matrix.h"
#include "formats/safetensors_set.h"
#include "model/mlx_quantisation.h"
#include "model/tensor_loader.h"
#include "pellucid/result.h"

namespace pellucid {

struct MlxTensor {
  DType dtype = DType::kU4;        // of the elements
  std::vector<std::size_t> shape;  // in elements
  GroupScales groups;
  std::vector<float> factors;  // GroupScales::factor of each matrix; or empty
  std::vector<std::string_view> beside;  // names of the tensors of scales
};

// Whether the tensor holds packed words rather than numbers.
bool IsMlxPacked(const SafetensorsTensor& tensor);

// What a tensor of bytes holds, if it is the "P.scales" of packed words of the
// set: floats of 8 bits, of which kind the number of elements that share one
// says. Nothing for any other tensor, scales of wider floats included.
std::optional<DType> MlxScaleType(const SafetensorsSet& tensors,
                                  const SafetensorsTensor& tensor);

// Reads a packed tensor of a model whose config.json says `quantisation`.
// `shape` is what is expected, [.., elements of a row]: where the module is not
// named in config.json, the bits of an element follow from it. kModel, as an
// error of `loader`: no scales, shapes or types that do not fit one another, or
// config.json or `shape`. With another number of dimensions than expected, only
// the file's own shape comes back.
Result<MlxTensor> ReadMlxTensor(
    const TensorLoader& loader, const SafetensorsSet& tensors,
    const SafetensorsTensor& weight,
    const std::optional<MlxQuantisation>& quantisation,
    std::span<const std::size_t> shape);

// What MLX calls `name`, where it renames what Hugging Face's folders hold: its
// GPT-NeoX has "model.h.3" for "gpt_neox.layers.3". Else empty.
std::string MlxNameOf(std::string_view name);

}  // namespace pellucid

#endif  // PELLUCID_MODEL_MLX_TENSORS_H_
