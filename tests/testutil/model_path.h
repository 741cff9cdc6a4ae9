// Where real models and tokenizers lie, for tests that need them.
// They are too large to keep beside the goldens, so these tests skip themselves
// without them.
#ifndef PELLUCID_TESTS_TESTUTIL_MODEL_PATH_H_
#define PELLUCID_TESTS_TESTUTIL_MODEL_PATH_H_

#include <string>

namespace pellucid::testutil {

// $PELLUCID_HOME/models/FILE (PELLUCID_HOME: ~/.cache/pellucid unless set),
// whether or not it is there; script/get-model knows those that tests use.
std::string RealModelPath(const std::string& file);

// That of smollm2-135m.gguf.
std::string DefaultModelPath();

// It is there; a test that finds it absent says so and is skipped.
bool HasDefaultModel();

// $PELLUCID_HOME/tokenizers/NAME/tokenizer.json, which script/get-tokenizers
// puts there, whether or not it has.
std::string RealTokenizerPath(const std::string& name);

}  // namespace pellucid::testutil

#endif  // PELLUCID_TESTS_TESTUTIL_MODEL_PATH_H_
