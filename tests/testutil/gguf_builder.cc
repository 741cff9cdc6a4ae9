#include "testutil/gguf_builder.h"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace pellucid::testutil {
namespace {

using Bytes = GgufBuilder::Bytes;

constexpr std::int32_t kBool = 7;
constexpr std::int32_t kString = 8;
constexpr std::int32_t kArray = 9;

template <typename T>
constexpr std::int32_t TypeId() {
  if constexpr (std::is_same_v<T, float>) return 6;
  if constexpr (std::is_same_v<T, double>) return 12;
  constexpr bool kSigned = std::is_signed_v<T>;
  if constexpr (sizeof(T) == 1) return kSigned ? 1 : 0;
  if constexpr (sizeof(T) == 2) return kSigned ? 3 : 2;
  if constexpr (sizeof(T) == 4) return kSigned ? 5 : 4;
  return kSigned ? 11 : 10;
}

void Append(Bytes& out, const Bytes& more) {
  out.insert(out.end(), more.begin(), more.end());
}

template <typename T>
void AppendNumber(Bytes& out, T value) {
  Append(out, BytesOf(value));
}

void Pad(Bytes& out, std::uint64_t alignment) {
  while (out.size() % alignment != 0) out.push_back(std::byte{0});
}

Bytes ArrayHead(std::int32_t type, std::size_t count) {
  return Concat({BytesOf(type), BytesOf(std::uint64_t{count})});
}

}  // namespace

std::int32_t GgmlId(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return 0;
    case DType::kF16:
      return 1;
    case DType::kQ4_0:
      return 2;
    case DType::kQ4_1:
      return 3;
    case DType::kQ5_0:
      return 6;
    case DType::kQ5_1:
      return 7;
    case DType::kQ8_0:
      return 8;
    case DType::kQ4_K:
      return 12;
    case DType::kQ5_K:
      return 13;
    case DType::kQ6_K:
      return 14;
    case DType::kBF16:
      return 30;
    case DType::kF64:
      return 28;
    case DType::kQ2_K:
      return 10;
    case DType::kQ3_K:
      return 11;
    case DType::kQ8_1:
      return 9;
    case DType::kQ8_K:
      return 15;
    case DType::kIQ4_NL:
      return 20;
    case DType::kIQ4_XS:
      return 23;
    case DType::kMXFP4:
      return 39;
    case DType::kNVFP4:
      return 40;
    default:
      break;  // no type of ggml
  }
  return -1;
}

std::vector<std::byte> TextBytes(std::string_view text) {
  const auto view = std::as_bytes(std::span(text.data(), text.size()));
  return {view.begin(), view.end()};
}

std::vector<std::byte> GgufString(std::string_view text) {
  return Concat({BytesOf(std::uint64_t{text.size()}), TextBytes(text)});
}

std::vector<std::byte> Concat(
    const std::vector<std::vector<std::byte>>& parts) {
  std::vector<std::byte> out;
  for (const auto& part : parts) Append(out, part);
  return out;
}

template <typename T>
GgufBuilder& GgufBuilder::Scalar(std::string_view key, T value) {
  return RawKey(key, TypeId<T>(), BytesOf(value));
}

template <typename T>
GgufBuilder& GgufBuilder::Array(std::string_view key,
                                const std::vector<T>& values) {
  Bytes out = ArrayHead(TypeId<T>(), values.size());
  for (const T value : values) AppendNumber(out, value);
  return RawKey(key, kArray, std::move(out));
}

#define PELLUCID_GGUF_TYPE(T)                                        \
  template GgufBuilder& GgufBuilder::Scalar<T>(std::string_view, T); \
  template GgufBuilder& GgufBuilder::Array<T>(std::string_view,      \
                                              const std::vector<T>&);
PELLUCID_GGUF_TYPE(std::uint8_t)
PELLUCID_GGUF_TYPE(std::int8_t)
PELLUCID_GGUF_TYPE(std::uint16_t)
PELLUCID_GGUF_TYPE(std::int16_t)
PELLUCID_GGUF_TYPE(std::uint32_t)
PELLUCID_GGUF_TYPE(std::int32_t)
PELLUCID_GGUF_TYPE(std::uint64_t)
PELLUCID_GGUF_TYPE(std::int64_t)
PELLUCID_GGUF_TYPE(float)
PELLUCID_GGUF_TYPE(double)
#undef PELLUCID_GGUF_TYPE

