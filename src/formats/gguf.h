// GGUF v2 and v3: a key-value header and a table of tensors, read in place.
//
//   1. magic "GGUF", u32 version, i64 tensor count, i64 key count
//   2. keys: string, i32 type, value (scalar, string or array of these)
//   3. tensors: string name, u32 n_dims, i64 ne[n_dims] (fastest first), i32
//      type, u64 offset from the start of the data
//   4. padding to general.alignment, then the data
// Strings are a u64 length and bytes, without a terminator.
//
// Everything is checked against the size of the file before it is used: an
// opened GgufFile holds only names, values and views that lie inside.
#ifndef PELLUCID_FORMATS_GGUF_H_
#define PELLUCID_FORMATS_GGUF_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/dtype.h"
#include "base/mapped_file.h"
#include "pellucid/result.h"

namespace pellucid {

// An array value, still packed as in the file; string arrays keep one view a
// string.
struct GgufArray {
  enum class Kind { kSigned, kUnsigned, kFloat, kBool, kString };
  Kind kind = Kind::kUnsigned;
  std::size_t element_bytes = 0;  // 0 for strings
  std::size_t count = 0;
  const std::byte* data = nullptr;        // numbers, little-endian, unaligned
  std::vector<std::string_view> strings;  // kString
};

using GgufValue = std::variant<std::uint64_t, std::int64_t, double, bool,
                               std::string_view, GgufArray>;

struct GgufTensor {
  std::string_view name;
  DType dtype = DType::kF32;
  std::vector<std::size_t> shape;  // outermost first, as in PyTorch
  std::span<const std::byte> data;
};

struct GgufContents;  // gguf_parser.h
struct GgufSplit;     // gguf_split.h

class GgufFile {
 public:
  // kModel: cannot be read, or a rule of the format is broken (the message
  // names the key or tensor, offsets and sizes). Any file of a split model
  // (gguf_split.h) opens them all, and the message names one that is missing.
  static Result<GgufFile> Open(const std::string& path);

  // The same on bytes in memory, which must outlive the result and be a whole
  // model. `name` stands for the path in messages.
  static Result<GgufFile> Parse(std::span<const std::byte> bytes,
                                const std::string& name);

  const std::string& name() const { return name_; }

  // Headers, one a file: every byte before the data (what the model hash
  // covers).
  std::span<const std::span<const std::byte>> headers() const {
    return headers_;
  }

  bool Has(std::string_view key) const { return Find(key) != nullptr; }
  const GgufValue* Find(std::string_view key) const;

  // Typed access. Any integer width serves for integers. kModel: the key is
  // absent (where no fallback is given) or of another type, or the value does
  // not fit.
  Result<std::uint64_t> Unsigned(std::string_view key) const;
  Result<std::uint64_t> Unsigned(std::string_view key,
                                 std::uint64_t fallback) const;
  Result<double> Float(std::string_view key) const;
  Result<double> Float(std::string_view key, double fallback) const;
  Result<bool> Bool(std::string_view key, bool fallback) const;
  Result<std::string_view> String(std::string_view key) const;
  Result<std::string_view> String(std::string_view key,
                                  std::string_view fallback) const;
  Result<std::span<const std::string_view>> Strings(std::string_view key) const;
  // Arrays of any integer type, widened; of f32 or f64.
  Result<std::vector<std::int64_t>> Integers(std::string_view key) const;
  Result<std::vector<float>> Floats(std::string_view key) const;

  std::span<const GgufTensor> tensors() const { return tensors_; }
  const GgufTensor* FindTensor(std::string_view name) const;

  // Every key, by name; for `info`.
  const std::map<std::string_view, GgufValue>& values() const {
    return values_;
  }

 private:
  static Result<GgufFile> OpenParts(const std::string& path,
                                    const GgufSplit& split);
  // Takes what one file holds; its keys, where there are none yet.
  void Add(std::span<const std::byte> bytes, GgufContents contents);
  // kModel: a tensor that two files hold.
  Status IndexTensors();

  std::string name_;
  std::vector<MappedFile> files_;
  std::vector<std::span<const std::byte>> headers_;
  std::map<std::string_view, GgufValue> values_;
  std::vector<GgufTensor> tensors_;
  std::map<std::string_view, std::size_t> tensor_index_;
};

}  // namespace pellucid

#endif  // PELLUCID_FORMATS_GGUF_H_
