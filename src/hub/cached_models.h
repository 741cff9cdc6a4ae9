// What is on this machine: the models in the hub's cache, and those in the
// folder of built-in ones.
#ifndef PELLUCID_HUB_CACHED_MODELS_H_
#define PELLUCID_HUB_CACHED_MODELS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "hub/settings.h"

namespace pellucid::hub {

struct LocalModel {
  std::string reference;    // what opens it, for --model
  std::string revision;     // branch or tag; empty: not from the hub
  std::string commit;       // empty: not from the hub
  std::string path;         // to be opened; empty: not whole
  std::uint64_t bytes = 0;  // of its files here, those that are shared included
};

// Every snapshot of every repository under each name that a ref gives it, and
// under its commit where none does; of one with .gguf files, each of these. In
// the order of the references. Folders that cannot be read are left out.
std::vector<LocalModel> ModelsInCache(const Settings& settings);

// The .gguf files and model folders in `folder`.
std::vector<LocalModel> ModelsInFolder(const std::string& folder);

}  // namespace pellucid::hub

#endif  // PELLUCID_HUB_CACHED_MODELS_H_
