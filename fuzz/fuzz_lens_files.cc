// Opens the input as a zip archive and reads its entries, as a file of
// torch.save and every tensor that its values name, and as a .npy array. Beside
// the archive, the input is run as the pickle of a file of torch.
#include <cstddef>
#include <cstdint>
#include <span>

#include "formats/npy_reader.h"
#include "formats/torch_file.h"
#include "formats/torch_pickle.h"
#include "formats/zip_reader.h"

namespace {

// Keeps reads from being optimised away.
volatile double sink;

void Require(bool holds) {
  if (!holds) __builtin_trap();
}

void CheckMessage(const pellucid::Error& error) {
  Require(error.code == pellucid::ErrorCode::kModel);
  Require(error.message.find('\n') == std::string::npos);
}

void CheckTensor(const pellucid::Result<pellucid::Tensor>& tensor) {
  if (!tensor.ok()) return CheckMessage(tensor.error());
  std::size_t elements = 1;
  for (const std::size_t dim : tensor->shape) elements *= dim;
  Require(tensor->data.size() == elements);
  double sum = 0;
  for (const float x : tensor->data) sum += static_cast<double>(x);
  sink = sum;
}

void CheckZip(std::span<const std::byte> bytes) {
  const auto zip = pellucid::ZipFile::Parse(bytes, "fuzz.zip");
  if (!zip.ok()) return CheckMessage(zip.error());
  for (const pellucid::ZipEntry& entry : zip->entries()) {
    // Many entries of one range could make much of a small file.
    if (entry.size > 1 << 20) continue;
    const auto data = zip->Read(entry);
    if (!data.ok()) {
      CheckMessage(data.error());
      continue;
    }
    Require(data->bytes().size() == entry.size);
    CheckTensor(pellucid::ReadNpy(data->bytes(), "fuzz.npz"));
  }
}

void CheckTorch(std::span<const std::byte> bytes) {
  const auto file = pellucid::TorchFile::Parse(bytes, "fuzz.pt");
  if (!file.ok()) return CheckMessage(file.error());
  for (const auto& [key, value] : file->root().pairs) {
    file->Find(file->root(), file->At(key).text);
    const pellucid::TorchValue& item = file->At(value);
    if (item.kind != pellucid::TorchValue::Kind::kTensor) continue;
    CheckTensor(file->Read(item.tensor));
  }
}

void CheckPickle(std::span<const std::byte> bytes) {
  const auto pickle = pellucid::ReadTorchPickle(bytes, "fuzz.pkl");
  if (!pickle.ok()) return CheckMessage(pickle.error());
  const std::size_t count = pickle->values.size();
  Require(pickle->root < count);
  for (const pellucid::TorchValue& value : pickle->values) {
    for (const std::size_t item : value.items) Require(item < count);
    for (const auto& [key, item] : value.pairs) {
      Require(key < count && item < count);
    }
    Require(value.tensor.shape.size() == value.tensor.strides.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  CheckZip(bytes);
  CheckTorch(bytes);
  CheckPickle(bytes);
  CheckTensor(pellucid::ReadNpy(bytes, "fuzz.npy"));
  return 0;
}
