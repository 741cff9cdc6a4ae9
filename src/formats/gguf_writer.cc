#include "formats/gguf_writer.h"

#include <fmt/format.h>

#include <bit>
#include <cassert>
#include <cstddef>
#include <set>
#include <vector>

#include "base/atomic_file.h"
#include "base/quote.h"

namespace pellucid {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::uint32_t kVersion = 3;
constexpr std::size_t kAlignment = 32;  // where general.alignment says nothing
// Numbers of types: of a key's value, and of a tensor's elements.
constexpr std::int32_t kU32 = 4, kString = 8, kF32 = 0;

class Header {
 public:
  template <typename T>
  void Put(T value) {
    const auto bytes = std::as_bytes(std::span(&value, 1));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  void Put(std::string_view text) {
    Put(std::uint64_t{text.size()});
    const auto bytes = AsBytes(text);
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  void Pad() {
    bytes_.resize((bytes_.size() + kAlignment - 1) / kAlignment * kAlignment);
  }
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

std::size_t Padding(std::size_t bytes) {
  return (kAlignment - bytes % kAlignment) % kAlignment;
}

void PutKey(const GgufKey& key, Header& header) {
  header.Put(key.name);
  if (const auto* text = std::get_if<std::string_view>(&key.value)) {
    header.Put(kString);
    header.Put(*text);
  } else {
    header.Put(kU32);
    header.Put(std::get<std::uint32_t>(key.value));
  }
}

void PutTensor(const NamedFloats& tensor, std::uint64_t offset,
               Header& header) {
  header.Put(tensor.name);
  header.Put(static_cast<std::uint32_t>(tensor.shape.size()));
  for (std::size_t i = tensor.shape.size(); i-- > 0;) {  // fastest first
    header.Put(static_cast<std::int64_t>(tensor.shape[i]));
  }
  header.Put(kF32);
  header.Put(offset);
}

Status CheckNames(std::span<const GgufKey> keys,
                  std::span<const NamedFloats> tensors) {
  std::set<std::string_view> key_names, tensor_names;
  for (const GgufKey& key : keys) {
    if (key_names.insert(key.name).second) continue;
    return FailedError(
        fmt::format("write: two keys are named {}", Quote(key.name)));
  }
  for (const NamedFloats& tensor : tensors) {
    if (tensor_names.insert(tensor.name).second) continue;
    return FailedError(
        fmt::format("write: two tensors are named {}", Quote(tensor.name)));
  }
  return {};
}

}  // namespace

Status WriteGguf(const ByteSink& sink, std::span<const GgufKey> keys,
                 std::span<const NamedFloats> tensors) {
  PELLUCID_RETURN_IF_ERROR(CheckNames(keys, tensors));
  Header header;
  for (const char c : {'G', 'G', 'U', 'F'}) header.Put(c);
  header.Put(kVersion);
  header.Put(static_cast<std::int64_t>(tensors.size()));
  header.Put(static_cast<std::int64_t>(keys.size()));
  for (const GgufKey& key : keys) PutKey(key, header);
  std::uint64_t offset = 0;
  for (const NamedFloats& tensor : tensors) {
    assert(tensor.shape.size() <= 4);
    PutTensor(tensor, offset, header);
    const std::size_t bytes = tensor.values.size_bytes();
    offset += bytes + Padding(bytes);
  }
  header.Pad();
  PELLUCID_RETURN_IF_ERROR(sink(header.bytes()));
  const std::byte zeros[kAlignment] = {};
  for (const NamedFloats& tensor : tensors) {
    const auto bytes = std::as_bytes(tensor.values);
    PELLUCID_RETURN_IF_ERROR(sink(bytes));
    PELLUCID_RETURN_IF_ERROR(
        sink(std::span(zeros).first(Padding(bytes.size()))));
  }
  return {};
}

Status WriteGguf(const std::string& path, std::span<const GgufKey> keys,
                 std::span<const NamedFloats> tensors) {
  PELLUCID_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  PELLUCID_RETURN_IF_ERROR(WriteGguf(file.Sink(), keys, tensors));
  return file.Commit();
}

}  // namespace pellucid
