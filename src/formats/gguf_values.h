// The key-value part of a GGUF header: scalars, strings and flat arrays by key.
// Layout: gguf.h. Refused are types that do not exist, arrays of arrays, bools
// that are neither 0 nor 1, and keys that are empty, too long or there twice.
#ifndef PELLUCID_FORMATS_GGUF_VALUES_H_
#define PELLUCID_FORMATS_GGUF_VALUES_H_

#include <cstdint>
#include <map>
#include <string_view>

#include "formats/byte_reader.h"
#include "formats/gguf.h"
#include "pellucid/result.h"

namespace pellucid {

using GgufValues = std::map<std::string_view, GgufValue>;

// Reads `count` keys from where `reader` stands. kModel: a rule is broken; the
// message names the key and its offset.
Result<GgufValues> ReadGgufValues(ByteReader& reader, std::uint64_t count);

}  // namespace pellucid

#endif  // PELLUCID_FORMATS_GGUF_VALUES_H_
