// Writes GGUF files in memory, right ones and wrong ones: every count, type and
// offset can be set against the rules.
//
//   const std::vector<std::byte> bytes =
//       GgufBuilder()
//           .String("general.architecture", "llama")
//           .Scalar<std::uint32_t>("llama.block_count", 2)
//           .Strings("tokenizer.ggml.tokens", {"a", "b"})
//           .Floats("output_norm.weight", {4}, {1, 2, 3, 4})
//           .Build();
#ifndef PELLUCID_TESTS_TESTUTIL_GGUF_BUILDER_H_
#define PELLUCID_TESTS_TESTUTIL_GGUF_BUILDER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/dtype.h"

namespace pellucid::testutil {

// ggml's number of a type ("2.2" of the format): 0 for F32, 8 for Q8_0.
std::int32_t GgmlId(DType dtype);

class GgufBuilder {
 public:
  using Bytes = std::vector<std::byte>;

  // Keys, in the order of the calls. T is an integer of 8 to 64 bits, float or
  // double; its width is written.
  template <typename T>
  GgufBuilder& Scalar(std::string_view key, T value);
  GgufBuilder& Bool(std::string_view key, bool value);
  GgufBuilder& String(std::string_view key, std::string_view value);
  template <typename T>
  GgufBuilder& Array(std::string_view key, const std::vector<T>& values);
  GgufBuilder& Bools(std::string_view key, const std::vector<bool>& values);
  GgufBuilder& Strings(std::string_view key,
                       const std::vector<std::string>& values);
  // Any type number and any bytes after it.
  GgufBuilder& RawKey(std::string_view key, std::int32_t type, Bytes value);

  // Writes general.alignment and places data by it (power of two).
  GgufBuilder& Alignment(std::uint32_t alignment);

  // Tensors, data one after another, each padded to the alignment (but for the
  // last). `shape` is outermost first; `data` may have any size.
  GgufBuilder& Tensor(std::string_view name, DType dtype,
                      const std::vector<std::size_t>& shape, Bytes data);
  GgufBuilder& Floats(std::string_view name,
                      const std::vector<std::size_t>& shape,
                      const std::vector<float>& values);

  // A line of the tensor table as it is; `ne` in the order of the file
  // (fastest first). Without an offset the data is placed as above; with one,
  // `data` is written there where the section is long enough or grown.
  struct TensorLine {
    std::string name;
    std::vector<std::int64_t> ne = {};
    std::int32_t type = 0;
    std::optional<std::uint64_t> offset = {};
    Bytes data = {};
    std::optional<std::uint32_t> n_dims = {};  // instead of ne.size()
  };
  GgufBuilder& RawTensor(TensorLine line);

  // Instead of "GGUF", 3 and the true counts.
  GgufBuilder& Magic(std::string_view magic);
  GgufBuilder& Version(std::uint32_t version);
  GgufBuilder& TensorCount(std::int64_t count);
  GgufBuilder& KeyCount(std::int64_t count);

  Bytes Build() const;

 private:
  std::string magic_ = "GGUF";
  std::uint32_t version_ = 3;
  std::optional<std::int64_t> tensor_count_, key_count_;
  std::int64_t keys_ = 0;
  std::uint64_t alignment_ = 32;
  Bytes key_bytes_;
  std::vector<TensorLine> tensors_;
};

// Bytes of a number as it lies in memory (little-endian), and of a text.
template <typename T>
std::vector<std::byte> BytesOf(T value) {
  const auto view = std::as_bytes(std::span(&value, 1));
  return {view.begin(), view.end()};
}
std::vector<std::byte> TextBytes(std::string_view text);
// u64 length and the text.
std::vector<std::byte> GgufString(std::string_view text);
// All parts, one after another.
std::vector<std::byte> Concat(const std::vector<std::vector<std::byte>>& parts);

}  // namespace pellucid::testutil

#endif  // PELLUCID_TESTS_TESTUTIL_GGUF_BUILDER_H_
