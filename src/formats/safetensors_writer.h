// Writes safetensors files of float32 or float64 tensors. The bytes depend on
// nothing but the arguments: tensors sorted by name, metadata by key, and the
// header padded with blanks so that the data starts at a multiple of 8. Layout:
// safetensors.h.
#ifndef PELLUCID_FORMATS_SAFETENSORS_WRITER_H_
#define PELLUCID_FORMATS_SAFETENSORS_WRITER_H_

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/byte_sink.h"
#include "pellucid/result.h"

namespace pellucid {

struct NamedFloats {
  std::string_view name;                 // valid UTF-8, unique in the file
  std::span<const std::size_t> shape;    // outermost first
  std::span<const float> values;         // product of shape
  std::span<const double> doubles = {};  // instead of these, where there are
                                         // any: float64
};

// Metadata texts are UTF-8; bytes that are not become U+FFFD.
using TextMap = std::map<std::string, std::string, std::less<>>;

// kFailed: a name stands twice or is "__metadata__", or `sink` fails.
Status WriteSafetensors(const ByteSink& sink,
                        std::span<const NamedFloats> tensors,
                        const TextMap& metadata = {});

// The same into the file `path`, which appears whole or not at all
// (base/atomic_file.h).
Status WriteSafetensors(const std::string& path,
                        std::span<const NamedFloats> tensors,
                        const TextMap& metadata = {});

}  // namespace pellucid

#endif  // PELLUCID_FORMATS_SAFETENSORS_WRITER_H_
