#include "hub/pull.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "base/quote.h"
#include "hub/download.h"
#include "hub/hub_client.h"
#include "hub/repo_cache.h"

namespace pellucid::hub {
namespace {

namespace fs = std::filesystem;

// One model on its way.
class Pull {
 public:
  Pull(const HubName& name, Part part, const Settings& settings,
       const HubOptions& options)
      : name_(name),
        part_(part),
        options_(options),
        cache_(settings, name.repo),
        client_(settings, name, options) {}

  // How often the hub is asked what there is, before it counts as out of reach.
  Result<PulledModel> Run(int tries);

 private:
  Status Fetch(const std::vector<std::string>& files);
  Status FetchOne(const WantedFile& wanted);
  Status CheckSpace() const;
  std::uint64_t SizeInCache(const std::string& file) const;

  const HubName& name_;
  const Part part_;
  const HubOptions& options_;
  const RepoCache cache_;
  HubClient client_;
  PulledModel model_;
  DownloadProgress done_;
  std::uint64_t missing_ = 0;  // bytes, of the files to fetch
};

std::uint64_t Pull::SizeInCache(const std::string& file) const {
  std::error_code error;
  const auto size =
      fs::file_size(cache_.SnapshotPath(model_.commit, file), error);
  return error ? 0 : size;
}

Status Pull::CheckSpace() const {
  std::error_code error;
  const fs::space_info space = fs::space(cache_.folder(), error);
  if (error || space.available >= missing_) return {};
  return FailedError(fmt::format(
      "open: {}: {} bytes are to come, but {} has room for {}; make room, or "
      "set HF_HUB_CACHE to another disk",
      name_.Text(), missing_, cache_.folder(), space.available));
}

Status Pull::FetchOne(const WantedFile& wanted) {
  const std::uint64_t before = done_.bytes;
  done_.file = wanted.file;
  const auto show = [&](std::uint64_t bytes, bool waiting) {
    if (!options_.progress) return;
    done_.bytes = before + bytes;
    done_.waiting = waiting;
    options_.progress(done_);
  };
  PELLUCID_ASSIGN_OR_RETURN(
      const bool downloaded,
      DownloadFile(client_, cache_, wanted, options_, show));
  const std::uint64_t size = SizeInCache(wanted.file);
  model_.files.push_back({wanted.file, size, downloaded});
  show(size, /*waiting=*/false);
  done_.bytes = before + size;
  return {};
}

// All sizes are asked for first, so that the bar knows the whole.
Status Pull::Fetch(const std::vector<std::string>& files) {
  std::vector<WantedFile> wanted;
  missing_ = 0;
  for (const std::string& file : files) {
    if (cache_.Has(model_.commit, file)) {
      const std::uint64_t size = SizeInCache(file);
      model_.files.push_back({file, size, /*downloaded=*/false});
      done_.bytes += size;
      done_.total_bytes += size;
      continue;
    }
    PELLUCID_ASSIGN_OR_RETURN(FileMetadata metadata,
                              client_.Head(model_.commit, file));
    done_.total_bytes += metadata.size.value_or(0);
    missing_ += metadata.size.value_or(0);
    wanted.push_back({model_.commit, file, std::move(metadata)});
  }
  if (wanted.empty()) return {};
  PELLUCID_RETURN_IF_ERROR(cache_.Prepare());
  PELLUCID_RETURN_IF_ERROR(CheckSpace());
  for (const WantedFile& file : wanted) {
    PELLUCID_RETURN_IF_ERROR(FetchOne(file));
  }
  return {};
}

// The ref comes last: until then an older snapshot stays what it names.
Result<PulledModel> Pull::Run(int tries) {
  PELLUCID_ASSIGN_OR_RETURN(const Listing listing, client_.List(tries));
  model_.commit = listing.commit;
  PELLUCID_ASSIGN_OR_RETURN(const ModelFiles chosen,
                            ChooseFiles(listing, name_, part_));
  PELLUCID_RETURN_IF_ERROR(Fetch(chosen.files));
  if (chosen.has_index) {
    PELLUCID_ASSIGN_OR_RETURN(
        const std::vector<std::string> shards,
        ShardsOf(cache_.SnapshotPath(listing.commit, kIndexFile)));
    for (const std::string& shard : shards) {
      if (listing.Has(shard)) continue;
      return ModelError(fmt::format(
          "open: {}: its index names {}, which the repository does not have; "
          "choose another repository or revision",
          name_.Text(), Quote(shard)));
    }
    PELLUCID_RETURN_IF_ERROR(Fetch(shards));
  }
  for (const std::string& file : chosen.absent) {
    cache_.MarkAbsent(listing.commit, file);
  }
  // A cache that is read-only serves too.
  const Status written = cache_.WriteRef(name_.revision, listing.commit);
  const bool fetched = std::ranges::any_of(
      model_.files, [](const PulledFile& file) { return file.downloaded; });
  if (!written.ok() && fetched) return written.error();
  model_.path = chosen.open.empty()
                    ? cache_.Snapshot(listing.commit)
                    : cache_.SnapshotPath(listing.commit, chosen.open);
  return std::move(model_);
}

Error NotHere(const HubName& name, const Settings& settings) {
  return ModelError(fmt::format(
      "open: {}: no such file or folder, it is not whole in the cache {}, and "
      "HF_HUB_OFFLINE forbids to fetch it; unset that, or name a folder or a "
      ".gguf file",
      name.Text(), settings.cache));
}

PulledModel FromCache(const CachedModel& cached) {
  return {cached.path, cached.commit, {}, /*is_current=*/false};
}

void Warn(const HubOptions& options, const std::string& message) {
  if (options.warn) options.warn(message);
}

}  // namespace

Result<PulledModel> PullModel(const HubName& name, Part part,
                              const Settings& settings,
                              const HubOptions& options) {
  const auto cached = FindCached(RepoCache(settings, name.repo), name, part);
  if (settings.offline) {
    if (!cached) return NotHere(name, settings);
    return FromCache(*cached);
  }
  const int tries = cached ? 1 : HubClient::kTries;
  Result<PulledModel> pulled = Pull(name, part, settings, options).Run(tries);
  if (pulled.ok() || !cached || pulled.error().code != ErrorCode::kFailed) {
    return pulled;
  }
  Warn(options, fmt::format("{}; going on with what the cache has, commit {}",
                            pulled.error().message, cached->commit));
  return FromCache(*cached);
}

}  // namespace pellucid::hub
