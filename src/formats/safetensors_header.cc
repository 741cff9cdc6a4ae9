#include "formats/safetensors_header.h"

#include <set>
#include <utility>

#include "base/quote.h"
#include "fmt/format.h"
#include "simdjson.h"

namespace pellucid {
namespace {

namespace dom = simdjson::dom;

// The reference sets no limit; no model comes near, and shapes stay printable.
constexpr std::size_t kMaxRank = 64;

constexpr std::string_view kMetadata = "__metadata__";

class HeaderReader {
 public:
  explicit HeaderReader(std::string_view file) : file_(file) {}

  Result<SafetensorsHeader> Read(const dom::element& root) const {
    dom::object object;
    if (root.get(object)) return Problem("header is no JSON object");
    SafetensorsHeader header;
    PELLUCID_RETURN_IF_ERROR(CheckDistinct(object, "header"));
    for (const auto field : object) {
      if (field.key == kMetadata) {
        PELLUCID_RETURN_IF_ERROR(ReadMetadata(field.value, header));
        continue;
      }
      PELLUCID_ASSIGN_OR_RETURN(SafetensorsEntry entry,
                                ReadEntry(field.key, field.value));
      header.entries.push_back(std::move(entry));
    }
    return header;
  }

  Error Problem(std::string_view what) const {
    return ModelError(fmt::format(
        "open: {}: {}; the file is damaged, fetch it again", file_, what));
  }

 private:
  // simdjson keeps a key that stands twice as two fields.
  Status CheckDistinct(const dom::object& object,
                       std::string_view where) const {
    std::set<std::string_view> keys;
    for (const auto field : object) {
      if (!keys.insert(field.key).second) {
        return Problem(fmt::format("{}: key \"{}\" stands twice", Quote(where),
                                   Quote(field.key)));
      }
    }
    return {};
  }

  Status ReadMetadata(const dom::element& value,
                      SafetensorsHeader& header) const {
    dom::object object;
    if (value.get(object)) return Problem("__metadata__ is no JSON object");
    PELLUCID_RETURN_IF_ERROR(CheckDistinct(object, kMetadata));
    for (const auto field : object) {
      std::string_view text;
      if (field.value.get(text)) {
        return Problem(
            fmt::format("__metadata__ \"{}\" is no string", Quote(field.key)));
      }
      header.metadata.emplace(field.key, text);
    }
    return {};
  }

  Result<SafetensorsEntry> ReadEntry(std::string_view name,
                                     const dom::element& value) const {
    const auto problem = [&](std::string_view what) {
      return Problem(fmt::format("tensor {}: {}", Quote(name), what));
    };
    dom::object object;
    if (value.get(object)) return problem("its entry is no JSON object");
    PELLUCID_RETURN_IF_ERROR(CheckDistinct(object, name));
    SafetensorsEntry entry;
    entry.name = name;
    std::string_view dtype;
    if (object["dtype"].get(dtype)) return problem("has no \"dtype\" string");
    entry.dtype = dtype;
    std::vector<std::uint64_t> numbers;
    if (!ReadNumbers(object, "shape", numbers)) {
      return problem("has no \"shape\" of whole numbers");
    }
    if (numbers.size() > kMaxRank) {
      return problem(fmt::format("has {} dimensions, at most {} are allowed",
                                 numbers.size(), kMaxRank));
    }
    entry.shape.assign(numbers.begin(), numbers.end());
    if (!ReadNumbers(object, "data_offsets", numbers) || numbers.size() != 2) {
      return problem("has no \"data_offsets\" of two whole numbers");
    }
    entry.begin = numbers[0];
    entry.end = numbers[1];
    return entry;
  }

  // The array `key` of `object`; false unless it holds unsigned integers.
  static bool ReadNumbers(const dom::object& object, std::string_view key,
                          std::vector<std::uint64_t>& numbers) {
    dom::array array;
    if (object[key].get(array)) return false;
    numbers.clear();
    for (const dom::element element : array) {
      std::uint64_t number = 0;
      if (element.get(number)) return false;
      numbers.push_back(number);
    }
    return true;
  }

  std::string_view file_;
};

}  // namespace

Result<SafetensorsHeader> ReadSafetensorsHeader(std::string_view json,
                                                std::string_view file) {
  const HeaderReader reader(file);
  dom::parser parser;
  dom::element root;
  const simdjson::padded_string padded(json);
  if (const auto error = parser.parse(padded).get(root)) {
    return reader.Problem(fmt::format("header of {} bytes is no JSON ({})",
                                      json.size(),
                                      simdjson::error_message(error)));
  }
  return reader.Read(root);
}

}  // namespace pellucid
