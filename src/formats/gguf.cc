#include "formats/gguf.h"

#include <cstring>
#include <filesystem>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

#include "base/quote.h"
#include "fmt/format.h"
#include "formats/gguf_parser.h"
#include "formats/gguf_split.h"

namespace pellucid {
namespace {

std::string_view KindName(GgufArray::Kind kind) {
  switch (kind) {
    case GgufArray::Kind::kSigned:
      return "signed integers";
    case GgufArray::Kind::kUnsigned:
      return "unsigned integers";
    case GgufArray::Kind::kFloat:
      return "floats";
    case GgufArray::Kind::kBool:
      return "bools";
    case GgufArray::Kind::kString:
      return "strings";
  }
  return "unknown";
}

std::string TypeName(const GgufValue& value) {
  if (std::holds_alternative<std::uint64_t>(value)) {
    return "an unsigned integer";
  }
  if (std::holds_alternative<std::int64_t>(value)) return "a signed integer";
  if (std::holds_alternative<double>(value)) return "a float";
  if (std::holds_alternative<bool>(value)) return "a bool";
  if (std::holds_alternative<std::string_view>(value)) return "a string";
  const auto& array = std::get<GgufArray>(value);
  return fmt::format("an array of {} {}", array.count, KindName(array.kind));
}

Error Absent(const std::string& file, std::string_view key,
             std::string_view wanted) {
  return ModelError(
      fmt::format("open: {}: key {} ({}) is absent; convert the model again",
                  file, Quote(key), wanted));
}

Error WrongType(const std::string& file, std::string_view key,
                std::string_view wanted, const GgufValue& found) {
  return ModelError(fmt::format(
      "open: {}: key {} is {}, expected {}; convert the model again", file,
      Quote(key), TypeName(found), wanted));
}

Error DoesNotFit(const std::string& file, std::string_view key,
                 std::string_view wanted, const std::string& found) {
  return ModelError(
      fmt::format("open: {}: key {} is {}, expected {}; convert the model "
                  "again",
                  file, Quote(key), found, wanted));
}

// The value of `key` as the variant's alternative T, without conversion.
template <typename T>
Result<T> Exact(const GgufFile& file, std::string_view key,
                std::string_view wanted) {
  const GgufValue* value = file.Find(key);
  if (value == nullptr) return Absent(file.name(), key, wanted);
  if (const T* held = std::get_if<T>(value)) return *held;
  return WrongType(file.name(), key, wanted, *value);
}

Result<const GgufArray*> ArrayOf(const GgufFile& file, std::string_view key,
                                 std::string_view wanted) {
  const GgufValue* value = file.Find(key);
  if (value == nullptr) return Absent(file.name(), key, wanted);
  if (const auto* array = std::get_if<GgufArray>(value)) return array;
  return WrongType(file.name(), key, wanted, *value);
}

// Element i of a packed array of T.
template <typename T>
T ElementAt(const GgufArray& array, std::size_t i) {
  T value;
  std::memcpy(&value, array.data + i * sizeof(T), sizeof(T));
  return value;
}

template <typename T, typename Wide>
std::vector<Wide> Widen(const GgufArray& array) {
  std::vector<Wide> out(array.count);
  for (std::size_t i = 0; i < array.count; ++i) {
    out[i] = static_cast<Wide>(ElementAt<T>(array, i));
  }
  return out;
}

std::vector<std::int64_t> WidenSigned(const GgufArray& array) {
  switch (array.element_bytes) {
    case 1:
      return Widen<std::int8_t, std::int64_t>(array);
    case 2:
      return Widen<std::int16_t, std::int64_t>(array);
    case 4:
      return Widen<std::int32_t, std::int64_t>(array);
    default:
      return Widen<std::int64_t, std::int64_t>(array);
  }
}

std::vector<std::int64_t> WidenUnsigned(const GgufArray& array) {
  switch (array.element_bytes) {
    case 1:
      return Widen<std::uint8_t, std::int64_t>(array);
    case 2:
      return Widen<std::uint16_t, std::int64_t>(array);
    case 4:
      return Widen<std::uint32_t, std::int64_t>(array);
    default:
      return Widen<std::uint64_t, std::int64_t>(array);
  }
}

}  // namespace

Result<GgufFile> GgufFile::Open(const std::string& path) {
  PELLUCID_ASSIGN_OR_RETURN(MappedFile file, MappedFile::Open(path));
  PELLUCID_ASSIGN_OR_RETURN(GgufContents contents,
                            ParseGguf(file.bytes(), path));
  PELLUCID_ASSIGN_OR_RETURN(const std::optional<GgufSplit> split,
                            GgufSplitOf(contents.values, path));
  if (split) return OpenParts(path, *split);
  GgufFile gguf;
  gguf.name_ = path;
  gguf.Add(file.bytes(), std::move(contents));
  gguf.files_.push_back(std::move(file));  // the mapping stays where it is
  PELLUCID_RETURN_IF_ERROR(gguf.IndexTensors());
  return gguf;
}

Result<GgufFile> GgufFile::OpenParts(const std::string& path,
                                     const GgufSplit& split) {
  GgufFile gguf;
  gguf.name_ = path;
  std::optional<std::uint64_t> tensors;  // that the first file counts
  for (std::size_t part = 0; part < split.count; ++part) {
    PELLUCID_ASSIGN_OR_RETURN(const std::string name,
                              GgufPartPath(path, split, part));
    const auto problem = [&](const std::string& what) {
      return ModelError(
          fmt::format("open: {}: part {} of {} of a split model {}", name,
                      part + 1, split.count, what));
    };
    std::error_code ignored;
    if (!std::filesystem::exists(name, ignored)) {
      return problem("is missing; put all of them into one folder");
    }
    PELLUCID_ASSIGN_OR_RETURN(MappedFile file, MappedFile::Open(name));
    PELLUCID_ASSIGN_OR_RETURN(GgufContents contents,
                              ParseGguf(file.bytes(), name));
    PELLUCID_ASSIGN_OR_RETURN(const std::optional<GgufSplit> own,
                              GgufSplitOf(contents.values, name));
    if (!own || own->part != part || own->count != split.count) {
      return problem("is not what its name says; fetch it again");
    }
    if (part == 0) tensors = own->tensors;
    gguf.Add(file.bytes(), std::move(contents));
    gguf.files_.push_back(std::move(file));
  }
  if (tensors && *tensors != gguf.tensors_.size()) {
    return ModelError(fmt::format(
        "open: {}: the {} files of this split model hold {} tensors, where key "
        "split.tensors.count says {}; fetch them again",
        path, split.count, gguf.tensors_.size(), *tensors));
  }
  PELLUCID_RETURN_IF_ERROR(gguf.IndexTensors());
  return gguf;
}

Result<GgufFile> GgufFile::Parse(std::span<const std::byte> bytes,
                                 const std::string& name) {
  PELLUCID_ASSIGN_OR_RETURN(GgufContents contents, ParseGguf(bytes, name));
  PELLUCID_ASSIGN_OR_RETURN(const std::optional<GgufSplit> split,
                            GgufSplitOf(contents.values, name));
  if (split) {
    return ModelError(fmt::format(
        "open: {}: is part {} of {} of a split model; open its files, or join "
        "them with \"llama-gguf-split --merge FIRST_PART OUT.gguf\"",
        name, split->part + 1, split->count));
  }
  GgufFile gguf;
  gguf.name_ = name;
  gguf.Add(bytes, std::move(contents));
  PELLUCID_RETURN_IF_ERROR(gguf.IndexTensors());
  return gguf;
}

void GgufFile::Add(std::span<const std::byte> bytes, GgufContents contents) {
  if (headers_.empty()) values_ = std::move(contents.values);
  headers_.push_back(bytes.first(contents.header_bytes));
  tensors_.insert(tensors_.end(),
                  std::make_move_iterator(contents.tensors.begin()),
                  std::make_move_iterator(contents.tensors.end()));
}

Status GgufFile::IndexTensors() {
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    if (tensor_index_.emplace(tensors_[i].name, i).second) continue;
    return ModelError(fmt::format(
        "open: {}: tensor {} lies in two files of this split model; fetch them "
        "again",
        name_, Quote(tensors_[i].name)));
  }
  return {};
}

