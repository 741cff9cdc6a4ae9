#include "formats/gguf_parser.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/checked.h"
#include "base/quote.h"
#include "fmt/format.h"
#include "formats/byte_reader.h"
#include "formats/gguf_values.h"

namespace pellucid {
namespace {

constexpr std::uint64_t kMaxNameBytes = 63;  // ggml's buffer holds 64
constexpr std::uint32_t kMaxDims = 4;
constexpr std::uint64_t kDefaultAlignment = 32;
// Far above any page or cache line; keeps offsets clear of overflow.
constexpr std::uint64_t kMaxAlignment = 1 << 20;

// The least that a key and a tensor can take: bounds the counts by the size of
// the file before anything is allocated for them.
constexpr std::uint64_t kMinKeyBytes = 8 + 1 + 4 + 1;
constexpr std::uint64_t kMinTensorBytes = 8 + 0 + 4 + 4 + 8;

// ggml's tensor types; those without a name were removed. `dtype` is empty for
// what this library does not decode.
struct GgmlType {
  std::string_view name;
  std::optional<DType> dtype = {};
};

constexpr std::array<GgmlType, 43> kGgmlTypes = {{
    {"F32", DType::kF32},
    {"F16", DType::kF16},
    {"Q4_0", DType::kQ4_0},
    {"Q4_1", DType::kQ4_1},
    {""},
    {""},
    {"Q5_0", DType::kQ5_0},
    {"Q5_1", DType::kQ5_1},
    {"Q8_0", DType::kQ8_0},
    {"Q8_1", DType::kQ8_1},
    {"Q2_K", DType::kQ2_K},
    {"Q3_K", DType::kQ3_K},
    {"Q4_K", DType::kQ4_K},
    {"Q5_K", DType::kQ5_K},
    {"Q6_K", DType::kQ6_K},
    {"Q8_K", DType::kQ8_K},
    {"IQ2_XXS"},
    {"IQ2_XS"},
    {"IQ3_XXS"},
    {"IQ1_S"},
    {"IQ4_NL", DType::kIQ4_NL},
    {"IQ3_S"},
    {"IQ2_S"},
    {"IQ4_XS", DType::kIQ4_XS},
    {"I8"},
    {"I16"},
    {"I32"},
    {"I64"},
    {"F64", DType::kF64},
    {"IQ1_M"},
    {"BF16", DType::kBF16},
    {""},
    {""},
    {""},
    {"TQ1_0"},
    {"TQ2_0"},
    {""},
    {""},
    {""},
    {"MXFP4", DType::kMXFP4},
    {"NVFP4", DType::kNVFP4},
    {"Q1_0"},
    {"Q2_0"},
}};

struct Counts {
  std::uint64_t tensors = 0;
  std::uint64_t keys = 0;
};

Result<std::uint64_t> ReadCount(ByteReader& reader, const char* what,
                                std::uint64_t least_bytes) {
  PELLUCID_ASSIGN_OR_RETURN(const auto count, reader.Read<std::int64_t>(what));
  const std::uint64_t most = reader.remaining() / least_bytes;
  if (count < 0 || static_cast<std::uint64_t>(count) > most) {
    return reader.Problem(fmt::format(
        "{} is {}, but the {} bytes that follow hold {} at most; the file is "
        "cut short or damaged, fetch it again",
        what, count, reader.remaining(), most));
  }
  return static_cast<std::uint64_t>(count);
}

Status CheckVersion(const ByteReader& reader, std::uint32_t version) {
  if (version == 2 || version == 3) return {};
  if (version != 0 && (version & 0xffff) == 0) {
    return reader.Problem(
        "is a big-endian GGUF file, which is not supported; convert the model "
        "again for a little-endian machine");
  }
  return reader.Problem(
      fmt::format("has GGUF version {}, supported are 2 and 3; convert the "
                  "model again with a current llama.cpp",
                  version));
}

Result<Counts> ReadPreamble(ByteReader& reader) {
  PELLUCID_ASSIGN_OR_RETURN(const auto magic, reader.Text(4, "magic"));
  if (magic != "GGUF") {
    return reader.Problem(
        fmt::format("begins with \"{}\", not with \"GGUF\": it is no GGUF "
                    "file; check the path",
                    Quote(magic)));
  }
  PELLUCID_ASSIGN_OR_RETURN(const auto version,
                            reader.Read<std::uint32_t>("version"));
  PELLUCID_RETURN_IF_ERROR(CheckVersion(reader, version));
  Counts counts;
  PELLUCID_ASSIGN_OR_RETURN(counts.tensors,
                            ReadCount(reader, "tensor count", kMinTensorBytes));
  PELLUCID_ASSIGN_OR_RETURN(counts.keys,
                            ReadCount(reader, "key count", kMinKeyBytes));
  return counts;
}

// The value of an integer key of any width; nothing for another type or a
// negative number.
std::optional<std::uint64_t> UnsignedOf(const GgufValue& value) {
  if (const auto* u = std::get_if<std::uint64_t>(&value)) return *u;
  const auto* i = std::get_if<std::int64_t>(&value);
  if (i == nullptr || *i < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*i);
}

Result<std::uint64_t> Alignment(const ByteReader& reader,
                                const GgufValues& values) {
  const auto it = values.find("general.alignment");
  if (it == values.end()) return kDefaultAlignment;
  const std::optional<std::uint64_t> value = UnsignedOf(it->second);
  if (value && std::has_single_bit(*value) && *value <= kMaxAlignment) {
    return *value;
  }
  return reader.Problem(fmt::format(
      "key general.alignment is {}, it must be a power of two up to {}; "
      "convert the model again",
      value ? std::to_string(*value) : "no unsigned integer", kMaxAlignment));
}

// A tensor and the place of its data, from the start of the data section.
struct Placed {
  GgufTensor tensor;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

Result<std::vector<std::size_t>> ReadShape(ByteReader& reader,
                                           std::string_view name) {
  const ItemLabel label("shape of tensor", name);
  PELLUCID_ASSIGN_OR_RETURN(const auto n_dims,
                            reader.Read<std::uint32_t>(label));
  if (n_dims > kMaxDims) {
    return reader.Problem(fmt::format(
        "tensor {} has {} dimensions, at most {} are allowed; the file is "
        "damaged, fetch it again",
        Quote(name), n_dims, kMaxDims));
  }
  std::vector<std::size_t> shape(n_dims);
  for (std::size_t i = n_dims; i-- > 0;) {  // the file has the fastest first
    PELLUCID_ASSIGN_OR_RETURN(const auto ne, reader.Read<std::int64_t>(label));
    if (ne <= 0) {
      return reader.Problem(
          fmt::format("tensor {}: dimension {} is {}, it must be positive; the "
                      "file is damaged, fetch it again",
                      Quote(name), i, ne));
    }
    shape[i] = static_cast<std::size_t>(ne);
  }
  return shape;
}

Result<DType> ReadTensorType(ByteReader& reader, std::string_view name) {
  PELLUCID_ASSIGN_OR_RETURN(
      const auto id, reader.Read<std::int32_t>({"type of tensor", name}));
  const bool known =
      id >= 0 && static_cast<std::size_t>(id) < kGgmlTypes.size();
  const GgmlType type =
      known ? kGgmlTypes[static_cast<std::size_t>(id)] : GgmlType{};
  if (type.dtype) return *type.dtype;
  return reader.Problem(fmt::format(
      "unsupported tensor type {} ({}) of {}; use the model in F32, F16, BF16, "
      "Q8_0, Q4_0 to Q5_1, Q2_K to Q6_K, IQ4_NL, IQ4_XS, MXFP4 or NVFP4",
      type.name.empty() ? "unknown" : type.name, id, Quote(name)));
}

// Bytes of the tensor's data; its rows must be whole blocks.
Result<std::uint64_t> DataBytes(const ByteReader& reader,
                                const GgufTensor& tensor) {
  const DTypeInfo& info = InfoOf(tensor.dtype);
  const std::size_t row = tensor.shape.empty() ? 1 : tensor.shape.back();
  if (row % info.block_elements != 0) {
    return reader.Problem(
        fmt::format("tensor {}: rows of {} elements are not whole blocks of {} "
                    "({}); the file is damaged, fetch it again",
                    Quote(tensor.name), row, info.block_elements, info.name));
  }
  std::optional<std::uint64_t> bytes =
      CheckedMultiply(row / info.block_elements, info.block_bytes);
  for (std::size_t i = 0; bytes && i + 1 < tensor.shape.size(); ++i) {
    bytes = CheckedMultiply(*bytes, tensor.shape[i]);
  }
  if (bytes) return *bytes;
  return reader.Problem(
      fmt::format("tensor {}: the size of shape [{}] overflows 64 bits; the "
                  "file is damaged, fetch it again",
                  Quote(tensor.name), fmt::join(tensor.shape, ", ")));
}

Result<Placed> ReadTensor(ByteReader& reader, std::uint64_t alignment) {
  Placed placed;
  GgufTensor& tensor = placed.tensor;
  const std::size_t start = reader.offset();
  PELLUCID_ASSIGN_OR_RETURN(tensor.name, reader.LengthAndText("tensor name"));
  if (tensor.name.size() > kMaxNameBytes) {
    return reader.Problem(
        fmt::format("tensor name at offset {} has {} bytes, at most {} are "
                    "allowed; the file is damaged, fetch it again",
                    start, tensor.name.size(), kMaxNameBytes));
  }
  PELLUCID_ASSIGN_OR_RETURN(tensor.shape, ReadShape(reader, tensor.name));
  PELLUCID_ASSIGN_OR_RETURN(tensor.dtype, ReadTensorType(reader, tensor.name));
  PELLUCID_ASSIGN_OR_RETURN(placed.bytes, DataBytes(reader, tensor));
  PELLUCID_ASSIGN_OR_RETURN(
      placed.offset,
      reader.Read<std::uint64_t>({"offset of tensor", tensor.name}));
  if (placed.offset % alignment != 0) {
    return reader.Problem(
        fmt::format("tensor {}: offset {} is no multiple of the alignment {}; "
                    "the file is damaged, fetch it again",
                    Quote(tensor.name), placed.offset, alignment));
  }
  return placed;
}

// Gives each tensor its bytes of `data`, the section after the header.
Status PlaceData(const ByteReader& reader, std::span<const std::byte> data,
                 std::vector<Placed>& tensors) {
  for (Placed& placed : tensors) {
    if (placed.offset > data.size() ||
        placed.bytes > data.size() - placed.offset) {
      return reader.Problem(fmt::format(
          "tensor {}: {} bytes at offset {} of the data lie beyond its {} "
          "bytes; the file is cut short or damaged, fetch it again",
          Quote(placed.tensor.name), placed.bytes, placed.offset, data.size()));
    }
    placed.tensor.data = data.subspan(static_cast<std::size_t>(placed.offset),
                                      static_cast<std::size_t>(placed.bytes));
  }
  return {};
}

// No two tensors share a name or a byte.
Status CheckDistinct(const ByteReader& reader,
                     const std::vector<Placed>& tensors) {
  std::vector<const Placed*> order;
  order.reserve(tensors.size());
  for (const Placed& placed : tensors) order.push_back(&placed);
  const auto name = [](const Placed* p) { return p->tensor.name; };
  std::sort(order.begin(), order.end(), [&](const Placed* a, const Placed* b) {
    return name(a) < name(b);
  });
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (name(order[i - 1]) != name(order[i])) continue;
    return reader.Problem(
        fmt::format("tensor {} is there twice; convert the model again",
                    Quote(name(order[i]))));
  }
  std::sort(order.begin(), order.end(), [](const Placed* a, const Placed* b) {
    return a->offset < b->offset;
  });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const Placed& before = *order[i - 1];
    if (before.bytes <= order[i]->offset - before.offset) continue;
    return reader.Problem(fmt::format(
        "tensors {} ({} bytes at offset {}) and {} (offset {}) overlap; the "
        "file is damaged, fetch it again",
        Quote(name(&before)), before.bytes, before.offset,
        Quote(name(order[i])), order[i]->offset));
  }
  return {};
}

}  // namespace

