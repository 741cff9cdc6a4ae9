#include "hub/model_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <set>
#include <system_error>

#include "base/quote.h"
#include "formats/json_file.h"
#include "formats/safetensors_index.h"

namespace pellucid::hub {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxIndexBytes = std::size_t{256} << 20;
constexpr std::size_t kMaxParts = 99999;  // five digits
constexpr std::size_t kNamed = 8;         // files that a message names

constexpr std::array<std::string_view, 8> kTokenizerFiles = {
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "tokenizer.model",
    "vocab.json",
    "merges.txt"};
constexpr std::array<std::string_view, 2> kConfigFiles = {
    "config.json", "generation_config.json"};

// "NAME-00001-of-00003.gguf" as its parts.
struct SplitName {
  std::string stem, ending;
  std::size_t part = 0, parts = 0;

  std::string Part(std::size_t number) const {
    return fmt::format("{}-{:05}-of-{:05}{}", stem, number, parts, ending);
  }
};

std::optional<SplitName> AsSplit(std::string_view file) {
  constexpr std::string_view kForm = "-00001-of-00003";
  const std::size_t dot = file.rfind('.');
  if (dot == std::string_view::npos || dot < kForm.size()) return std::nullopt;
  const std::string_view form = file.substr(dot - kForm.size(), kForm.size());
  const auto number = [&form](std::size_t at, std::size_t* to) {
    const char* begin = form.data() + at;
    return std::from_chars(begin, begin + 5, *to).ptr == begin + 5;
  };
  SplitName split;
  if (form[0] != '-' || form.substr(6, 4) != "-of-" ||
      !number(1, &split.part) || !number(10, &split.parts)) {
    return std::nullopt;
  }
  split.stem = file.substr(0, dot - kForm.size());
  split.ending = file.substr(dot);
  if (split.part < 1 || split.part > split.parts || split.parts > kMaxParts) {
    return std::nullopt;
  }
  return split;
}

// Weights in one file, or in several that no index names.
std::vector<std::string> PlainWeights(const std::vector<std::string>& files) {
  std::vector<std::string> weights;
  for (const std::string& file : files) {
    if (file == "model.safetensors") return {file};
    if (file.starts_with("model") && file.ends_with(".safetensors") &&
        file.find('/') == std::string::npos) {
      weights.push_back(file);
    }
  }
  return weights;
}

std::string Several(const std::vector<std::string>& files) {
  std::vector<std::string> named;
  for (const std::string& file : files) {
    if (named.size() == kNamed) break;
    named.push_back(Quote(file));
  }
  return fmt::format("{}{}", fmt::join(named, ", "),
                     files.size() > kNamed ? ", ..." : "");
}

Error Unfit(const HubName& name, const std::string& what) {
  return ModelError(fmt::format("open: {}: {}", name.Text(), what));
}

Error NoWeights(const Listing& listing, const HubName& name) {
  const auto ends = [&listing](std::string_view ending) {
    return std::ranges::find_if(listing.files, [&](const std::string& file) {
      return file.ends_with(ending);
    });
  };
  if (listing.Has("adapter_config.json")) {
    return Unfit(name,
                 "is an adapter; merge it into its base model, save "
                 "that, and name the folder");
  }
  for (const std::string_view ending : {".bin", ".pt", ".pth", ".ckpt"}) {
    if (const auto file = ends(ending); file != listing.files.end()) {
      return Unfit(
          name,
          fmt::format("has its weights only as {}, a pickle, which can run "
                      "code: unsupported; name a revision with safetensors, "
                      "such as {}@refs/pr/1 if there is one, or convert it "
                      "with transformers (save_pretrained) and name that",
                      Quote(*file), name.repo));
    }
  }
  return Unfit(name,
               "holds neither safetensors files nor a .gguf file; choose "
               "another repository");
}

Result<ModelFiles> ChooseGguf(const Listing& listing, const HubName& name) {
  const std::vector<std::string> models = GgufModels(listing.files);
  std::string file = name.file;
  if (file.empty()) {
    if (models.size() > 1) {
      return Unfit(name, fmt::format("holds {} models; name one, as {}:{}: {}",
                                     models.size(), name.Text(),
                                     Quote(models.front()), Several(models)));
    }
    file = models.front();
  }
  ModelFiles chosen;
  const std::vector<std::string> parts = PartsOf(file);
  chosen.open = parts.front();
  for (const std::string& part : parts) {
    if (!listing.Has(part)) {
      return Unfit(
          name,
          fmt::format("the repository has no {}; its .gguf "
                      "files are: {}",
                      Quote(part), models.empty() ? "none" : Several(models)));
    }
    chosen.files.push_back(part);
  }
  return chosen;
}

void Choose(const Listing& listing, std::string_view file, ModelFiles* chosen) {
  (listing.Has(file) ? chosen->files : chosen->absent).emplace_back(file);
}

// The regular files of the snapshot's top, or links to some.
std::vector<std::string> FilesIn(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::directory_iterator it(folder, error);
       !error && it != fs::directory_iterator(); it.increment(error)) {
    std::error_code ignored;
    if (fs::is_regular_file(it->path(), ignored)) {
      files.push_back(it->path().filename().string());
    }
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace

std::vector<std::string> PartsOf(const std::string& file) {
  const auto split = AsSplit(file);
  if (!split) return {file};
  std::vector<std::string> parts;
  for (std::size_t i = 1; i <= split->parts; ++i) {
    parts.push_back(split->Part(i));
  }
  return parts;
}

std::vector<std::string> GgufModels(const std::vector<std::string>& files) {
  std::vector<std::string> models;
  for (const std::string& file : files) {
    const auto split = AsSplit(file);
    if (file.ends_with(".gguf") && (!split || split->part == 1)) {
      models.push_back(file);
    }
  }
  return models;
}

Result<ModelFiles> ChooseFiles(const Listing& listing, const HubName& name,
                               Part part) {
  if (!name.file.empty()) return ChooseGguf(listing, name);
  const bool has_index = listing.Has(kIndexFile);
  const std::vector<std::string> weights = PlainWeights(listing.files);
  const bool has_tokenizer =
      listing.Has("tokenizer.json") || listing.Has("vocab.json");
  const bool has_weights = has_index || !weights.empty();
  if (!has_weights && !(part == Part::kTokenizer && has_tokenizer)) {
    if (!GgufModels(listing.files).empty()) return ChooseGguf(listing, name);
    return NoWeights(listing, name);
  }
  if (part == Part::kModel && !listing.Has("config.json")) {
    return Unfit(name, "holds no config.json; choose another repository");
  }
  ModelFiles chosen;
  for (const std::string_view file : kConfigFiles) {
    Choose(listing, file, &chosen);
  }
  for (const std::string_view file : kTokenizerFiles) {
    Choose(listing, file, &chosen);
  }
  if (part == Part::kTokenizer) {
    if (!chosen.files.empty()) return chosen;
    return Unfit(name,
                 "holds weights, but neither a tokenizer nor a config.json; "
                 "choose another repository");
  }
  chosen.has_index = has_index;
  if (has_index) {
    chosen.files.emplace_back(kIndexFile);
  } else {
    chosen.absent.emplace_back(kIndexFile);
    chosen.files.insert(chosen.files.end(), weights.begin(), weights.end());
  }
  return chosen;
}

Result<std::vector<std::string>> ShardsOf(const std::string& path) {
  PELLUCID_ASSIGN_OR_RETURN(const JsonFile json,
                            JsonFile::Open(path, kMaxIndexBytes));
  PELLUCID_ASSIGN_OR_RETURN(const WeightMap map, ReadWeightMap(json));
  std::set<std::string> shards;
  for (const auto& [tensor, file] : map) shards.insert(file);
  return std::vector<std::string>(shards.begin(), shards.end());
}

std::optional<CachedModel> FindCached(const RepoCache& cache,
                                      const HubName& name, Part part) {
  const auto commit = cache.CommitOf(name.revision);
  if (!commit || !cache.HasSnapshot(*commit)) return std::nullopt;
  const auto has = [&](std::string_view file) {
    return cache.Has(*commit, file);
  };
  CachedModel found{*commit, cache.Snapshot(*commit), true};
  const std::vector<std::string> files = FilesIn(found.path);
  std::string gguf = name.file;
  const std::vector<std::string> models = GgufModels(files);
  if (gguf.empty() && !has("config.json") && models.size() == 1) {
    gguf = models.front();
  }
  if (!gguf.empty()) {
    const std::vector<std::string> parts = PartsOf(gguf);
    if (!std::ranges::all_of(parts, has)) return std::nullopt;
    found.path = cache.SnapshotPath(*commit, parts.front());
    return found;
  }
  const bool has_tokenizer =
      has("tokenizer.json") || (has("vocab.json") && has("merges.txt"));
  if (part == Part::kTokenizer) {
    if (!has_tokenizer) return std::nullopt;
    return found;
  }
  if (!has("config.json")) return std::nullopt;
  std::vector<std::string> weights = PlainWeights(files);
  if (has(kIndexFile)) {
    auto shards = ShardsOf(cache.SnapshotPath(*commit, kIndexFile));
    if (!shards.ok()) return std::nullopt;
    weights = *std::move(shards);
  } else if (!weights.empty()) {
    weights = PartsOf(weights.front());
  }
  if (weights.empty() || !std::ranges::all_of(weights, has)) {
    return std::nullopt;
  }
  found.is_complete =
      has_tokenizer || cache.IsKnownAbsent(*commit, "tokenizer.json");
  return found;
}

}  // namespace pellucid::hub
