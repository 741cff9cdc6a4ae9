// A folder of its own for a test, removed with all it holds at the end, and
// whole files read and written at once.
#ifndef PELLUCID_TESTS_TESTUTIL_TEMP_DIR_H_
#define PELLUCID_TESTS_TESTUTIL_TEMP_DIR_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pellucid::testutil {

class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  // Path of `name` inside.
  std::string operator/(std::string_view name) const;
  // Names of what lies inside, sorted.
  std::vector<std::string> List() const;

 private:
  std::string path_;
};

// The whole file; empty if it cannot be read.
std::string ReadFileText(const std::string& path);
void WriteFileBytes(const std::string& path, std::span<const std::byte> bytes);

}  // namespace pellucid::testutil

#endif  // PELLUCID_TESTS_TESTUTIL_TEMP_DIR_H_
