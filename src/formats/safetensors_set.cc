#include "formats/safetensors_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/quote.h"

namespace pellucid {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kIndex = "model.safetensors.index.json";
constexpr std::string_view kSingle = "model.safetensors";
// The largest models have some ten thousand tensors, about a megabyte.
constexpr std::size_t kMaxIndexBytes = 100'000'000;

Error Problem(const std::string& object, const std::string& what) {
  return ModelError(fmt::format("open: {}: {}", object, what));
}

// Names of what lies in the folder, sorted. kModel: it cannot be listed.
Result<std::set<std::string>> List(const std::string& folder) {
  std::error_code error;
  std::set<std::string> names;
  fs::directory_iterator it(folder, error);
  for (; !error && it != fs::directory_iterator(); it.increment(error)) {
    names.insert(it->path().filename().string());
  }
  if (error) {
    return Problem(folder, error.message() +
                               "; check that it is a folder and may be read");
  }
  return names;
}

// Why a folder without model*.safetensors cannot be opened: what there is
// instead decides what helps.
Error NoWeights(const std::string& folder, const std::set<std::string>& names) {
  const auto named = [&](std::initializer_list<std::string_view> endings) {
    const auto it = std::ranges::find_if(names, [&](std::string_view name) {
      return std::ranges::any_of(
          endings, [&](std::string_view e) { return name.ends_with(e); });
    });
    return it == names.end() ? std::string() : *it;
  };
  const auto problem = [&](const std::string& found, std::string_view what) {
    return Problem(folder, fmt::format("holds no model.safetensors, only {}{}",
                                       Quote(found), what));
  };
  if (names.contains("adapter_model.safetensors")) {
    return problem("adapter_model.safetensors",
                   ", an adapter; merge it into its base model and save that");
  }
  if (const auto found = named({".safetensors"}); !found.empty()) {
    return problem(found,
                   "; only model.safetensors, its index and "
                   "model*.safetensors are read: get the model in Hugging "
                   "Face's layout, not quantised");
  }
  if (const auto found = named({".gguf"}); !found.empty()) {
    return problem(found, "; name that file");
  }
  if (const auto found = named({".bin", ".pt", ".pth"}); !found.empty()) {
    return problem(found,
                   ", which is not read because loading it may run code; save "
                   "the model as safetensors (save_pretrained with "
                   "safe_serialization=True)");
  }
  return Problem(folder,
                 "holds no model.safetensors; check that the download is "
                 "whole");
}

}  // namespace

Status SafetensorsSet::OpenFiles(const std::string& folder,
                                 const std::set<std::string>& names) {
  files_.reserve(names.size());
  for (const std::string& name : names) {
    PELLUCID_ASSIGN_OR_RETURN(
        SafetensorsFile file,
        SafetensorsFile::Open((fs::path(folder) / name).string()));
    files_.push_back(std::move(file));
  }
  for (const SafetensorsFile& file : files_) {
    for (const SafetensorsTensor& tensor : file.tensors()) {
      const auto [it, fresh] =
          tensors_.emplace(tensor.name, Place{&file, &tensor});
      if (fresh) continue;
      return Problem(file.name(),
                     fmt::format("tensor {} stands in {} too; remove the file "
                                 "that does not belong to the model",
                                 Quote(tensor.name), it->second.file->name()));
    }
  }
  return {};
}

Status SafetensorsSet::CheckWeightMap(const std::string& index,
                                      const WeightMap& map) const {
  for (const auto& [name, shard] : map) {
    const Place place = Find(name);
    if (place.tensor == nullptr) {
      return Problem(index, fmt::format("tensor {} should be in {}, but is "
                                        "not; get that file again",
                                        Quote(name), Quote(shard)));
    }
    const std::string file = fs::path(place.file->name()).filename().string();
    if (file != shard) {
      return Problem(index,
                     fmt::format("tensor {} should be in {}, but lies "
                                 "in {}; index and files do not belong "
                                 "together, get them again",
                                 Quote(name), Quote(shard), Quote(file)));
    }
  }
  return {};
}

Result<SafetensorsSet> SafetensorsSet::Open(const std::string& folder) {
  PELLUCID_ASSIGN_OR_RETURN(const std::set<std::string> names, List(folder));
  SafetensorsSet set;
  if (names.contains(std::string(kIndex))) {
    const std::string path = (fs::path(folder) / kIndex).string();
    PELLUCID_ASSIGN_OR_RETURN(const JsonFile index,
                              JsonFile::Open(path, kMaxIndexBytes));
    PELLUCID_ASSIGN_OR_RETURN(const WeightMap map, ReadWeightMap(index));
    std::set<std::string> shards;
    for (const auto& [tensor, shard] : map) shards.insert(shard);
    PELLUCID_RETURN_IF_ERROR(set.OpenFiles(folder, shards));
    PELLUCID_RETURN_IF_ERROR(set.CheckWeightMap(path, map));
    return set;
  }
  std::set<std::string> chosen;
  if (names.contains(std::string(kSingle))) {
    chosen.insert(std::string(kSingle));
  } else {
    for (const std::string& name : names) {
      if (name.starts_with("model") && name.ends_with(".safetensors")) {
        chosen.insert(name);
      }
    }
  }
  if (chosen.empty()) return NoWeights(folder, names);
  PELLUCID_RETURN_IF_ERROR(set.OpenFiles(folder, chosen));
  return set;
}

SafetensorsSet::Place SafetensorsSet::Find(std::string_view name) const {
  const auto it = tensors_.find(name);
  return it == tensors_.end() ? Place{} : it->second;
}

}  // namespace pellucid
