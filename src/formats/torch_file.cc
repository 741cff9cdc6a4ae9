#include "formats/torch_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/checked.h"
#include "base/quote.h"
#include "formats/torch_pickle.h"
#include "kernels/decode.h"

namespace pellucid {
namespace {

using Kind = TorchValue::Kind;

constexpr std::string_view kPickle = "data.pkl";
// A hundred times what lenses of large models take, whose elements lie
// elsewhere; bounds what a hostile one can make of it, some 200 bytes a byte.
constexpr std::uint64_t kMaxPickle = 1 << 20;

// The index of the last element in the storage; nothing: it overflows.
std::optional<std::uint64_t> LastElement(const TorchTensor& tensor) {
  std::uint64_t last = tensor.offset;
  for (std::size_t d = 0; d < tensor.shape.size(); ++d) {
    const std::optional<std::uint64_t> step =
        CheckedMultiply(tensor.shape[d] - 1, tensor.strides[d]);
    if (!step || __builtin_add_overflow(last, *step, &last)) {
      return std::nullopt;
    }
  }
  return last;
}

// Copies elements in the order of the shape.
std::vector<float> Gather(const TorchTensor& tensor,
                          std::span<const float> storage, std::size_t count) {
  std::vector<float> out(count);
  std::vector<std::size_t> index(tensor.shape.size());
  std::size_t at = tensor.offset;
  for (float& value : out) {
    value = storage[at];
    for (std::size_t d = tensor.shape.size(); d-- > 0;) {
      at += tensor.strides[d];
      if (++index[d] < tensor.shape[d]) break;
      at -= tensor.strides[d] * tensor.shape[d];
      index[d] = 0;
    }
  }
  return out;
}

}  // namespace

Result<TorchFile> TorchFile::Open(const std::string& path) {
  PELLUCID_ASSIGN_OR_RETURN(ZipFile zip, ZipFile::Open(path));
  return FromZip(std::move(zip));
}

Result<TorchFile> TorchFile::Parse(std::span<const std::byte> bytes,
                                   const std::string& name) {
  PELLUCID_ASSIGN_OR_RETURN(ZipFile zip, ZipFile::Parse(bytes, name));
  return FromZip(std::move(zip));
}

Error TorchFile::Problem(std::string_view what) const {
  return ModelError(fmt::format("open: {}: {}", name(), what));
}

Result<TorchFile> TorchFile::FromZip(ZipFile zip) {
  TorchFile file;
  file.zip_ = std::move(zip);
  const ZipEntry* pickle = nullptr;
  for (const ZipEntry& entry : file.zip_.entries()) {
    const bool is_pickle =
        entry.name.ends_with(kPickle) &&
        std::ranges::count(entry.name, '/') == 1 &&
        entry.name[entry.name.size() - kPickle.size() - 1] == '/';
    if (!is_pickle) continue;
    if (pickle != nullptr) {
      return file.Problem("holds two data.pkl; save it with torch.save");
    }
    pickle = &entry;
  }
  if (pickle == nullptr) {
    return file.Problem(
        "is no file of torch.save (its zip format has no data.pkl); save it "
        "again with torch 1.6 or later");
  }
  file.folder_ = pickle->name.substr(0, pickle->name.size() - kPickle.size());
  if (const ZipEntry* order = file.zip_.Find(file.folder_ + "byteorder")) {
    PELLUCID_ASSIGN_OR_RETURN(const ZipData data, file.zip_.Read(*order));
    const auto bytes = data.bytes();
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                                bytes.size());
    if (text != "little") {
      return file.Problem("has its bytes in another order than this machine");
    }
  }
  if (pickle->size > kMaxPickle) {
    return file.Problem(fmt::format(
        "has a data.pkl of {} bytes, more than {}; save a plain dict of "
        "tensors",
        pickle->size, kMaxPickle));
  }
  PELLUCID_ASSIGN_OR_RETURN(const ZipData data, file.zip_.Read(*pickle));
  PELLUCID_ASSIGN_OR_RETURN(TorchPickle read,
                            ReadTorchPickle(data.bytes(), file.name()));
  file.values_ = std::move(read.values);
  file.root_ = read.root;
  return file;
}

const TorchValue* TorchFile::Find(const TorchValue& dict,
                                  std::string_view key) const {
  std::int64_t number = 0;
  const char* end = key.data() + key.size();
  const auto [next, error] = std::from_chars(key.data(), end, number);
  const bool is_number = error == std::errc() && next == end;
  for (const auto& [name, value] : dict.pairs) {
    const TorchValue& there = values_[name];
    const bool found = there.kind == Kind::kText
                           ? there.text == key
                           : is_number && there.kind == Kind::kInteger &&
                                 there.integer == number;
    if (found) return &values_[value];
  }
  return nullptr;
}

Result<Tensor> TorchFile::Read(const TorchTensor& tensor) const {
  const auto refuse = [&](std::string_view what) {
    return Problem(fmt::format(
        "tensor of shape [{}] in data/{}: {}; the file "
        "is damaged, fetch it again",
        fmt::join(tensor.shape, ", "), Quote(tensor.storage), what));
  };
  const ZipEntry* entry =
      zip_.Find(fmt::format("{}data/{}", folder_, tensor.storage));
  if (entry == nullptr) return refuse("its storage is missing");
  std::optional<std::uint64_t> count = 1;
  for (const std::size_t dim : tensor.shape) {
    if (count) count = CheckedMultiply(*count, dim);
  }
  const std::size_t size = RowBytes(tensor.dtype, 1);
  const std::uint64_t stored = entry->size / size;
  if (!count || *count > stored) {
    return refuse("has more elements than its storage");
  }
  Tensor out;
  out.shape = tensor.shape;
  if (*count == 0) return out;
  const std::optional<std::uint64_t> last = LastElement(tensor);
  if (!last || *last >= stored || stored != tensor.storage_elements) {
    return refuse("lies outside its storage");
  }
  PELLUCID_ASSIGN_OR_RETURN(const ZipData data, zip_.Read(*entry));
  std::vector<float> storage(stored);
  kernels::DecodeRow(tensor.dtype, data.bytes().data(), storage);
  out.data = Gather(tensor, storage, *count);
  return out;
}

}  // namespace pellucid
