// One file of a model, from the hub into the cache.
//
// What has arrived is kept: a connection that breaks goes on with a Range
// request from there, and so does the next run after a Ctrl-C. A server that
// answers a Range with the whole file, or that says there is no such range,
// begins anew. At the end size and hash must be those that the hub named.
#ifndef PELLUCID_HUB_DOWNLOAD_H_
#define PELLUCID_HUB_DOWNLOAD_H_

#include <cstdint>
#include <functional>
#include <string>

#include "hub/hub_client.h"
#include "hub/repo_cache.h"
#include "pellucid/hub.h"
#include "pellucid/result.h"

namespace pellucid::hub {

// What is to come.
struct WantedFile {
  std::string commit;
  std::string file;
  FileMetadata metadata;
};

// Called with the bytes of the file that are there; `waiting`: for another
// process that fetches it.
using FileProgress = std::function<void(std::uint64_t bytes, bool waiting)>;

// Makes the file appear in its snapshot, unless it is there. True: bytes came
// over the network. Waits where another process fetches the same file. kFailed:
// the network, the hub or the disk fails, or the bytes are not what the hub
// named. kModel: see HubError. kCancelled.
Result<bool> DownloadFile(HubClient& client, const RepoCache& cache,
                          const WantedFile& wanted, const HubOptions& options,
                          const FileProgress& progress);

}  // namespace pellucid::hub

#endif  // PELLUCID_HUB_DOWNLOAD_H_
