// Files spoilt at random, the same way for the same seed: bits and bytes, texts
// cut and repeated, and numbers replaced by those that parsers stumble over.
#ifndef PELLUCID_TESTS_TESTUTIL_MUTATE_H_
#define PELLUCID_TESTS_TESTUTIL_MUTATE_H_

#include <cstddef>
#include <string>

#include "testutil/noise.h"

namespace pellucid::testutil {

// JSON, with one or two changes.
std::string MutateText(std::string text, Random& random);

// The first `header` bytes of a file with one or two changes, most of which
// leave its length as it is; now and then the file is cut.
std::string MutateBinary(std::string bytes, std::size_t header, Random& random);

// A safetensors file: its JSON, whose length the first eight bytes may still
// say afterwards, or these.
std::string MutateSafetensors(const std::string& bytes, Random& random);

}  // namespace pellucid::testutil

#endif  // PELLUCID_TESTS_TESTUTIL_MUTATE_H_
