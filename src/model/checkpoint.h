// What a model was opened from, of either kind: a GGUF file or a folder in
// Hugging Face's layout. Owns the mapped files that weights point into.
#ifndef PELLUCID_MODEL_CHECKPOINT_H_
#define PELLUCID_MODEL_CHECKPOINT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/dtype.h"
#include "formats/gguf.h"
#include "model/family.h"
#include "model/hf_folder.h"
#include "pellucid/chat.h"
#include "pellucid/model.h"
#include "pellucid/result.h"
#include "pellucid/tokenizer.h"

namespace pellucid {

// Which of the two `path` is, decided for all that open one: the .gguf file
// itself, the one .gguf file of a folder without config.json (or the first of
// one split model), or a folder in Hugging Face's layout. Reads no file.
struct CheckpointPath {
  std::string path;
  bool is_folder = false;
};

// kModel: one file of a model folder, a folder with .gguf files of more than
// one model, or what cannot be looked at, such as for want of permission.
Result<CheckpointPath> LocateCheckpoint(const std::string& path);

// The tokenizer alone, of what may hold no weights, or weights of an
// architecture that is not read. Errors as those of LocateCheckpoint and
// Checkpoint::ReadTokenizer.
Result<std::optional<Tokenizer>> ReadTokenizerAt(const std::string& path);

// A tensor that holds weights, or their scales, as it lies in a file.
struct StoredNumbers {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<std::size_t> shape;   // outermost first; empty: one element
  std::span<const std::byte> data;  // row after row without a gap
};

class Checkpoint {
 public:
  // `path`: see LocateCheckpoint. Reads headers only. kModel.
  static Result<Checkpoint> Open(const std::string& path);

  // The file or folder that it is.
  const std::string& path() const;
  // ModelInfo::format and hash.
  std::string_view format() const;
  std::string Hash() const;
  // Every tensor of every file, the files in the order of their names.
  std::vector<TensorInfo> Tensors() const;
  // Those of them that are numbers and may be part of the model: no packed
  // elements, whose scales are, no integers, and none of the buffers that are
  // passed over. They point into this object.
  std::vector<StoredNumbers> Numbers() const;

  // The model, whose weights point into this object, and into what it is moved
  // to. kModel: see family.h.
  Result<LoadedModel> Load() const;

  // Tokens that end a text, as the files name them (StopTokens in
  // pellucid/generate.h); none where they do not.
  std::vector<std::int64_t> StopIds() const;

  // Nothing where the checkpoint holds no tokenizer. kModel: it is damaged or
  // unsupported.
  Result<std::optional<Tokenizer>> ReadTokenizer() const;
  // kModel: the checkpoint holds none, or see ChatTemplate::Parse.
  Result<ChatTemplate> ReadChatTemplate() const;

 private:
  explicit Checkpoint(GgufFile file) : held_(std::move(file)) {}
  explicit Checkpoint(HfFolder folder) : held_(std::move(folder)) {}

  std::variant<GgufFile, HfFolder> held_;
};

}  // namespace pellucid

#endif  // PELLUCID_MODEL_CHECKPOINT_H_