const GgufValue* GgufFile::Find(std::string_view key) const {
  const auto it = values_.find(key);
  return it == values_.end() ? nullptr : &it->second;
}

const GgufTensor* GgufFile::FindTensor(std::string_view name) const {
  const auto it = tensor_index_.find(name);
  return it == tensor_index_.end() ? nullptr : &tensors_[it->second];
}

Result<std::uint64_t> GgufFile::Unsigned(std::string_view key) const {
  constexpr std::string_view kWanted = "a non-negative integer";
  const GgufValue* value = Find(key);
  if (value == nullptr) return Absent(name_, key, kWanted);
  if (const auto* held = std::get_if<std::uint64_t>(value)) return *held;
  const auto* held = std::get_if<std::int64_t>(value);
  if (held == nullptr) return WrongType(name_, key, kWanted, *value);
  if (*held < 0) return DoesNotFit(name_, key, kWanted, std::to_string(*held));
  return static_cast<std::uint64_t>(*held);
}

Result<std::uint64_t> GgufFile::Unsigned(std::string_view key,
                                         std::uint64_t fallback) const {
  return Has(key) ? Unsigned(key) : fallback;
}

Result<double> GgufFile::Float(std::string_view key) const {
  return Exact<double>(*this, key, "a float");
}

Result<double> GgufFile::Float(std::string_view key, double fallback) const {
  return Has(key) ? Float(key) : fallback;
}

