// Where the default model lies, for tests that need a real one. It is too large
// to keep beside the goldens, so these tests skip themselves without it.
#ifndef PELLUCID_TESTS_TESTUTIL_MODEL_PATH_H_
#define PELLUCID_TESTS_TESTUTIL_MODEL_PATH_H_

#include <string>

namespace pellucid::testutil {

// $PELLUCID_HOME/models/smollm2-135m.gguf (PELLUCID_HOME: ~/.cache/pellucid
// unless set), whether or not it is there.
std::string DefaultModelPath();

// It is there; a test that finds it absent says so and is skipped.
bool HasDefaultModel();

}  // namespace pellucid::testutil

#endif  // PELLUCID_TESTS_TESTUTIL_MODEL_PATH_H_
