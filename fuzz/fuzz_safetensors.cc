// Opens the input as a safetensors file and reads every byte that a view
// shows. Views must fill the data section one after another.
#include <cstddef>
#include <cstdint>
#include <span>

#include "formats/safetensors.h"

namespace {

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

void CheckMessage(const pellucid::Error& error) {
  Require(error.code == pellucid::ErrorCode::kModel);
  Require(error.message.find('\n') == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto file = pellucid::SafetensorsFile::Parse(bytes, "fuzz.safetensors");
  if (!file.ok()) {
    CheckMessage(file.error());
    return 0;
  }
  ReadAll(file->header());
  std::size_t end = sizeof(std::uint64_t) + file->header().size();
  for (const pellucid::SafetensorsTensor& tensor : file->tensors()) {
    Require(tensor.data.data() == bytes.data() + end);
    end += tensor.data.size();
    ReadAll(tensor.data);
    Require(file->Find(tensor.name) == &tensor);
    const auto type = file->WeightType(tensor);
    if (!type.ok()) {
      CheckMessage(type.error());
      continue;
    }
    std::size_t elements = 1;
    for (const std::size_t dim : tensor.shape) elements *= dim;
    Require(pellucid::RowBytes(*type, elements) == tensor.data.size());
  }
  Require(end == size);
  return 0;
}
