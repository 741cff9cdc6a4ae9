#include "hub/cached_models.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "hub/hub_name.h"
#include "hub/model_files.h"
#include "hub/reference.h"
#include "hub/repo_cache.h"

namespace pellucid::hub {
namespace {

namespace fs = std::filesystem;

// Folders of repositories are shallow; a link that leads up must not be walked.
constexpr int kMaxDepth = 8;

// Paths of the regular files below `folder`, or links to some, relative to it,
// sorted.
void AddFilesBelow(const fs::path& folder, const fs::path& prefix, int depth,
                   std::vector<std::string>* files) {
  std::error_code error;
  for (fs::directory_iterator it(folder, error);
       !error && it != fs::directory_iterator(); it.increment(error)) {
    std::error_code ignored;
    const fs::path name = prefix / it->path().filename();
    if (fs::is_regular_file(it->path(), ignored)) {
      files->push_back(name.string());
    } else if (depth < kMaxDepth && fs::is_directory(it->path(), ignored)) {
      AddFilesBelow(it->path(), name, depth + 1, files);
    }
  }
}

std::vector<std::string> FilesBelow(const fs::path& folder) {
  std::vector<std::string> files;
  AddFilesBelow(folder, "", 0, &files);
  std::ranges::sort(files);
  return files;
}

std::vector<std::string> NamesIn(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder, error);
       !error && it != fs::directory_iterator(); it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

std::uint64_t SizeOf(const fs::path& folder,
                     const std::vector<std::string>& files) {
  std::uint64_t bytes = 0;
  for (const std::string& file : files) {
    std::error_code error;
    const auto size = fs::file_size(folder / file, error);
    if (!error) bytes += size;
  }
  return bytes;
}

// "org/name" of "models--org--name"; nothing for what is no model's folder, or
// of a model without an organisation, which no reference names.
std::optional<std::string> RepoOf(std::string_view folder) {
  constexpr std::string_view kPrefix = "models--";
  if (!folder.starts_with(kPrefix)) return std::nullopt;
  const std::string_view parts = folder.substr(kPrefix.size());
  const std::size_t separator = parts.find("--");
  if (separator == std::string_view::npos) return std::nullopt;
  std::string repo(parts.substr(0, separator));
  repo += '/';
  repo += parts.substr(separator + 2);
  const auto name = ParseHubName(repo);
  if (!name || name->repo != repo) return std::nullopt;
  return repo;
}

// The snapshot that `name` stands for: itself, or its .gguf files.
void AddSnapshot(const RepoCache& cache, const HubName& name,
                 const std::string& commit, std::vector<LocalModel>* models) {
  const std::string folder = cache.Snapshot(commit);
  const std::vector<std::string> files = FilesBelow(folder);
  const auto add = [&](const HubName& one, const std::vector<std::string>& of) {
    LocalModel model{one.Text(), one.revision, commit, "", SizeOf(folder, of)};
    if (const auto found = FindCached(cache, one, Part::kModel)) {
      model.path = found->path;
    }
    models->push_back(std::move(model));
  };
  const std::vector<std::string> ggufs = GgufModels(files);
  if (ggufs.empty() || cache.Has(commit, "config.json")) add(name, files);
  for (const std::string& file : ggufs) {
    HubName one = name;
    one.file = file;
    add(one, PartsOf(file));
  }
}

void AddRepo(const RepoCache& cache, const std::string& repo,
             std::vector<LocalModel>* models) {
  std::vector<std::string> named;
  for (const std::string& revision :
       FilesBelow(fs::path(cache.folder()) / "refs")) {
    const auto commit = cache.CommitOf(revision);
    if (!IsRevision(revision) || IsCommit(revision) || !commit ||
        !cache.HasSnapshot(*commit)) {
      continue;
    }
    named.push_back(*commit);
    AddSnapshot(cache, HubName{repo, revision, ""}, *commit, models);
  }
  for (const std::string& commit :
       NamesIn(fs::path(cache.folder()) / "snapshots")) {
    if (!IsCommit(commit) || std::ranges::count(named, commit) > 0) continue;
    AddSnapshot(cache, HubName{repo, commit, ""}, commit, models);
  }
}

bool InOrder(const LocalModel& a, const LocalModel& b) {
  return a.reference < b.reference;
}

}  // namespace

std::vector<LocalModel> ModelsInCache(const Settings& settings) {
  std::vector<LocalModel> models;
  for (const std::string& folder : NamesIn(settings.cache)) {
    if (const auto repo = RepoOf(folder)) {
      AddRepo(RepoCache(settings, *repo), *repo, &models);
    }
  }
  std::ranges::sort(models, InOrder);
  return models;
}

std::vector<LocalModel> ModelsInFolder(const std::string& folder) {
  std::vector<LocalModel> models;
  for (const std::string& name : NamesIn(folder)) {
    const fs::path path = fs::path(folder) / name;
    std::error_code ignored;
    const bool is_folder = fs::is_directory(path, ignored);
    if (!is_folder && path.extension() != ".gguf") continue;
    LocalModel model;
    const bool is_built_in = path.stem() == kBuiltInModel && !is_folder;
    model.reference = is_built_in ? std::string(kBuiltInModel) : path.string();
    model.path = path.string();
    model.bytes =
        is_folder ? SizeOf(path, FilesBelow(path)) : SizeOf(folder, {name});
    models.push_back(std::move(model));
  }
  return models;
}

}  // namespace pellucid::hub
