// Writes the input as the files of a model folder and opens it as a model
// without its tokenizer. The input is a list of files: a line feed ends a name,
// a u16 (little-endian) says how many bytes follow. Names are config.json,
// generation_config.json, model.safetensors.index.json and
// model*.safetensors; others end the list.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/checkpoint.h"

namespace {

namespace fs = std::filesystem;

// Keeps reads from being optimised away.
volatile std::uint64_t sink;

void Require(bool holds) {
  if (!holds) __builtin_trap();
}

// One folder a process, in memory where the system has such a place; emptied
// before each input and removed at the end.
class TempFolder {
 public:
  TempFolder() {
    const bool memory = fs::is_directory("/dev/shm");
    path_ = (memory ? fs::path("/dev/shm") : fs::temp_directory_path()) /
            ("pellucid_fuzz_" + std::to_string(::getpid()));
  }
  ~TempFolder() { fs::remove_all(path_); }

  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

std::string Folder() {
  static const TempFolder folder;
  return folder.path();
}

bool IsKnown(std::string_view name) {
  if (name.find('/') != std::string_view::npos) return false;
  return name == "config.json" || name == "generation_config.json" ||
         name == "model.safetensors.index.json" ||
         (name.starts_with("model") && name.ends_with(".safetensors") &&
          name.size() < 64 && name.find('\0') == std::string_view::npos);
}

void WriteFiles(std::string_view input) {
  fs::remove_all(Folder());
  fs::create_directory(Folder());
  while (true) {
    const std::size_t end = input.find('\n');
    if (end == std::string_view::npos || input.size() - end < 3) return;
    const std::string_view name = input.substr(0, end);
    if (!IsKnown(name)) return;
    std::uint16_t size = 0;
    std::memcpy(&size, input.data() + end + 1, sizeof(size));
    input.remove_prefix(end + 3);
    const std::string_view bytes = input.substr(0, size);
    std::ofstream(Folder() + "/" + std::string(name), std::ios::binary)
        << bytes;
    input.remove_prefix(bytes.size());
  }
}

void CheckMessage(const pellucid::Error& error) {
  Require(error.code == pellucid::ErrorCode::kModel);
  Require(error.message.starts_with("open: "));
  Require(error.message.find('\n') == std::string::npos);
}

// Reads the first and last byte of a matrix, through its strides, and of its
// scales.
void Touch(const pellucid::WeightView& view) {
  if (view.empty()) return;
  if (view.HasGroups()) {
    Require(view.cols % view.groups.elements == 0);
    const std::size_t last = view.rows * view.groups.row_bytes - 1;
    sink = std::to_integer<std::uint64_t>(view.groups.scales[last]);
    if (view.groups.biases != nullptr) {
      sink = std::to_integer<std::uint64_t>(view.groups.biases[last]);
    }
  }
  const std::size_t stored_rows = view.transposed ? view.cols : view.rows;
  sink = std::to_integer<std::uint64_t>(view.data[0]) +
         std::to_integer<std::uint64_t>(
             view.data[stored_rows * view.row_bytes - 1]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  WriteFiles({reinterpret_cast<const char*>(data), size});
  const auto checkpoint = pellucid::Checkpoint::Open(Folder());
  if (!checkpoint.ok()) {
    CheckMessage(checkpoint.error());
    return 0;
  }
  Require(checkpoint->Hash().size() == 64);
  for (const pellucid::TensorInfo& tensor : checkpoint->Tensors()) {
    Require(!tensor.dtype.empty());
  }
  const auto loaded = checkpoint->Load();
  if (!loaded.ok()) {
    CheckMessage(loaded.error());
    return 0;
  }
  const pellucid::ArchSpec& spec = loaded->spec;
  Require(loaded->weights.layers.size() == spec.n_layers);
  Require(spec.layers.size() == spec.n_layers);
  const auto& final_norm = loaded->weights.final_norm.weight;
  Require(final_norm.empty() || final_norm.size() == spec.d_model);
  Touch(loaded->weights.embed);
  Touch(loaded->weights.unembed);
  Touch(loaded->weights.positions);
  for (const pellucid::LayerWeights& layer : loaded->weights.layers) {
    for (const auto* linear :
         {&layer.qkv, &layer.query, &layer.key, &layer.value, &layer.attn_out,
          &layer.gate_up, &layer.gate, &layer.up, &layer.down,
          &layer.mixture.router}) {
      Touch(linear->weight);
    }
    for (const pellucid::ExpertWeights& expert : layer.mixture.experts) {
      for (const auto* view : {&expert.gate, &expert.up, &expert.down}) {
        Touch(*view);
      }
    }
  }
  return 0;
}
