// One logical checkpoint: a folder with one or many safetensors files.
//
// Which files, in this order:
//   1. model.safetensors.index.json exists: the files its "weight_map" names,
//      each tensor in the file that it says;
//   2. model.safetensors;
//   3. model*.safetensors, in the order of their names.
// Others in the folder (consolidated*, adapter_model*) are never mixed in.
// Headers are read, data is not: a folder of any size opens in milliseconds.
#ifndef PELLUCID_FORMATS_SAFETENSORS_SET_H_
#define PELLUCID_FORMATS_SAFETENSORS_SET_H_

#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/safetensors.h"
#include "formats/safetensors_index.h"
#include "pellucid/result.h"

namespace pellucid {

class SafetensorsSet {
 public:
  // A tensor and the file that holds it; both live as long as the set.
  struct Place {
    const SafetensorsFile* file = nullptr;
    const SafetensorsTensor* tensor = nullptr;
  };

  // kModel: no file of the above (the message says what there is instead), a
  // file that breaks a rule of its format, an index that names files outside
  // the folder or disagrees with them, a tensor in two files.
  static Result<SafetensorsSet> Open(const std::string& folder);

  // In the order of their names.
  std::span<const SafetensorsFile> files() const { return files_; }

  // Every tensor, by name. Names that the index does not list are there too.
  const std::map<std::string_view, Place>& tensors() const { return tensors_; }

  // Null members where there is no such tensor.
  Place Find(std::string_view name) const;

 private:
  SafetensorsSet() = default;
  Status OpenFiles(const std::string& folder,
                   const std::set<std::string>& names);
  Status CheckWeightMap(const std::string& index, const WeightMap& map) const;

  std::vector<SafetensorsFile> files_;
  std::map<std::string_view, Place> tensors_;
};

}  // namespace pellucid

#endif  // PELLUCID_FORMATS_SAFETENSORS_SET_H_
