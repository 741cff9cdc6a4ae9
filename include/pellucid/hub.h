// pellucid/hub.h - how a model is fetched from the Hugging Face hub.
//
// A reference `org/name[@revision][:FILE.gguf]` is looked up in the local
// cache, which is shared with Hugging Face's own programs, and downloaded into
// it where it is not there (docs/hub.md). Opening any other reference never
// uses the network.
#ifndef PELLUCID_HUB_H_
#define PELLUCID_HUB_H_

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

namespace pellucid {

// How far a download is.
struct DownloadProgress {
  std::string file;               // the file that is coming
  std::uint64_t bytes = 0;        // here, of all files of the model
  std::uint64_t total_bytes = 0;  // of all files; 0: not known yet
  bool waiting = false;           // for another process that fetches the file
};

// How a download is watched and stopped. The functions are called from the
// thread that asked for the model.
struct HubOptions {
  // Called for each piece that arrives, so return quickly.
  std::function<void(const DownloadProgress& progress)> progress = {};
  // Called with one line for people, such as that the hub cannot be reached
  // and what the cache holds is used.
  std::function<void(const std::string& message)> warn = {};
  // Ends a download within milliseconds (kCancelled). What has arrived stays,
  // and the next download goes on from there.
  std::stop_token stop = {};
};

}  // namespace pellucid

#endif  // PELLUCID_HUB_H_
