#include "formats/torch_writer.h"

#include <string>
#include <vector>

#include "formats/torch_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testutil/noise.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;

std::string Written(std::span<const NamedFloats> tensors) {
  std::string out;
  const Status status = WriteTorchFile(
      [&out](std::span<const std::byte> bytes) {
        out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        return Status();
      },
      tensors);
  EXPECT_TRUE(status.ok()) << status.error().message;
  return out;
}

TEST(TorchWriterTest, IsReadAgain) {
  const std::vector<float> a = testutil::Noise(12, 1), b = {2.5f};
  const std::vector<std::size_t> matrix = {3, 4}, vector = {1}, empty = {0, 4};
  const NamedFloats tensors[] = {
      {"0.weight", matrix, a}, {"0.bias", vector, b}, {"none", empty, {}}};
  const std::string bytes = Written(tensors);
  const auto file = TorchFile::Parse(std::as_bytes(std::span(bytes)), "x.pt");
  ASSERT_TRUE(file.ok()) << file.error().message;
  for (const NamedFloats& tensor : tensors) {
    const TorchValue* value = file->Find(file->root(), tensor.name);
    ASSERT_NE(value, nullptr) << tensor.name;
    const auto read = file->Read(value->tensor);
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(read->shape, std::vector<std::size_t>(tensor.shape.begin(),
                                                    tensor.shape.end()));
    EXPECT_EQ(read->data,
              std::vector<float>(tensor.values.begin(), tensor.values.end()));
  }
  EXPECT_EQ(Written(tensors), bytes);
}

TEST(TorchWriterTest, RefusesANameTwice) {
  const std::vector<std::size_t> shape = {0};
  const NamedFloats tensors[] = {{"a", shape, {}}, {"a", shape, {}}};
  const Status status = WriteTorchFile(
      [](std::span<const std::byte>) { return Status(); }, tensors);
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message, HasSubstr("stands twice"));
}

}  // namespace
}  // namespace pellucid
