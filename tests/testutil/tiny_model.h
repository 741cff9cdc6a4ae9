// Small models: those of the goldens, and one made on the spot that a test can
// spoil.
#ifndef PELLUCID_TESTS_TESTUTIL_TINY_MODEL_H_
#define PELLUCID_TESTS_TESTUTIL_TINY_MODEL_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "testutil/gguf_builder.h"

namespace pellucid::testutil {

// Path of tests/golden/tiny_llama/NAME.gguf.
std::string TinyLlamaPath(std::string_view name);

// Names of all tiny models that have goldens.
std::vector<std::string> TinyLlamaNames();

// A Llama of two layers, d_model 8, two heads, one key-value head, d_mlp 12,
// vocabulary 19, context 16, all F32, drawn from a fixed seed. Tests leave out
// or add keys and tensors by name.
struct TinyLlama {
  std::vector<std::string> without = {};  // keys or tensors to leave out
  // A tensor whose first value is replaced.
  std::string spoil = {};
  float spoil_value = 0;

  GgufBuilder Builder() const;
};

// A GPT-2 of the same sizes: two heads of 4, LayerNorms, learned positions.
struct TinyGpt2 {
  std::vector<std::string> without = {};

  GgufBuilder Builder() const;
};

}  // namespace pellucid::testutil

#endif  // PELLUCID_TESTS_TESTUTIL_TINY_MODEL_H_
