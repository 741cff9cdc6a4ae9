#include "model/checkpoint.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/sha256.h"
#include "tokenizer/gguf_loader.h"
#include "tokenizer/hf_loader.h"

namespace pellucid {
namespace {

namespace fs = std::filesystem;

// The files of `folder` that end in .gguf, sorted.
std::vector<std::string> GgufFilesIn(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  fs::directory_iterator it(folder, error);
  for (; !error && it != fs::directory_iterator(); it.increment(error)) {
    if (it->path().extension() == ".gguf") files.push_back(it->path().string());
  }
  std::ranges::sort(files);
  return files;
}

bool IsThere(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

// What the user names instead of a folder's file.
Error NameTheFolder(const fs::path& file) {
  const fs::path folder = file.parent_path();
  return ModelError(
      fmt::format("open: {}: is one file of a model folder; name the folder {}",
                  file.string(), folder.empty() ? "." : folder.string()));
}

}  // namespace

Result<Checkpoint> Checkpoint::Open(const std::string& path) {
  std::string file = path;
  if (std::error_code ignored; fs::is_directory(path, ignored)) {
    const std::vector<std::string> files = GgufFilesIn(path);
    if (IsThere(fs::path(path) / "config.json") || files.empty()) {
      PELLUCID_ASSIGN_OR_RETURN(HfFolder folder, HfFolder::Open(path));
      return Checkpoint(std::move(folder));
    }
    if (files.size() > 1) {
      return ModelError(
          fmt::format("open: {}: holds {} .gguf files; name one "
                      "of them, such as {}",
                      path, files.size(), files.front()));
    }
    file = files.front();
  }
  const fs::path extension = fs::path(file).extension();
  if (extension == ".safetensors" || extension == ".json") {
    return NameTheFolder(file);
  }
  PELLUCID_ASSIGN_OR_RETURN(GgufFile gguf, GgufFile::Open(file));
  return Checkpoint(std::move(gguf));
}

const std::string& Checkpoint::path() const {
  const auto* file = std::get_if<GgufFile>(&held_);
  return file != nullptr ? file->name() : std::get<HfFolder>(held_).path;
}

std::string_view Checkpoint::format() const {
  return std::holds_alternative<GgufFile>(held_) ? "gguf" : "safetensors";
}

std::string Checkpoint::Hash() const {
  const auto* file = std::get_if<GgufFile>(&held_);
  if (file == nullptr) return std::get<HfFolder>(held_).Hash();
  Sha256 hash;
  hash.Update(file->header());
  return HexOf(hash.Finish());
}

std::vector<TensorInfo> Checkpoint::Tensors() const {
  std::vector<TensorInfo> out;
  if (const auto* file = std::get_if<GgufFile>(&held_)) {
    for (const GgufTensor& tensor : file->tensors()) {
      out.push_back({std::string(tensor.name),
                     std::string(InfoOf(tensor.dtype).name), tensor.shape,
                     tensor.data.size()});
    }
    return out;
  }
  for (const SafetensorsFile& file :
       std::get<HfFolder>(held_).tensors.files()) {
    for (const SafetensorsTensor& tensor : file.tensors()) {
      out.push_back({tensor.name, std::string(tensor.dtype), tensor.shape,
                     tensor.data.size()});
    }
  }
  return out;
}

Result<LoadedModel> Checkpoint::Load() const {
  if (const auto* file = std::get_if<GgufFile>(&held_)) {
    return LoadFromGguf(*file);
  }
  const auto& folder = std::get<HfFolder>(held_);
  PELLUCID_ASSIGN_OR_RETURN(LoadedModel loaded, LoadFromHf(folder));
  for (const auto& [key, ids] : {std::pair{"bos_token_id", &folder.bos_ids},
                                 std::pair{"eos_token_id", &folder.eos_ids}}) {
    if (ids->empty()) continue;
    loaded.spec.details.emplace_back(key,
                                     fmt::format("{}", fmt::join(*ids, ", ")));
  }
  return loaded;
}

Result<std::optional<Tokenizer>> Checkpoint::ReadTokenizer() const {
  if (const auto* file = std::get_if<GgufFile>(&held_)) {
    return LoadTokenizer(*file);
  }
  return LoadHfTokenizer(std::get<HfFolder>(held_).path);
}

}  // namespace pellucid
