// Writes the input as the files of a model folder, opens it as a model and, if
// it is one, runs two tokens through it. The input is a list of files: a line
// feed ends a name, a u16 (little-endian) says how many bytes follow. Names are
// config.json, generation_config.json, model.safetensors.index.json,
// model*.safetensors and model*.gguf, whole or split, whose tokenizer is read
// too; others end the list. make_seeds.py makes such inputs of every family.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/checkpoint.h"
#include "model/model_impl.h"
#include "pellucid/model.h"

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
         (name.starts_with("model") &&
          (name.ends_with(".safetensors") || name.ends_with(".gguf")) &&
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

void CheckWeights(const pellucid::LoadedModel& loaded) {
  const pellucid::ArchSpec& spec = loaded.spec;
  Require(loaded.weights.layers.size() == spec.n_layers);
  Require(spec.layers.size() == spec.n_layers);
  const auto& final_norm = loaded.weights.final_norm.weight;
  Require(final_norm.empty() || final_norm.size() == spec.d_model);
  Touch(loaded.weights.embed);
  Touch(loaded.weights.unembed);
  Touch(loaded.weights.positions);
  for (const pellucid::LayerWeights& layer : loaded.weights.layers) {
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
}

// Every site of two tokens. Weights are as large as the input says, so this is
// quick.
void Run(pellucid::Checkpoint checkpoint, pellucid::LoadedModel loaded) {
  const pellucid::Model model(std::make_shared<pellucid::Model::Impl>(
      std::move(checkpoint), std::move(loaded.spec), std::move(loaded.weights),
      /*threads=*/1));
  pellucid::RunOptions options{.last_logits = true};
  for (const pellucid::SiteInfo& site : model.Sites()) {
    options.sites.push_back(site.name);
  }
  const std::vector<pellucid::TokenId> ids = {0, 1};
  const auto trace = model.Run(ids, options);
  if (!trace.ok()) {
    Require(trace.error().code != pellucid::ErrorCode::kCancelled);
    Require(trace.error().message.starts_with("run: "));
    return;
  }
  Require(trace->sites.size() == options.sites.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  WriteFiles({reinterpret_cast<const char*>(data), size});
  auto checkpoint = pellucid::Checkpoint::Open(Folder());
  if (!checkpoint.ok()) {
    CheckMessage(checkpoint.error());
    return 0;
  }
  Require(checkpoint->Hash().size() == 64);
  for (const pellucid::TensorInfo& tensor : checkpoint->Tensors()) {
    Require(!tensor.dtype.empty());
  }
  for (const pellucid::StoredNumbers& tensor : checkpoint->Numbers()) {
    std::size_t elements = 1;
    for (const std::size_t dim : tensor.shape) elements *= dim;
    Require(pellucid::RowBytes(tensor.dtype, elements) == tensor.data.size());
  }
  const auto tokenizer = checkpoint->ReadTokenizer();
  if (!tokenizer.ok()) CheckMessage(tokenizer.error());
  auto loaded = checkpoint->Load();
  if (!loaded.ok()) {
    CheckMessage(loaded.error());
    return 0;
  }
  CheckWeights(*loaded);
  Run(std::move(*checkpoint), *std::move(loaded));
  return 0;
}
