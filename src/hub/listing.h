// What the hub says a model consists of: its answer to /api/models/REPO. Bytes
// of the network, so that nothing in it is trusted.
#ifndef PELLUCID_HUB_LISTING_H_
#define PELLUCID_HUB_LISTING_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/result.h"

namespace pellucid::hub {

// Answers of the largest repositories have some 2 MB.
inline constexpr std::size_t kMaxListingBytes = std::size_t{32} << 20;

struct Listing {
  std::string commit;              // that the revision stands for
  std::vector<std::string> files;  // paths, sorted

  bool Has(std::string_view file) const;
};

// Names that would not stay inside a folder are left out: no model needs them.
// kFailed: it is no such answer. `name` stands for the model in messages.
Result<Listing> ParseListing(std::string_view json, const std::string& name);

}  // namespace pellucid::hub

#endif  // PELLUCID_HUB_LISTING_H_
