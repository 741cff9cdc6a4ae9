// The JSON header of a safetensors file as values: what it says, not yet held
// against the data. Layout: safetensors.h.
#ifndef PELLUCID_FORMATS_SAFETENSORS_HEADER_H_
#define PELLUCID_FORMATS_SAFETENSORS_HEADER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/result.h"

namespace pellucid {

struct SafetensorsEntry {
  std::string name;
  std::string dtype;
  std::vector<std::size_t> shape;
  std::uint64_t begin = 0, end = 0;  // bytes, from the start of the data
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  // in the order of the text
  std::map<std::string, std::string, std::less<>> metadata;
};

// Reads the JSON text `json` of the file `file`. kModel: not UTF-8, not JSON,
// not of the right shape, or a key that stands twice.
Result<SafetensorsHeader> ReadSafetensorsHeader(std::string_view json,
                                                std::string_view file);

}  // namespace pellucid

#endif  // PELLUCID_FORMATS_SAFETENSORS_HEADER_H_
