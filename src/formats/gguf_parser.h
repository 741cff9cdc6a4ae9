// Reads the header of a GGUF file; the layout is drawn in gguf.h.
//
// Stricter than needed to survive: what ggml refuses is refused, except that
// tensors may lie in any order and leave gaps. Refused besides: big-endian
// files. One file of a split model (gguf_split.h) is read as it is.
#ifndef PELLUCID_FORMATS_GGUF_PARSER_H_
#define PELLUCID_FORMATS_GGUF_PARSER_H_

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "formats/gguf.h"
#include "formats/gguf_values.h"
#include "pellucid/result.h"

namespace pellucid {

struct GgufContents {
  GgufValues values;
  std::vector<GgufTensor> tensors;  // in the order of the table
  std::size_t header_bytes = 0;     // all before the data, padding included
};

// Views point into `bytes`. Memory is at most a few times that of the header.
// kModel: a rule is broken.
Result<GgufContents> ParseGguf(std::span<const std::byte> bytes,
                               std::string_view name);

}  // namespace pellucid

#endif  // PELLUCID_FORMATS_GGUF_PARSER_H_
