// A model from the hub, whole and of its newest commit, into the cache: what
// `pellucid pull` does, and what opening a model does that is not there.
#ifndef PELLUCID_HUB_PULL_H_
#define PELLUCID_HUB_PULL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "hub/hub_name.h"
#include "hub/model_files.h"
#include "hub/settings.h"
#include "pellucid/hub.h"
#include "pellucid/result.h"

namespace pellucid::hub {

struct PulledFile {
  std::string name;
  std::uint64_t bytes = 0;
  bool downloaded = false;  // now; false: it was there
};

struct PulledModel {
  std::string path;  // to be opened
  std::string commit;
  std::vector<PulledFile> files;  // of the model
  bool is_current = true;  // false: the hub was not asked, or did not answer
};

// Asks the hub what the revision is now, and fetches what the cache lacks of
// it. Where the network or the hub fails, or the settings say offline, what the
// cache has under that name serves, with a warning. kModel: it cannot be had.
// kFailed: the network, the hub or the disk fails. kCancelled: stopped.
Result<PulledModel> PullModel(const HubName& name, Part part,
                              const Settings& settings,
                              const HubOptions& options);

}  // namespace pellucid::hub

#endif  // PELLUCID_HUB_PULL_H_
