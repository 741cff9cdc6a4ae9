// Writes safetensors files in memory, right ones and wrong ones.
//
//   const std::vector<std::byte> bytes =
//       SafetensorsBuilder()
//           .Floats("model.norm.weight", {4}, {1, 2, 3, 4})
//           .Tensor("ids", "I64", {1}, BytesOf(std::int64_t{7}))
//           .Build();
#ifndef PELLUCID_TESTS_TESTUTIL_SAFETENSORS_BUILDER_H_
#define PELLUCID_TESTS_TESTUTIL_SAFETENSORS_BUILDER_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pellucid::testutil {

class SafetensorsBuilder {
 public:
  using Bytes = std::vector<std::byte>;

  // Tensors, their data one after another in the order of the calls.
  SafetensorsBuilder& Tensor(std::string_view name, std::string_view dtype,
                             const std::vector<std::size_t>& shape,
                             const Bytes& data);
  SafetensorsBuilder& Floats(std::string_view name,
                             const std::vector<std::size_t>& shape,
                             const std::vector<float>& values);

  // Blanks behind the header: what they leave of 8 + header decides how the
  // data is aligned.
  SafetensorsBuilder& PadHeader(std::size_t blanks);

  Bytes Build() const;

 private:
  std::string entries_;
  Bytes data_;
  std::size_t blanks_ = 0;
};

}  // namespace pellucid::testutil

#endif  // PELLUCID_TESTS_TESTUTIL_SAFETENSORS_BUILDER_H_
