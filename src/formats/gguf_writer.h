// Writes small GGUF v3 files of float32 tensors: what other programs read
// vectors from. Layout: gguf.h. The bytes depend on nothing but the arguments.
#ifndef PELLUCID_FORMATS_GGUF_WRITER_H_
#define PELLUCID_FORMATS_GGUF_WRITER_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/byte_sink.h"
#include "formats/safetensors_writer.h"  // NamedFloats
#include "pellucid/result.h"

namespace pellucid {

struct GgufKey {
  std::string_view name;
  std::variant<std::string_view, std::uint32_t> value;
};

// Keys and tensors in their order; shapes are outermost first, at most 4
// dimensions. kFailed: a name stands twice, or `sink` fails.
Status WriteGguf(const ByteSink& sink, std::span<const GgufKey> keys,
                 std::span<const NamedFloats> tensors);

// The same into the file `path`, which appears whole or not at all.
Status WriteGguf(const std::string& path, std::span<const GgufKey> keys,
                 std::span<const NamedFloats> tensors);

}  // namespace pellucid

#endif  // PELLUCID_FORMATS_GGUF_WRITER_H_
