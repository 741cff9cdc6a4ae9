// Goldens that are JSON: strings, rows of numbers, pairs.
//
// `path` is relative to tests/golden; `key` names a member of the file's
// object, or is empty where the file is the array itself. A file that does not
// read as asked is a failure of the test, and gives an empty result.
#ifndef PELLUCID_TESTS_TESTUTIL_GOLDEN_JSON_H_
#define PELLUCID_TESTS_TESTUTIL_GOLDEN_JSON_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pellucid::testutil {

std::string GoldenPath(std::string_view path);

std::vector<std::string> GoldenStrings(std::string_view path,
                                       std::string_view key);
std::vector<std::int32_t> GoldenIntegers(std::string_view path,
                                         std::string_view key);
std::vector<std::vector<std::int32_t>> GoldenRows(std::string_view path,
                                                  std::string_view key);
std::vector<std::pair<std::string, std::string>> GoldenPairs(
    std::string_view path, std::string_view key);
std::map<std::string, std::string> GoldenMap(std::string_view path,
                                             std::string_view key);

// The whole object: key and value as JSON text.
std::map<std::string, std::string> GoldenObject(std::string_view path);

}  // namespace pellucid::testutil

#endif  // PELLUCID_TESTS_TESTUTIL_GOLDEN_JSON_H_
