// Opens the input as a GGUF file, asks every key for every type and reads
// every byte that a view shows.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "formats/gguf.h"

namespace {

using pellucid::GgufFile;

// Keeps reads from being optimised away.
volatile std::uint64_t sink;

void Require(bool holds) {
  if (!holds) __builtin_trap();
}

void ReadAll(std::span<const std::byte> bytes) {
  std::uint64_t sum = 0;
  for (const std::byte b : bytes) sum += std::to_integer<std::uint64_t>(b);
  sink = sum;
}

void ReadAll(std::string_view text) {
  ReadAll(std::as_bytes(std::span(text.data(), text.size())));
}

void CheckMessage(const pellucid::Error& error) {
  Require(error.code == pellucid::ErrorCode::kModel);
  Require(error.message.find('\n') == std::string::npos);
}

template <typename T>
void CheckResult(const pellucid::Result<T>& result) {
  if (!result.ok()) CheckMessage(result.error());
}

void AskForEveryType(const GgufFile& file, std::string_view key) {
  CheckResult(file.Unsigned(key));
  CheckResult(file.Unsigned(key, 1));
  CheckResult(file.Float(key));
  CheckResult(file.Float(key, 1));
  CheckResult(file.Bool(key, true));
  CheckResult(file.Integers(key));
  CheckResult(file.Floats(key));
  const auto text = file.String(key);
  CheckResult(text);
  if (text.ok()) ReadAll(*text);
  CheckResult(file.String(key, ""));
  const auto texts = file.Strings(key);
  CheckResult(texts);
  if (!texts.ok()) return;
  for (const std::string_view each : *texts) ReadAll(each);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto file = GgufFile::Parse(bytes, "fuzz.gguf");
  if (!file.ok()) {
    CheckMessage(file.error());
    return 0;
  }
  ReadAll(file->headers().front());
  for (const auto& [key, value] : file->values()) {
    ReadAll(key);
    AskForEveryType(*file, key);
  }
  AskForEveryType(*file, "no such key");
  for (const pellucid::GgufTensor& tensor : file->tensors()) {
    ReadAll(tensor.data);
    Require(file->FindTensor(tensor.name) == &tensor);
    std::size_t elements = 1;
    for (const std::size_t dim : tensor.shape) elements *= dim;
    Require(pellucid::RowBytes(tensor.dtype, elements) == tensor.data.size());
  }
  return 0;
}
