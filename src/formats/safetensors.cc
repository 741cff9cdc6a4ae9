#include "formats/safetensors.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <tuple>
#include <utility>

#include "base/checked.h"
#include "base/quote.h"
#include "fmt/format.h"
#include "formats/byte_reader.h"
#include "formats/safetensors_header.h"

namespace pellucid {
namespace {

constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;  // the reference's

struct TypeBits {
  std::string_view name;
  unsigned bits;
};

constexpr std::array<TypeBits, 22> kTypes = {{
    {"BOOL", 8},    {"F4", 4},          {"F6_E2M3", 6},     {"F6_E3M2", 6},
    {"U8", 8},      {"I8", 8},          {"F8_E5M2", 8},     {"F8_E4M3", 8},
    {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"I16", 16},
    {"U16", 16},    {"F16", 16},        {"BF16", 16},       {"I32", 32},
    {"U32", 32},    {"F32", 32},        {"C64", 64},        {"F64", 64},
    {"I64", 64},    {"U64", 64},
}};

const TypeBits* FindType(std::string_view name) {
  const auto it =
      std::find_if(kTypes.begin(), kTypes.end(),
                   [&](const TypeBits& t) { return t.name == name; });
  return it == kTypes.end() ? nullptr : &*it;
}

Result<std::string_view> ReadHeaderText(ByteReader& reader) {
  PELLUCID_ASSIGN_OR_RETURN(const auto size,
                            reader.Read<std::uint64_t>("header length"));
  if (size > kMaxHeaderBytes) {
    return reader.Problem(
        fmt::format("header length {} is above {}: it is no safetensors file, "
                    "or damaged; check the path",
                    size, kMaxHeaderBytes));
  }
  return reader.Text(size, "header");
}

// What the format says `entry` takes; its dtype, shape and offsets must agree.
Status CheckSize(const ByteReader& reader, const SafetensorsEntry& entry,
                 const TypeBits& type) {
  const auto problem = [&](const std::string& what) {
    return reader.Problem(
        fmt::format("tensor {}: {}; the file is damaged, fetch it again",
                    Quote(entry.name), what));
  };
  const std::string shape =
      fmt::format("{} [{}]", type.name, fmt::join(entry.shape, ", "));
  std::optional<std::uint64_t> bits = 1;
  for (const std::size_t dim : entry.shape) {
    if (bits) bits = CheckedMultiply(*bits, dim);
  }
  if (bits) bits = CheckedMultiply(*bits, type.bits);
  if (!bits) return problem("the size of " + shape + " overflows 64 bits");
  if (*bits % 8 != 0) return problem(shape + " does not fill whole bytes");
  if (*bits / 8 != entry.end - entry.begin) {
    return problem(fmt::format(
        "{} takes {} bytes, but its data_offsets [{}, "
        "{}] span {}",
        shape, *bits / 8, entry.begin, entry.end, entry.end - entry.begin));
  }
  return {};
}

// Sorts by offset and checks that each entry begins where the last one ends.
Result<std::uint64_t> CheckEntries(const ByteReader& reader,
                                   std::vector<SafetensorsEntry>& entries) {
  std::sort(entries.begin(), entries.end(),
            [](const SafetensorsEntry& a, const SafetensorsEntry& b) {
              return std::tie(a.begin, a.end, a.name) <
                     std::tie(b.begin, b.end, b.name);
            });
  std::uint64_t end = 0;
  for (const SafetensorsEntry& entry : entries) {
    if (entry.begin != end || entry.end < entry.begin) {
      return reader.Problem(fmt::format(
          "tensor {}: data_offsets [{}, {}] do not follow the tensor before, "
          "which ends at {}; the file is damaged, fetch it again",
          Quote(entry.name), entry.begin, entry.end, end));
    }
    const TypeBits* type = FindType(entry.dtype);
    if (type == nullptr) {
      return reader.Problem(
          fmt::format("tensor {}: dtype {} is unknown; the file is damaged or "
                      "newer than this program",
                      Quote(entry.name), Quote(entry.dtype)));
    }
    PELLUCID_RETURN_IF_ERROR(CheckSize(reader, entry, *type));
    end = entry.end;
  }
  return end;
}

}  // namespace

Result<SafetensorsFile> SafetensorsFile::Open(const std::string& path) {
  PELLUCID_ASSIGN_OR_RETURN(MappedFile file, MappedFile::Open(path));
  PELLUCID_ASSIGN_OR_RETURN(SafetensorsFile tensors, Parse(file.bytes(), path));
  tensors.file_ = std::move(file);  // the mapping stays where it is
  return tensors;
}

Result<SafetensorsFile> SafetensorsFile::Parse(std::span<const std::byte> bytes,
                                               const std::string& name) {
  ByteReader reader(bytes, name);
  PELLUCID_ASSIGN_OR_RETURN(const auto text, ReadHeaderText(reader));
  PELLUCID_ASSIGN_OR_RETURN(SafetensorsHeader header,
                            ReadSafetensorsHeader(text, name));
  PELLUCID_ASSIGN_OR_RETURN(const std::uint64_t end,
                            CheckEntries(reader, header.entries));
  if (end != reader.remaining()) {
    return reader.Problem(fmt::format(
        "tensors take {} bytes, but {} follow the header; the file is cut "
        "short or damaged, fetch it again",
        end, reader.remaining()));
  }
  SafetensorsFile file;
  file.name_ = name;
  file.header_ = std::as_bytes(std::span(text.data(), text.size()));
  file.metadata_ = std::move(header.metadata);
  for (SafetensorsEntry& entry : header.entries) {
    PELLUCID_ASSIGN_OR_RETURN(
        const auto data,
        reader.Bytes(entry.end - entry.begin, {"tensor", entry.name}));
    file.index_.emplace(entry.name, file.tensors_.size());
    file.tensors_.push_back({std::move(entry.name), FindType(entry.dtype)->name,
                             std::move(entry.shape), data});
  }
  return file;
}

const SafetensorsTensor* SafetensorsFile::Find(std::string_view name) const {
  const auto it = index_.find(name);
  return it == index_.end() ? nullptr : &tensors_[it->second];
}

Result<DType> SafetensorsFile::WeightType(
    const SafetensorsTensor& tensor) const {
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16, DType::kF64,
                            DType::kF8E4M3, DType::kF8E5M2}) {
    if (tensor.dtype == InfoOf(dtype).name) return dtype;
  }
  return ModelError(
      fmt::format("open: {}: unsupported dtype {} of tensor {}; use the model "
                  "in F32, F16 or BF16",
                  name_, tensor.dtype, Quote(tensor.name)));
}

}  // namespace pellucid
