// Addresses on the hub. Whether two are of the same origin decides whether the
// token may go along (a file's bytes come from other hosts than its name).
// Parsing is libcurl's, the same that then connects: two parsers that differ
// are a way to send a token elsewhere.
#ifndef PELLUCID_HUB_URL_H_
#define PELLUCID_HUB_URL_H_

#include <optional>
#include <string>
#include <string_view>

#include "hub/hub_name.h"

namespace pellucid::hub {

// The list of files of a model at its revision.
std::string ListingUrl(const std::string& endpoint, const HubName& name);

// One file at a commit.
std::string FileUrl(const std::string& endpoint, const std::string& repo,
                    std::string_view commit, std::string_view file);

// Scheme, host and port in one text. Nothing: no address of http or https.
std::optional<std::string> OriginOf(const std::string& url);

// Where `location`, absolute or relative, leads to from `url`. Nothing: no
// address of http or https.
std::optional<std::string> JoinUrl(const std::string& url,
                                   const std::string& location);

}  // namespace pellucid::hub

#endif  // PELLUCID_HUB_URL_H_
