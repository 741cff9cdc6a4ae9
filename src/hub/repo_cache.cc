#include "hub/repo_cache.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "base/atomic_file.h"
#include "hub/hub_name.h"

namespace pellucid::hub {
namespace {

namespace fs = std::filesystem;

// The mark that backup programs look for (bford.info/cachedir).
constexpr std::string_view kCacheMark =
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# A cache: what is in it can be downloaded again.\n";

constexpr std::size_t kMaxEtag = 200;  // ".incomplete" is put behind it

std::string FolderName(const std::string& repo) {
  std::string name = "models--" + repo;
  const std::size_t slash = name.find('/');
  if (slash != std::string::npos) name.replace(slash, 1, "--");
  return name;
}

Error CacheError(const std::string& path, const std::string& what) {
  return FailedError("open: " + path + ": " + what +
                     "; check the permissions of the cache (HF_HUB_CACHE) and "
                     "the space on its disk");
}

Status MakeFolder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return CacheError(folder.string(), error.message());
  return {};
}

bool IsFile(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

// Replaces what stands at `path` by a link, in one step.
std::error_code ReplaceByLink(const fs::path& target, const fs::path& path) {
  const fs::path temporary =
      path.string() + ".tmp-" + std::to_string(::getpid());
  std::error_code error, ignored;
  fs::remove(temporary, ignored);
  fs::create_symlink(target, temporary, error);
  if (error) return error;
  fs::rename(temporary, path, error);
  if (error) fs::remove(temporary, ignored);
  return error;
}

}  // namespace

RepoCache::RepoCache(const Settings& settings, const std::string& repo)
    : cache_(settings.cache),
      name_(FolderName(repo)),
      folder_((fs::path(cache_) / name_).string()),
      symlinks_(settings.symlinks) {}

std::string RepoCache::Snapshot(std::string_view commit) const {
  return (fs::path(folder_) / "snapshots" / commit).string();
}

std::string RepoCache::SnapshotPath(std::string_view commit,
                                    std::string_view file) const {
  return (fs::path(Snapshot(commit)) / file).string();
}

std::string RepoCache::BlobPath(std::string_view etag) const {
  return (fs::path(folder_) / "blobs" / etag).string();
}

std::string RepoCache::LockPath(std::string_view etag) const {
  const fs::path folder = fs::path(cache_) / ".locks" / name_;
  return (folder / etag).string() + ".lock";
}

std::optional<std::string> RepoCache::CommitOf(
    const std::string& revision) const {
  if (IsCommit(revision)) return revision;
  std::ifstream file(fs::path(folder_) / "refs" / revision, std::ios::binary);
  std::string commit(64, '\0');
  file.read(commit.data(), static_cast<std::streamsize>(commit.size()));
  commit.resize(static_cast<std::size_t>(file.gcount()));
  while (commit.ends_with('\n')) commit.pop_back();
  if (!IsCommit(commit)) return std::nullopt;
  return commit;
}

bool RepoCache::HasSnapshot(std::string_view commit) const {
  std::error_code ignored;
  return fs::is_directory(Snapshot(commit), ignored);
}

bool RepoCache::Has(std::string_view commit, std::string_view file) const {
  return IsFile(SnapshotPath(commit, file));
}

bool RepoCache::IsKnownAbsent(std::string_view commit,
                              std::string_view file) const {
  return IsFile(fs::path(folder_) / ".no_exist" / commit / file);
}

Status RepoCache::Prepare() const {
  PELLUCID_RETURN_IF_ERROR(MakeFolder(fs::path(folder_) / "blobs"));
  PELLUCID_RETURN_IF_ERROR(MakeFolder(fs::path(cache_) / ".locks" / name_));
  const std::string mark = (fs::path(cache_) / "CACHEDIR.TAG").string();
  const int fd =
      ::open(mark.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd >= 0) {
    [[maybe_unused]] const ssize_t written =
        ::write(fd, kCacheMark.data(), kCacheMark.size());
    ::close(fd);
  }
  return {};
}

void RepoCache::MarkAbsent(std::string_view commit,
                           std::string_view file) const {
  const fs::path path = fs::path(folder_) / ".no_exist" / commit / file;
  if (IsFile(path) || !MakeFolder(path.parent_path()).ok()) return;
  const std::ofstream touched(path);
}

Status RepoCache::WriteRef(const std::string& revision,
                           const std::string& commit) const {
  if (CommitOf(revision) == commit) return {};
  const fs::path path = fs::path(folder_) / "refs" / revision;
  PELLUCID_RETURN_IF_ERROR(MakeFolder(path.parent_path()));
  PELLUCID_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path.string()));
  PELLUCID_RETURN_IF_ERROR(file.Write(commit));
  return file.Commit();
}

Status RepoCache::Link(std::string_view etag, std::string_view commit,
                       std::string_view file) const {
  const fs::path path = SnapshotPath(commit, file);
  PELLUCID_RETURN_IF_ERROR(MakeFolder(path.parent_path()));
  fs::path up = "..";  // out of snapshots/COMMIT, and of each folder below
  const auto folders = std::count(file.begin(), file.end(), '/');
  for (std::ptrdiff_t i = 0; i <= folders; ++i) up /= "..";
  std::error_code error;
  if (symlinks_) {
    error = ReplaceByLink(up / "blobs" / etag, path);
    if (!error) return {};
  }
  // A file system without links: the snapshot gets the bytes themselves.
  fs::rename(BlobPath(etag), path, error);
  if (error) return CacheError(path.string(), error.message());
  return {};
}

bool IsPlainEtag(std::string_view etag) {
  return !etag.empty() && etag.size() <= kMaxEtag && etag.front() != '.' &&
         std::ranges::all_of(etag, [](char c) {
           return c > ' ' && c < '\x7f' && c != '/' && c != '\\';
         });
}

}  // namespace pellucid::hub
