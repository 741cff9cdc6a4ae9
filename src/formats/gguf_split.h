// A GGUF model that is split over several files, as llama-gguf-split cuts it:
//
//   NAME-00001-of-00003.gguf, NAME-00002-of-00003.gguf, ...
// Each says in its keys which it is ("split.no", from 0) and of how many
// ("split.count"). The first holds the keys of the model, and "split.tensors.
// count" the number of tensors in all.
#ifndef PELLUCID_FORMATS_GGUF_SPLIT_H_
#define PELLUCID_FORMATS_GGUF_SPLIT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "formats/gguf_values.h"
#include "pellucid/result.h"

namespace pellucid {

struct GgufSplit {
  std::size_t part = 0;                  // from 0
  std::size_t count = 1;                 // more than 1
  std::optional<std::uint64_t> tensors;  // of all files
};

// What a file's keys say of it; nothing where it is a whole model. kModel: keys
// of other types, or a part beyond the count. `name` is the file, in messages.
Result<std::optional<GgufSplit>> GgufSplitOf(const GgufValues& values,
                                             std::string_view name);

// The path of part `part` (from 0) of the model of which `path` is the one that
// `split` says. kModel: `path` does not end as above.
Result<std::string> GgufPartPath(const std::string& path,
                                 const GgufSplit& split, std::size_t part);

}  // namespace pellucid

#endif  // PELLUCID_FORMATS_GGUF_SPLIT_H_
