// Numbers made by an outside implementation (tools/goldens), read from a
// safetensors file under tests/golden.
//
//   const Golden golden = LoadGolden("smollm2/prompt_a.safetensors");
//   ASSERT_TRUE(golden.ok()) << golden.error;
//   const Tensor& logits = golden.Get("logits");
#ifndef PELLUCID_TESTS_TESTUTIL_GOLDEN_H_
#define PELLUCID_TESTS_TESTUTIL_GOLDEN_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/tensor.h"

namespace pellucid::testutil {

struct Golden {
  std::map<std::string, Tensor, std::less<>> tensors;                // F32
  std::map<std::string, std::vector<std::byte>, std::less<>> bytes;  // U8
  std::map<std::string, std::vector<std::size_t>, std::less<>> byte_shapes;
  std::map<std::string, std::string, std::less<>> metadata;
  std::string error;  // why nothing could be read; else empty

  bool ok() const { return error.empty(); }

  // The tensor `name`; a test failure and an empty one if there is none.
  const Tensor& Get(std::string_view name) const;
  const std::vector<std::byte>& Bytes(std::string_view name) const;

  // The token ids of metadata "ids", a JSON array; empty if there is none.
  std::vector<std::int32_t> Ids() const;

  // Names that are not stored because their tensor has the bits of another:
  // metadata "same", a JSON object of (name, the name that is stored).
  std::map<std::string, std::string> Same() const;
};

// `path` is relative to tests/golden.
Golden LoadGolden(const std::string& path);

}  // namespace pellucid::testutil

#endif  // PELLUCID_TESTS_TESTUTIL_GOLDEN_H_
