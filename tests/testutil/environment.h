// Environment variables for one test: set, or taken away, and put back after.
// Header only. Not for tests with other threads that read the environment.
#ifndef PELLUCID_TESTS_TESTUTIL_ENVIRONMENT_H_
#define PELLUCID_TESTS_TESTUTIL_ENVIRONMENT_H_

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

namespace pellucid::testutil {

class ScopedEnvironment {
 public:
  // Nothing: the variable is not set.
  ScopedEnvironment(std::string name, const std::optional<std::string>& value)
      : name_(std::move(name)) {
    if (const char* old = std::getenv(name_.c_str())) old_ = old;
    Set(value);
  }
  ~ScopedEnvironment() { Set(old_); }
  ScopedEnvironment(const ScopedEnvironment&) = delete;
  ScopedEnvironment& operator=(const ScopedEnvironment&) = delete;

 private:
  void Set(const std::optional<std::string>& value) const {
    if (value) {
      ::setenv(name_.c_str(), value->c_str(), 1);
    } else {
      ::unsetenv(name_.c_str());
    }
  }

  std::string name_;
  std::optional<std::string> old_;
};

}  // namespace pellucid::testutil

#endif  // PELLUCID_TESTS_TESTUTIL_ENVIRONMENT_H_