Result<GgufContents> ParseGguf(std::span<const std::byte> bytes,
                               std::string_view name) {
  ByteReader reader(bytes, name);
  GgufContents contents;
  PELLUCID_ASSIGN_OR_RETURN(const Counts counts, ReadPreamble(reader));
  PELLUCID_ASSIGN_OR_RETURN(contents.values,
                            ReadGgufValues(reader, counts.keys));
  PELLUCID_ASSIGN_OR_RETURN(const std::uint64_t alignment,
                            Alignment(reader, contents.values));
  std::vector<Placed> tensors;
  for (std::uint64_t i = 0; i < counts.tensors; ++i) {
    PELLUCID_ASSIGN_OR_RETURN(Placed placed, ReadTensor(reader, alignment));
    tensors.push_back(std::move(placed));
  }
  // Without tensors a file may end before the padding does.
  const std::size_t padding = static_cast<std::size_t>(
      (alignment - reader.offset() % alignment) % alignment);
  contents.header_bytes = std::min(reader.offset() + padding, bytes.size());
  PELLUCID_RETURN_IF_ERROR(
      PlaceData(reader, bytes.subspan(contents.header_bytes), tensors));
  PELLUCID_RETURN_IF_ERROR(CheckDistinct(reader, tensors));
  contents.tensors.reserve(tensors.size());
  for (Placed& placed : tensors) {
    contents.tensors.push_back(std::move(placed.tensor));
  }
  return contents;
}

}  // namespace pellucid