GgufBuilder& GgufBuilder::Bool(std::string_view key, bool value) {
  return RawKey(key, kBool, BytesOf(static_cast<std::uint8_t>(value)));
}

GgufBuilder& GgufBuilder::String(std::string_view key, std::string_view value) {
  return RawKey(key, kString, GgufString(value));
}

GgufBuilder& GgufBuilder::Bools(std::string_view key,
                                const std::vector<bool>& values) {
  Bytes out = ArrayHead(kBool, values.size());
  for (const bool value : values) {
    AppendNumber(out, static_cast<std::uint8_t>(value));
  }
  return RawKey(key, kArray, std::move(out));
}

GgufBuilder& GgufBuilder::Strings(std::string_view key,
                                  const std::vector<std::string>& values) {
  Bytes out = ArrayHead(kString, values.size());
  for (const std::string& value : values) Append(out, GgufString(value));
  return RawKey(key, kArray, std::move(out));
}

GgufBuilder& GgufBuilder::RawKey(std::string_view key, std::int32_t type,
                                 Bytes value) {
  ++keys_;
  Append(key_bytes_, Concat({GgufString(key), BytesOf(type), value}));
  return *this;
}

GgufBuilder& GgufBuilder::Alignment(std::uint32_t alignment) {
  alignment_ = alignment;
  return Scalar<std::uint32_t>("general.alignment", alignment);
}

GgufBuilder& GgufBuilder::Tensor(std::string_view name, DType dtype,
                                 const std::vector<std::size_t>& shape,
                                 Bytes data) {
  TensorLine line;
  line.name = name;
  line.ne.assign(shape.rbegin(), shape.rend());
  line.type = GgmlId(dtype);
  line.data = std::move(data);
  return RawTensor(std::move(line));
}

GgufBuilder& GgufBuilder::Floats(std::string_view name,
                                 const std::vector<std::size_t>& shape,
                                 const std::vector<float>& values) {
  Bytes data;
  for (const float value : values) AppendNumber(data, value);
  return Tensor(name, DType::kF32, shape, std::move(data));
}

GgufBuilder& GgufBuilder::RawTensor(TensorLine line) {
  tensors_.push_back(std::move(line));
  return *this;
}

GgufBuilder& GgufBuilder::Magic(std::string_view magic) {
  magic_ = magic;
  return *this;
}

GgufBuilder& GgufBuilder::Version(std::uint32_t version) {
  version_ = version;
  return *this;
}

GgufBuilder& GgufBuilder::TensorCount(std::int64_t count) {
  tensor_count_ = count;
  return *this;
}

GgufBuilder& GgufBuilder::KeyCount(std::int64_t count) {
  key_count_ = count;
  return *this;
}

GgufBuilder::Bytes GgufBuilder::Build() const {
  Bytes out = TextBytes(magic_);
  AppendNumber(out, version_);
  AppendNumber(
      out, tensor_count_.value_or(static_cast<std::int64_t>(tensors_.size())));
  AppendNumber(out, key_count_.value_or(keys_));
  Append(out, key_bytes_);
  Bytes data;
  for (const TensorLine& line : tensors_) {
    if (!line.offset) Pad(data, alignment_);
    const std::uint64_t offset = line.offset.value_or(data.size());
    Append(out, GgufString(line.name));
    AppendNumber(
        out, line.n_dims.value_or(static_cast<std::uint32_t>(line.ne.size())));
    for (const std::int64_t ne : line.ne) AppendNumber(out, ne);
    AppendNumber(out, line.type);
    AppendNumber(out, offset);
    if (line.data.empty()) continue;
    const auto end = static_cast<std::size_t>(offset) + line.data.size();
    data.resize(std::max(data.size(), end));
    std::copy(line.data.begin(), line.data.end(),
              data.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  if (tensors_.empty()) return out;
  Pad(out, alignment_);
  Append(out, data);
  return out;
}

}  // namespace pellucid::testutil
