#include "testutil/golden_json.h"

#include "gtest/gtest.h"
#include "simdjson.h"

namespace pellucid::testutil {
namespace {

using simdjson::dom::element;

std::string ReadText(element value) {
  return std::string(std::string_view(value));
}

std::int32_t ReadInteger(element value) {
  return static_cast<std::int32_t>(std::int64_t(value));
}

// Calls `read` with the value of `key`; simdjson throws where a value is not
// what `read` takes it for.
template <typename Read>
void WithGolden(std::string_view path, std::string_view key, Read read) {
  try {
    simdjson::dom::parser parser;
    const element root = parser.load(GoldenPath(path));
    read(key.empty() ? root : element(root[key]));
  } catch (const simdjson::simdjson_error& error) {
    ADD_FAILURE() << path << ": " << key << ": " << error.what();
  }
}

// An array whose elements `read_element` turns into T.
template <typename T, typename ReadElement>
std::vector<T> ReadArray(element array, ReadElement read_element) {
  std::vector<T> out;
  for (const element value : simdjson::dom::array(array)) {
    out.push_back(read_element(value));
  }
  return out;
}

}  // namespace

std::string GoldenPath(std::string_view path) {
  return std::string(PELLUCID_SOURCE_DIR "/tests/golden/").append(path);
}

std::vector<std::string> GoldenStrings(std::string_view path,
                                       std::string_view key) {
  std::vector<std::string> out;
  WithGolden(path, key, [&](element value) {
    out = ReadArray<std::string>(value, ReadText);
  });
  return out;
}

std::vector<std::int32_t> GoldenIntegers(std::string_view path,
                                         std::string_view key) {
  std::vector<std::int32_t> out;
  WithGolden(path, key, [&](element value) {
    out = ReadArray<std::int32_t>(value, ReadInteger);
  });
  return out;
}

std::vector<std::vector<std::int32_t>> GoldenRows(std::string_view path,
                                                  std::string_view key) {
  using Row = std::vector<std::int32_t>;
  std::vector<Row> out;
  WithGolden(path, key, [&](element value) {
    out = ReadArray<Row>(value, [](element row) {
      return ReadArray<std::int32_t>(row, ReadInteger);
    });
  });
  return out;
}

std::vector<std::pair<std::string, std::string>> GoldenPairs(
    std::string_view path, std::string_view key) {
  using Pair = std::pair<std::string, std::string>;
  std::vector<Pair> out;
  WithGolden(path, key, [&](element value) {
    out = ReadArray<Pair>(value, [](element pair) {
      return Pair(ReadText(pair.at(0)), ReadText(pair.at(1)));
    });
  });
  return out;
}

std::map<std::string, std::string> GoldenMap(std::string_view path,
                                             std::string_view key) {
  std::map<std::string, std::string> out;
  WithGolden(path, key, [&](element value) {
    for (const auto field : simdjson::dom::object(value)) {
      out.emplace(field.key, ReadText(field.value));
    }
  });
  return out;
}

std::map<std::string, std::string> GoldenObject(std::string_view path) {
  std::map<std::string, std::string> out;
  WithGolden(path, "", [&](element root) {
    for (const auto field : simdjson::dom::object(root)) {
      out.emplace(field.key, simdjson::minify(field.value));
    }
  });
  return out;
}

}  // namespace pellucid::testutil
