// Reads tensors out of files that torch.save wrote (its zip format, since
// torch 1.6), without running what they hold: a pickle is a program, and any
// instruction or name that plain containers of tensors do not need is refused.
//
//   <root>/data.pkl  the values, as a pickle: dicts, lists, numbers, texts, and
//                    tensors that name a storage
//   <root>/data/K    the storages, raw elements
//   <root>/byteorder "little", where it is there
//
// Pickle: Python's Lib/pickletools.py; what torch puts in it:
// torch/serialization.py and torch/_utils.py (_rebuild_tensor_v2).
#ifndef PELLUCID_FORMATS_TORCH_FILE_H_
#define PELLUCID_FORMATS_TORCH_FILE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/dtype.h"
#include "formats/zip_reader.h"
#include "pellucid/result.h"
#include "pellucid/tensor.h"

namespace pellucid {

// A tensor as the pickle describes it; strides are in elements.
struct TorchTensor {
  DType dtype = DType::kF32;
  std::string storage;  // K of data/K
  std::uint64_t storage_elements = 0;
  std::uint64_t offset = 0;
  std::vector<std::size_t> shape;
  std::vector<std::size_t> strides;
};

// A value of the pickle. Values lie in one array and name one another by index,
// so that a file can neither nest them without end nor make them unbounded.
struct TorchValue {
  enum class Kind : std::uint8_t {
    kNone,
    kBool,
    kInteger,
    kFloat,
    kText,
    kList,  // and tuples
    kDict,
    kTensor,
    kOther,  // what is only a means to build the above
  };
  Kind kind = Kind::kNone;
  std::int64_t integer = 0;  // and of kBool
  double number = 0;
  std::string text = {};
  std::vector<std::size_t> items = {};                          // of kList
  std::vector<std::pair<std::size_t, std::size_t>> pairs = {};  // of kDict
  TorchTensor tensor = {};
};

class TorchFile {
 public:
  // kModel: cannot be read, is damaged, or holds what is no plain container of
  // tensors (the message names it).
  static Result<TorchFile> Open(const std::string& path);
  static Result<TorchFile> Parse(std::span<const std::byte> bytes,
                                 const std::string& name);

  const std::string& name() const { return zip_.name(); }
  const TorchValue& root() const { return values_[root_]; }
  const TorchValue& At(std::size_t index) const { return values_[index]; }
  // Of a dict: the value under a text or a whole number; null: there is none.
  const TorchValue* Find(const TorchValue& dict, std::string_view key) const;

  // Its elements as float32. kModel: they lie outside the storage, repeat
  // elements of it (an expanded tensor), or the storage is missing.
  Result<Tensor> Read(const TorchTensor& tensor) const;

 private:
  static Result<TorchFile> FromZip(ZipFile zip);
  Error Problem(std::string_view what) const;

  ZipFile zip_;
  std::string folder_;  // "<root>/"
  std::vector<TorchValue> values_;
  std::size_t root_ = 0;
};

}  // namespace pellucid

#endif  // PELLUCID_FORMATS_TORCH_FILE_H_
