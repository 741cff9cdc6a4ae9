// The models that requests may name: the one that the program was started with,
// built-in ones, and what lies in the caches. A name from the network is looked
// up in that list and is never a path or a reason to download.
#ifndef PELLUCID_SERVER_MODEL_STORE_H_
#define PELLUCID_SERVER_MODEL_STORE_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "pellucid/lens_reuse.h"
#include "pellucid/model.h"
#include "pellucid/result.h"
#include "server/served_lens.h"

namespace pellucid::server {

// A model as requests see it. Shared by the runs that use it; but for what they
// leave each other, immutable.
struct ServedModel {
  Model model;
  ModelInfo info;  // with the name that requests use, and no path
  double load_ms = 0;
  std::vector<ServedLens> lenses = {};    // beside the logit lens
  std::shared_ptr<LensReuse> reuse = {};  // of the runs, one at a time
};

using ServedModelPtr = std::shared_ptr<const ServedModel>;

struct ModelChoice {
  std::string ref;
  std::string architecture;
  std::uint64_t bytes = 0;  // of its files; 0: not known
};

// Safe to use from many threads.
class ModelStore {
 public:
  // `served`, with `lenses`, is what requests get that name none. Others are
  // opened with `threads` and kept, the last `kept` of them.
  ModelStore(Model served, double load_ms, std::size_t threads,
             const std::vector<TrainedLensPtr>& lenses, std::size_t kept = 2);

  const ServedModelPtr& served() const { return served_; }

  // The model of that name; nothing: the served one. kUsage: there is none.
  // kModel: it cannot be opened (any more).
  Result<ServedModelPtr> Get(const std::optional<std::string>& ref);

  // All that can be opened, by name; reads headers only.
  std::vector<ModelChoice> List() const;

 private:
  const ServedModelPtr served_;
  const std::size_t threads_, kept_;
  std::mutex mutex_;                // of what follows
  std::list<ServedModelPtr> open_;  // the last used first
};

}  // namespace pellucid::server

#endif  // PELLUCID_SERVER_MODEL_STORE_H_
