// What the hub's side reads of others: the first line of the input is a model
// reference, the rest the hub's list of files for it. Whatever they say, no
// path that is chosen leaves the folder that it is put into, and none that is
// no name in the list is asked for.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "hub/hub_name.h"
#include "hub/listing.h"
#include "hub/model_files.h"

namespace {

namespace hub = pellucid::hub;

void Require(bool holds) {
  if (!holds) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = input.find('\n');
  const auto name = hub::ParseHubName(input.substr(0, line));
  if (!name) return 0;
  Require(hub::IsPlainPath(name->repo) && hub::IsRevision(name->revision));
  Require(name->repo.find("..") == std::string::npos);
  Require(name->file.empty() || hub::IsPlainPath(name->file));
  const auto again = hub::ParseHubName(name->Text());
  Require(again && again->repo == name->repo && again->file == name->file &&
          again->revision == name->revision);
  if (line == std::string_view::npos) return 0;
  const auto listing = hub::ParseListing(input.substr(line + 1), name->Text());
  if (!listing.ok()) return 0;
  Require(hub::IsCommit(listing->commit));
  for (const hub::Part part : {hub::Part::kModel, hub::Part::kTokenizer}) {
    const auto chosen = hub::ChooseFiles(*listing, *name, part);
    if (!chosen.ok()) continue;
    Require(!chosen->files.empty());
    for (const std::string& file : chosen->files) {
      Require(listing->Has(file) && hub::IsPlainPath(file));
    }
    for (const std::string& file : chosen->absent) {
      Require(!listing->Has(file) && hub::IsPlainPath(file));
    }
    Require(chosen->open.empty() || listing->Has(chosen->open));
  }
  return 0;
}
