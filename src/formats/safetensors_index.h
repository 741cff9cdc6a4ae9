// model.safetensors.index.json: which file of a sharded checkpoint holds which
// tensor.
//
//   {"metadata": {"total_size": bytes, ...}, "weight_map": {tensor: file}}
// "metadata" is not held against anything: writers disagree about it.
#ifndef PELLUCID_FORMATS_SAFETENSORS_INDEX_H_
#define PELLUCID_FORMATS_SAFETENSORS_INDEX_H_

#include <map>
#include <string>
#include <string_view>

#include "formats/json_file.h"
#include "pellucid/result.h"

namespace pellucid {

// Tensor name to file name.
using WeightMap = std::map<std::string, std::string, std::less<>>;

// kModel: no "weight_map" of texts, a tensor that stands twice, a file name
// that is none (empty, with a path separator, "..", or no .safetensors file).
Result<WeightMap> ReadWeightMap(const JsonFile& file);

}  // namespace pellucid

#endif  // PELLUCID_FORMATS_SAFETENSORS_INDEX_H_
