// One repository in the cache of Hugging Face's programs:
//
//   CACHE/models--ORG--NAME/
//     blobs/ETAG                  the bytes, named by their hash
//     blobs/ETAG.incomplete       those that have arrived
//     snapshots/COMMIT/PATH       symbolic link to ../../blobs/ETAG
//     refs/REVISION               the commit of a branch or tag, no newline
//     .no_exist/COMMIT/PATH       empty: there is no such file at that commit
//   CACHE/.locks/models--ORG--NAME/ETAG.lock
//
// Paths and small files only: nothing here asks the hub.
#ifndef PELLUCID_HUB_REPO_CACHE_H_
#define PELLUCID_HUB_REPO_CACHE_H_

#include <optional>
#include <string>
#include <string_view>

#include "hub/settings.h"
#include "pellucid/result.h"

namespace pellucid::hub {

class RepoCache {
 public:
  // `repo`: "org/name" as ParseHubName takes it.
  RepoCache(const Settings& settings, const std::string& repo);

  const std::string& folder() const { return folder_; }
  std::string Snapshot(std::string_view commit) const;
  std::string SnapshotPath(std::string_view commit,
                           std::string_view file) const;
  std::string BlobPath(std::string_view etag) const;
  std::string LockPath(std::string_view etag) const;

  // `revision` if it is a commit, else what refs/ says. Nothing: not known
  // here.
  std::optional<std::string> CommitOf(const std::string& revision) const;
  bool HasSnapshot(std::string_view commit) const;
  // A regular file that can be followed to its bytes.
  bool Has(std::string_view commit, std::string_view file) const;
  bool IsKnownAbsent(std::string_view commit, std::string_view file) const;

  // Makes the folders for the blobs and the locks, and marks the cache as one
  // that backups may leave out. kFailed.
  Status Prepare() const;
  // For the next to know. That it cannot be written is no reason to stop.
  void MarkAbsent(std::string_view commit, std::string_view file) const;
  // Nothing to do for a revision that is a commit. kFailed.
  Status WriteRef(const std::string& revision, const std::string& commit) const;
  // Makes the blob appear in the snapshot: as a relative link, or itself where
  // links are not wanted or not to be had. kFailed.
  Status Link(std::string_view etag, std::string_view commit,
              std::string_view file) const;

 private:
  std::string cache_, name_, folder_;
  bool symlinks_;
};

// Whether the hub's name of some bytes can be a file's name here.
bool IsPlainEtag(std::string_view etag);

}  // namespace pellucid::hub

#endif  // PELLUCID_HUB_REPO_CACHE_H_
