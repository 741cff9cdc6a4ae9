#include "hub/download.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

#include "base/quote.h"
#include "hub/blob_file.h"
#include "hub/file_lock.h"
#include "hub/hub_error.h"

namespace pellucid::hub {
namespace {

using Outcome = HttpResponse::Outcome;

bool Exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

// The first byte of `Content-Range: bytes FIRST-LAST/TOTAL`.
std::optional<std::uint64_t> FirstByte(std::string_view range) {
  constexpr std::string_view kUnit = "bytes ";
  if (!range.starts_with(kUnit)) return std::nullopt;
  range.remove_prefix(kUnit.size());
  std::uint64_t first = 0;
  const auto [end, error] =
      std::from_chars(range.data(), range.data() + range.size(), first);
  if (error != std::errc() || end == range.data() + range.size() ||
      *end != '-') {
    return std::nullopt;
  }
  return first;
}

// The transfer of one file's bytes, with all its tries.
class Transfer {
 public:
  Transfer(HubClient& client, const WantedFile& wanted,
           const HubOptions& options, const FileProgress& progress,
           BlobFile& file)
      : client_(client),
        wanted_(wanted),
        options_(options),
        progress_(progress),
        file_(file) {}

  // All bytes are there, of whatever value.
  Status Run();

 private:
  // True: the whole body came. Else last_ says what happened.
  bool Once();
  bool Take(const HttpResponse& response, std::span<const std::byte> bytes);
  Status PlaceFor(const HttpResponse& response);
  bool IsWhole() const;

  HubClient& client_;
  const WantedFile& wanted_;
  const HubOptions& options_;
  const FileProgress& progress_;
  BlobFile& file_;
  HttpResponse last_;
  std::uint64_t begin_ = 0;  // that the request asked for
  bool placed_ = false;      // the answer's first byte has its place
  bool mismatch_ = false;    // the answer is of another range or size
  Status disk_;
};

bool Transfer::IsWhole() const {
  return wanted_.metadata.size && file_.size() == *wanted_.metadata.size;
}

// Puts the end of the file where the answer's body begins.
Status Transfer::PlaceFor(const HttpResponse& response) {
  placed_ = true;
  if (begin_ == 0) return {};
  if (response.status == 200) return file_.Restart();
  mismatch_ = FirstByte(response.Header("content-range")) != begin_;
  return {};
}

bool Transfer::Take(const HttpResponse& response,
                    std::span<const std::byte> bytes) {
  if (!placed_) disk_ = PlaceFor(response);
  const auto& size = wanted_.metadata.size;
  mismatch_ = mismatch_ || (size && file_.size() + bytes.size() > *size);
  if (!disk_.ok() || mismatch_) return false;
  disk_ = file_.Append(bytes);
  if (!disk_.ok()) return false;
  if (progress_) progress_(file_.size(), /*waiting=*/false);
  return !options_.stop.stop_requested();
}

bool Transfer::Once() {
  begin_ = file_.size();
  placed_ = mismatch_ = false;
  last_ = client_.Get(
      wanted_.commit, wanted_.file, begin_,
      [this](const HttpResponse& response, std::span<const std::byte> bytes) {
        return Take(response, bytes);
      });
  if (!disk_.ok()) return false;
  if (mismatch_ || last_.status == 416) {
    disk_ = file_.Restart();
    last_.outcome = Outcome::kBroken;
    last_.problem = "the answer is of another range or size than asked for";
    return false;
  }
  const bool success = last_.status == 200 || last_.status == 206;
  if (last_.outcome != Outcome::kAnswered || !success) return false;
  if (!wanted_.metadata.size || IsWhole()) return true;
  last_.outcome = Outcome::kBroken;
  last_.problem =
      fmt::format("{} bytes of {} came", file_.size(), *wanted_.metadata.size);
  return false;
}

// Tries are counted anew when the file has grown beyond what it ever had: a
// server that always begins at 0 and always breaks gets no endless row of them.
Status Transfer::Run() {
  const auto& size = wanted_.metadata.size;
  // Without a size nobody knows whether what is there is a beginning.
  if (!size || file_.size() > *size) {
    PELLUCID_RETURN_IF_ERROR(file_.Restart());
  }
  std::uint64_t furthest = file_.size();
  for (int tried = 1; !IsWhole(); ++tried) {
    if (Once()) return {};
    PELLUCID_RETURN_IF_ERROR(disk_);
    if (file_.size() > furthest) tried = 1;
    furthest = std::max(furthest, file_.size());
    if (!size) PELLUCID_RETURN_IF_ERROR(file_.Restart());
    if (!IsWorthAnotherTry(last_) || tried >= HubClient::kTries ||
        !client_.WaitToRetry(last_, tried, wanted_.file)) {
      return client_.ErrorOf(last_, wanted_.file);
    }
  }
  return {};
}

// Of a process of its own where the lock keeps nobody away: two that write the
// same file would spoil it for both.
std::string IncompletePath(const std::string& blob, bool locked) {
  return locked ? blob + ".incomplete"
                : fmt::format("{}.{:08x}.incomplete", blob, ::getpid());
}

Status FetchBlob(HubClient& client, const RepoCache& cache,
                 const WantedFile& wanted, const HubOptions& options,
                 const FileProgress& progress, bool locked) {
  const std::string& etag = wanted.metadata.etag;
  const std::string blob = cache.BlobPath(etag);
  PELLUCID_ASSIGN_OR_RETURN(BlobFile file,
                            BlobFile::Open(IncompletePath(blob, locked)));
  // Twice: the bytes of an earlier run may be at fault.
  for (int tried = 1;; ++tried) {
    const bool is_fresh = file.size() == 0;
    PELLUCID_RETURN_IF_ERROR(
        Transfer(client, wanted, options, progress, file).Run());
    PELLUCID_ASSIGN_OR_RETURN(const bool matches,
                              file.Matches(etag, options.stop));
    if (matches) return file.MoveTo(blob);
    const std::uint64_t size = file.size();
    PELLUCID_RETURN_IF_ERROR(file.Restart());
    if (is_fresh || tried == 2) {
      return FailedError(fmt::format(
          "open: {}: {} bytes came, but their hash is not {}, which the hub "
          "names; try again, and check the proxy if it stays so",
          Quote(wanted.file), size, Quote(etag)));
    }
  }
}

}  // namespace

Result<bool> DownloadFile(HubClient& client, const RepoCache& cache,
                          const WantedFile& wanted, const HubOptions& options,
                          const FileProgress& progress) {
  const std::string& etag = wanted.metadata.etag;
  if (cache.Has(wanted.commit, wanted.file)) return false;
  PELLUCID_ASSIGN_OR_RETURN(
      const FileLock lock,
      FileLock::Take(cache.LockPath(etag), options.stop, [&] {
        if (progress) progress(0, /*waiting=*/true);
      }));
  if (cache.Has(wanted.commit, wanted.file)) return false;
  const bool is_there = Exists(cache.BlobPath(etag));
  if (!is_there) {
    PELLUCID_RETURN_IF_ERROR(
        FetchBlob(client, cache, wanted, options, progress, lock.held()));
  }
  PELLUCID_RETURN_IF_ERROR(cache.Link(etag, wanted.commit, wanted.file));
  return !is_there;
}

}  // namespace pellucid::hub
