#include "testutil/golden.h"

#include <cstring>
#include <utility>

#include "formats/safetensors.h"
#include "gtest/gtest.h"
#include "simdjson.h"

namespace pellucid::testutil {
namespace {

// The entry `name` of `map`, or an empty one and a test failure.
template <typename Map>
const typename Map::mapped_type& Entry(const Map& map, std::string_view name) {
  static const typename Map::mapped_type kEmpty{};
  const auto it = map.find(name);
  if (it != map.end()) return it->second;
  ADD_FAILURE() << "golden has no \"" << name << "\" of that type";
  return kEmpty;
}

}  // namespace

const Tensor& Golden::Get(std::string_view name) const {
  return Entry(tensors, name);
}

const std::vector<std::byte>& Golden::Bytes(std::string_view name) const {
  return Entry(bytes, name);
}

std::vector<std::int32_t> Golden::Ids() const {
  std::vector<std::int32_t> ids;
  const auto it = metadata.find("ids");
  if (it == metadata.end()) return ids;
  simdjson::dom::parser parser;
  simdjson::dom::array array;
  if (parser.parse(it->second).get(array)) {
    ADD_FAILURE() << "metadata \"ids\" is no JSON array: " << it->second;
    return ids;
  }
  for (const simdjson::dom::element element : array) {
    std::int64_t id = -1;
    if (element.get(id)) ADD_FAILURE() << "an id is no integer: " << it->second;
    ids.push_back(static_cast<std::int32_t>(id));
  }
  return ids;
}

std::map<std::string, std::string> Golden::Same() const {
  std::map<std::string, std::string> same;
  const auto it = metadata.find("same");
  if (it == metadata.end()) return same;
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(it->second).get(object)) {
    ADD_FAILURE() << "metadata \"same\" is no JSON object: " << it->second;
    return same;
  }
  for (const auto& [name, stored] : object) {
    std::string_view text;
    if (stored.get(text)) ADD_FAILURE() << name << " is the same as no text";
    same.emplace(name, text);
  }
  return same;
}

Golden LoadGolden(const std::string& path) {
  Golden golden;
  const auto file = SafetensorsFile::Open(
      std::string(PELLUCID_SOURCE_DIR "/tests/golden/") + path);
  if (!file.ok()) {
    golden.error = file.error().message;
    return golden;
  }
  golden.metadata = file->metadata();
  for (const SafetensorsTensor& source : file->tensors()) {
    if (source.dtype == "F32") {
      Tensor tensor(source.shape);
      if (!source.data.empty()) {
        std::memcpy(tensor.data.data(), source.data.data(), source.data.size());
      }
      golden.tensors.emplace(source.name, std::move(tensor));
    } else if (source.dtype == "U8") {
      golden.bytes.emplace(
          source.name,
          std::vector<std::byte>(source.data.begin(), source.data.end()));
      golden.byte_shapes.emplace(source.name, source.shape);
    } else {
      golden.error = path + ": " + source.name + " is neither F32 nor U8";
      return golden;
    }
  }
  return golden;
}

}  // namespace pellucid::testutil
