// safetensors files, read in place.
//
//   1. u64 N, little-endian
//   2. N bytes of JSON: tensor name -> {"dtype", "shape", "data_offsets"}, and
//      "__metadata__" -> texts by name
//   3. the data, one contiguous buffer: offsets count from its start, tensors
//      follow one another without a hole or an overlap and fill it exactly
// Row-major, little-endian. Nothing is promised about alignment: read elements
// by memcpy. Rules and their order are those of the reference implementation
// (huggingface/safetensors), but that a key that stands twice is refused.
// Writing: safetensors_writer.h.
#ifndef PELLUCID_FORMATS_SAFETENSORS_H_
#define PELLUCID_FORMATS_SAFETENSORS_H_

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/dtype.h"
#include "base/mapped_file.h"
#include "pellucid/result.h"

namespace pellucid {

struct SafetensorsTensor {
  std::string name;
  std::string_view dtype;           // as the format spells it: "BF16", "I64"
  std::vector<std::size_t> shape;   // outermost first; empty: one element
  std::span<const std::byte> data;  // any alignment; may be empty
};

class SafetensorsFile {
 public:
  // kModel: cannot be read, or a rule of the format is broken (the message
  // names the tensor, offsets and sizes). Tensors of every dtype are listed,
  // usable as weights or not.
  static Result<SafetensorsFile> Open(const std::string& path);

  // The same on bytes in memory, which must outlive the result. `name` stands
  // for the path in messages.
  static Result<SafetensorsFile> Parse(std::span<const std::byte> bytes,
                                       const std::string& name);

  const std::string& name() const { return name_; }

  // The JSON text (what the model hash covers).
  std::span<const std::byte> header() const { return header_; }

  // In the order of their data.
  std::span<const SafetensorsTensor> tensors() const { return tensors_; }
  const SafetensorsTensor* Find(std::string_view name) const;

  // "__metadata__"; empty if there is none.
  const std::map<std::string, std::string, std::less<>>& metadata() const {
    return metadata_;
  }

  // The type of a tensor of this file as a weight: F32, F16, BF16, F64, F8_E4M3
  // or F8_E5M2. kModel: any other.
  Result<DType> WeightType(const SafetensorsTensor& tensor) const;

 private:
  std::string name_;
  std::optional<MappedFile> file_;
  std::span<const std::byte> header_;
  std::vector<SafetensorsTensor> tensors_;
  std::map<std::string, std::size_t, std::less<>> index_;
  std::map<std::string, std::string, std::less<>> metadata_;
};

}  // namespace pellucid

#endif  // PELLUCID_FORMATS_SAFETENSORS_H_
