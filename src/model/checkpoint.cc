#include "model/checkpoint.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <span>
#include <system_error>

#include "base/sha256.h"
#include "formats/gguf_split.h"
#include "model/hf_loader.h"
#include "model/mlx_tensors.h"
#include "tokenizer/chat_files.h"
#include "tokenizer/gguf_loader.h"
#include "tokenizer/hf_loader.h"

namespace pellucid {
namespace {

namespace fs = std::filesystem;

Error Unreadable(const std::string& path, const std::error_code& error) {
  return ModelError(fmt::format("open: {}: {}; check its permissions", path,
                                error.message()));
}

// The files of `folder` that end in .gguf, sorted. kModel: it cannot be listed.
Result<std::vector<std::string>> GgufFilesIn(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  fs::directory_iterator it(folder, error);
  for (; !error && it != fs::directory_iterator(); it.increment(error)) {
    if (it->path().extension() == ".gguf") files.push_back(it->path().string());
  }
  if (error) return Unreadable(folder, error);
  std::ranges::sort(files);
  return files;
}

// Whether sorted files are the parts of one split model (formats/gguf_split.h).
bool AreOneModel(std::span<const std::string> files) {
  const GgufSplit first{0, files.size(), {}};
  for (std::size_t part = 0; part < files.size(); ++part) {
    const auto path = GgufPartPath(files.front(), first, part);
    if (!path.ok() || *path != files[part]) return false;
  }
  return true;
}

// What lies at `path`, which may be nothing. kModel: nobody can tell.
Result<fs::file_type> TypeOf(const fs::path& path) {
  std::error_code error;
  const fs::file_type type = fs::status(path, error).type();
  if (type == fs::file_type::none) return Unreadable(path.string(), error);
  return type;
}

// What the user names instead of a folder's file.
Error NameTheFolder(const fs::path& file) {
  const fs::path folder = file.parent_path();
  return ModelError(
      fmt::format("open: {}: is one file of a model folder; name the folder {}",
                  file.string(), folder.empty() ? "." : folder.string()));
}

}  // namespace

Result<CheckpointPath> LocateCheckpoint(const std::string& path) {
  std::string file = path;
  PELLUCID_ASSIGN_OR_RETURN(const fs::file_type type, TypeOf(path));
  if (type == fs::file_type::directory) {
    PELLUCID_ASSIGN_OR_RETURN(const fs::file_type config,
                              TypeOf(fs::path(path) / "config.json"));
    PELLUCID_ASSIGN_OR_RETURN(const std::vector<std::string> files,
                              GgufFilesIn(path));
    if (config != fs::file_type::not_found || files.empty()) {
      return CheckpointPath{path, /*is_folder=*/true};
    }
    if (files.size() > 1 && !AreOneModel(files)) {
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
  return CheckpointPath{std::move(file), /*is_folder=*/false};
}

Result<std::optional<Tokenizer>> ReadTokenizerAt(const std::string& path) {
  PELLUCID_ASSIGN_OR_RETURN(const CheckpointPath at, LocateCheckpoint(path));
  if (at.is_folder) return LoadHfTokenizer(at.path);
  PELLUCID_ASSIGN_OR_RETURN(const GgufFile file, GgufFile::Open(at.path));
  return LoadTokenizer(file);
}

Result<Checkpoint> Checkpoint::Open(const std::string& path) {
  PELLUCID_ASSIGN_OR_RETURN(const CheckpointPath at, LocateCheckpoint(path));
  if (at.is_folder) {
    PELLUCID_ASSIGN_OR_RETURN(HfFolder folder, HfFolder::Open(at.path));
    return Checkpoint(std::move(folder));
  }
  PELLUCID_ASSIGN_OR_RETURN(GgufFile gguf, GgufFile::Open(at.path));
  return Checkpoint(std::move(gguf));
}

const std::string& Checkpoint::path() const {
  const auto* file = std::get_if<GgufFile>(&held_);
  return file != nullptr ? file->name() : std::get<HfFolder>(held_).path;
}

std::string_view Checkpoint::format() const {
  const auto* folder = std::get_if<HfFolder>(&held_);
  if (folder == nullptr) return "gguf";
  return folder->quantisation ? "mlx" : "safetensors";
}

std::string Checkpoint::Hash() const {
  const auto* file = std::get_if<GgufFile>(&held_);
  if (file == nullptr) return std::get<HfFolder>(held_).Hash();
  Sha256 hash;
  for (const auto header : file->headers()) hash.Update(header);
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

std::vector<StoredNumbers> Checkpoint::Numbers() const {
  std::vector<StoredNumbers> out;
  if (const auto* file = std::get_if<GgufFile>(&held_)) {
    for (const GgufTensor& tensor : file->tensors()) {
      out.push_back(
          {std::string(tensor.name), tensor.dtype, tensor.shape, tensor.data});
    }
    return out;
  }
  const SafetensorsSet& set = std::get<HfFolder>(held_).tensors;
  for (const SafetensorsFile& file : set.files()) {
    for (const SafetensorsTensor& tensor : file.tensors()) {
      std::optional<DType> dtype = MlxScaleType(set, tensor);
      if (!dtype) {
        const auto weight = file.WeightType(tensor);
        if (!weight.ok() || IsHfBuffer(tensor.name)) continue;
        dtype = *weight;
      }
      out.push_back({tensor.name, *dtype, tensor.shape, tensor.data});
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

std::vector<std::int64_t> Checkpoint::StopIds() const {
  const auto* file = std::get_if<GgufFile>(&held_);
  if (file == nullptr) return std::get<HfFolder>(held_).eos_ids;
  std::vector<std::int64_t> ids;
  for (const char* key :
       {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
        "tokenizer.ggml.eom_token_id"}) {
    if (!file->Has(key)) continue;
    const auto id = file->Unsigned(key);
    // One that is none ends nothing.
    if (!id.ok() || *id > std::numeric_limits<std::int32_t>::max()) continue;
    ids.push_back(static_cast<std::int64_t>(*id));
  }
  return ids;
}

Result<std::optional<Tokenizer>> Checkpoint::ReadTokenizer() const {
  if (const auto* file = std::get_if<GgufFile>(&held_)) {
    return LoadTokenizer(*file);
  }
  return LoadHfTokenizer(std::get<HfFolder>(held_).path);
}

Result<ChatTemplate> Checkpoint::ReadChatTemplate() const {
  if (const auto* file = std::get_if<GgufFile>(&held_)) {
    return LoadGgufChatTemplate(*file);
  }
  return LoadHfChatTemplate(std::get<HfFolder>(held_).path);
}

}  // namespace pellucid
