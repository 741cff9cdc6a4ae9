// The text of a file of edits: JSON of schema "pellucid.edits/1", as
// docs/edits.md describes it.
//
// The reader takes nothing on trust: keys that it does not know, or that say
// nothing of an edit's kind, are refused, since an edit that is not made in
// full gives numbers that look right.
#ifndef PELLUCID_MODEL_EDITS_JSON_H_
#define PELLUCID_MODEL_EDITS_JSON_H_

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/json_file.h"
#include "pellucid/edit.h"
#include "pellucid/model.h"
#include "pellucid/result.h"

namespace pellucid {

inline constexpr std::string_view kEditsSchema = "pellucid.edits/1";

// Gives the tensor of a file, which is named as the text names it.
using ReadTensor = std::function<Result<Tensor>(const std::string& file,
                                                const std::string& tensor)>;

// kModel: see ReadEdits; and what `read_tensor` says.
Result<std::vector<Edit>> ParseEdits(const JsonFile& json,
                                     const ModelInfo& model,
                                     const ReadTensor& read_tensor);

// Values of an edit that do not stand in the text.
struct ValuesApart {
  std::string name;  // of the tensor
  const Tensor* values = nullptr;
};

struct EditsText {
  std::string json;
  std::vector<ValuesApart> apart;  // of a file of the name that was given
};

// Values of more numbers than this lie apart.
inline constexpr std::size_t kMaxInlineValues = 4096;

// `tensor_file` is how the text calls the file of values that lie apart. The
// edits must outlive what is returned. kUsage: see WriteEdits.
Result<EditsText> FormatEdits(std::span<const Edit> edits,
                              const ModelInfo& model,
                              const std::string& tensor_file);

}  // namespace pellucid

#endif  // PELLUCID_MODEL_EDITS_JSON_H_
