// A small model with a tokenizer, as a file: for tests that need words and not
// only ids.
#ifndef PELLUCID_TESTS_TESTUTIL_TEXT_MODEL_H_
#define PELLUCID_TESTS_TESTUTIL_TEXT_MODEL_H_

#include <cstdint>
#include <string>

#include "testutil/temp_dir.h"

namespace pellucid::testutil {

// TinyLlama with a byte-level BPE vocabulary of its 19 rows, as a file in
// `dir`: id 0 is BOS ("<s>", not added unless asked for), 1 EOS, 2 to 9 the
// letters a to h, 10 a space, 11 "ab", 12 " a", 13 " ab", 14 to 18 0 to 4.
// With a chat template if one is given.
std::string WriteTextModel(const TempDir& dir, bool adds_bos = false,
                           const std::string& chat_template = {},
                           std::uint32_t context = 16);

}  // namespace pellucid::testutil

#endif  // PELLUCID_TESTS_TESTUTIL_TEXT_MODEL_H_
