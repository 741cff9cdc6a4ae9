#include "formats/gguf_values.h"

#include <cstddef>
#include <optional>
#include <utility>

#include "base/quote.h"
#include "fmt/format.h"

namespace pellucid {
namespace {

constexpr std::uint64_t kMaxKeyBytes = 65535;

enum ValueType : std::int32_t {
  kU8 = 0,
  kI8 = 1,
  kU16 = 2,
  kI16 = 3,
  kU32 = 4,
  kI32 = 5,
  kF32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kU64 = 10,
  kI64 = 11,
  kF64 = 12,
};

template <typename T, typename Wide>
Result<GgufValue> ReadNumber(ByteReader& reader, ItemLabel label) {
  PELLUCID_ASSIGN_OR_RETURN(const T value, reader.Read<T>(label));
  return GgufValue(static_cast<Wide>(value));
}

Error BadBool(const ByteReader& reader, std::string_view key, unsigned value) {
  return reader.Problem(
      fmt::format("key {}: bool is {}, neither 0 nor 1; the file is damaged, "
                  "fetch it again",
                  Quote(key), value));
}

Result<GgufValue> ReadBool(ByteReader& reader, std::string_view key) {
  PELLUCID_ASSIGN_OR_RETURN(const auto value,
                            reader.Read<std::uint8_t>({"value of key", key}));
  if (value > 1) return BadBool(reader, key, value);
  return GgufValue(value == 1);
}

Error BadType(const ByteReader& reader, std::string_view key,
              std::string_view what, std::int32_t type) {
  return reader.Problem(
      fmt::format("key {}: {} {} is unknown; the file is damaged or newer than "
                  "this program",
                  Quote(key), what, type));
}

// Kind and bytes of array elements; 0 bytes for a string, nothing for a type
// that does not exist.
struct Element {
  GgufArray::Kind kind;
  std::size_t bytes;
};

std::optional<Element> ElementOf(std::int32_t type) {
  using Kind = GgufArray::Kind;
  switch (type) {
    case kU8:
      return Element{Kind::kUnsigned, 1};
    case kI8:
      return Element{Kind::kSigned, 1};
    case kU16:
      return Element{Kind::kUnsigned, 2};
    case kI16:
      return Element{Kind::kSigned, 2};
    case kU32:
      return Element{Kind::kUnsigned, 4};
    case kI32:
      return Element{Kind::kSigned, 4};
    case kF32:
      return Element{Kind::kFloat, 4};
    case kBool:
      return Element{Kind::kBool, 1};
    case kString:
      return Element{Kind::kString, 0};
    case kU64:
      return Element{Kind::kUnsigned, 8};
    case kI64:
      return Element{Kind::kSigned, 8};
    case kF64:
      return Element{Kind::kFloat, 8};
    default:
      return std::nullopt;
  }
}

// A string takes at least the 8 bytes of its length.
constexpr std::uint64_t kMinStringBytes = 8;

Status ReadElements(ByteReader& reader, std::string_view key,
                    GgufArray& array) {
  const ItemLabel label("array of key", key);
  if (array.kind == GgufArray::Kind::kString) {
    array.strings.reserve(array.count);
    for (std::size_t i = 0; i < array.count; ++i) {
      std::string_view text;
      if (!reader.TryLengthAndText(&text)) {
        return reader.LengthAndText(label).error();
      }
      array.strings.push_back(text);
    }
    return {};
  }
  PELLUCID_ASSIGN_OR_RETURN(
      const auto packed,
      reader.Bytes(std::uint64_t{array.count} * array.element_bytes, label));
  array.data = packed.data();
  if (array.kind == GgufArray::Kind::kBool) {
    for (const std::byte value : packed) {
      const auto number = std::to_integer<unsigned>(value);
      if (number > 1) return BadBool(reader, key, number);
    }
  }
  return {};
}

Result<GgufValue> ReadArray(ByteReader& reader, std::string_view key) {
  const ItemLabel label("array of key", key);
  PELLUCID_ASSIGN_OR_RETURN(const auto type, reader.Read<std::int32_t>(label));
  if (type == kArray) {
    return reader.Problem(
        fmt::format("key {}: arrays of arrays are not supported; convert the "
                    "model again with a current llama.cpp",
                    Quote(key)));
  }
  const std::optional<Element> element = ElementOf(type);
  if (!element) return BadType(reader, key, "array element type", type);
  PELLUCID_ASSIGN_OR_RETURN(const auto count,
                            reader.Read<std::uint64_t>(label));
  const std::uint64_t least =
      element->bytes > 0 ? element->bytes : kMinStringBytes;
  if (count > reader.remaining() / least) {
    return reader.Problem(fmt::format(
        "key {}: array of {} elements at offset {} does not fit into the {} "
        "bytes left; the file is cut short or damaged, fetch it again",
        Quote(key), count, reader.offset(), reader.remaining()));
  }
  GgufArray array;
  array.kind = element->kind;
  array.element_bytes = element->bytes;
  array.count = static_cast<std::size_t>(count);
  PELLUCID_RETURN_IF_ERROR(ReadElements(reader, key, array));
  return GgufValue(std::move(array));
}

Result<GgufValue> ReadString(ByteReader& reader, ItemLabel label) {
  PELLUCID_ASSIGN_OR_RETURN(const auto text, reader.LengthAndText(label));
  return GgufValue(text);
}

Result<GgufValue> ReadValue(ByteReader& reader, std::string_view key) {
  const ItemLabel label("value of key", key);
  PELLUCID_ASSIGN_OR_RETURN(const auto type, reader.Read<std::int32_t>(label));
  switch (type) {
    case kU8:
      return ReadNumber<std::uint8_t, std::uint64_t>(reader, label);
    case kI8:
      return ReadNumber<std::int8_t, std::int64_t>(reader, label);
    case kU16:
      return ReadNumber<std::uint16_t, std::uint64_t>(reader, label);
    case kI16:
      return ReadNumber<std::int16_t, std::int64_t>(reader, label);
    case kU32:
      return ReadNumber<std::uint32_t, std::uint64_t>(reader, label);
    case kI32:
      return ReadNumber<std::int32_t, std::int64_t>(reader, label);
    case kF32:
      return ReadNumber<float, double>(reader, label);
    case kBool:
      return ReadBool(reader, key);
    case kString:
      return ReadString(reader, label);
    case kArray:
      return ReadArray(reader, key);
    case kU64:
      return ReadNumber<std::uint64_t, std::uint64_t>(reader, label);
    case kI64:
      return ReadNumber<std::int64_t, std::int64_t>(reader, label);
    case kF64:
      return ReadNumber<double, double>(reader, label);
    default:
      return BadType(reader, key, "value type", type);
  }
}

Status ReadKey(ByteReader& reader, GgufValues& values) {
  const std::size_t start = reader.offset();
  PELLUCID_ASSIGN_OR_RETURN(const auto key, reader.LengthAndText("key"));
  if (key.empty() || key.size() > kMaxKeyBytes) {
    return reader.Problem(
        fmt::format("key at offset {} has {} bytes, allowed are 1 to {}; the "
                    "file is damaged, fetch it again",
                    start, key.size(), kMaxKeyBytes));
  }
  PELLUCID_ASSIGN_OR_RETURN(GgufValue value, ReadValue(reader, key));
  if (!values.try_emplace(key, std::move(value)).second) {
    return reader.Problem(
        fmt::format("key {} at offset {} is there twice; convert the model "
                    "again",
                    Quote(key), start));
  }
  return {};
}

}  // namespace

Result<GgufValues> ReadGgufValues(ByteReader& reader, std::uint64_t count) {
  GgufValues values;
  for (std::uint64_t i = 0; i < count; ++i) {
    PELLUCID_RETURN_IF_ERROR(ReadKey(reader, values));
  }
  return values;
}

}  // namespace pellucid