Result<bool> GgufFile::Bool(std::string_view key, bool fallback) const {
  return Has(key) ? Exact<bool>(*this, key, "a bool") : fallback;
}

Result<std::string_view> GgufFile::String(std::string_view key) const {
  return Exact<std::string_view>(*this, key, "a string");
}

Result<std::string_view> GgufFile::String(std::string_view key,
                                          std::string_view fallback) const {
  return Has(key) ? String(key) : fallback;
}

Result<std::span<const std::string_view>> GgufFile::Strings(
    std::string_view key) const {
  constexpr std::string_view kWanted = "an array of strings";
  PELLUCID_ASSIGN_OR_RETURN(const GgufArray* array,
                            ArrayOf(*this, key, kWanted));
  if (array->kind != GgufArray::Kind::kString) {
    return WrongType(name_, key, kWanted, *Find(key));
  }
  return std::span<const std::string_view>(array->strings);
}

Result<std::vector<std::int64_t>> GgufFile::Integers(
    std::string_view key) const {
  constexpr std::string_view kWanted = "an array of integers";
  PELLUCID_ASSIGN_OR_RETURN(const GgufArray* array,
                            ArrayOf(*this, key, kWanted));
  if (array->kind == GgufArray::Kind::kSigned) return WidenSigned(*array);
  if (array->kind != GgufArray::Kind::kUnsigned) {
    return WrongType(name_, key, kWanted, *Find(key));
  }
  std::vector<std::int64_t> out = WidenUnsigned(*array);
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i] >= 0) continue;  // only a u64 above 2^63 - 1 turns negative
    const auto value = static_cast<std::uint64_t>(out[i]);
    return DoesNotFit(name_, key, "integers below 2^63",
                      fmt::format("{} at index {}", value, i));
  }
  return out;
}

Result<std::vector<float>> GgufFile::Floats(std::string_view key) const {
  constexpr std::string_view kWanted = "an array of floats";
  PELLUCID_ASSIGN_OR_RETURN(const GgufArray* array,
                            ArrayOf(*this, key, kWanted));
  if (array->kind != GgufArray::Kind::kFloat) {
    return WrongType(name_, key, kWanted, *Find(key));
  }
  return array->element_bytes == sizeof(float) ? Widen<float, float>(*array)
                                               : Widen<double, float>(*array);
}

}  // namespace pellucid
