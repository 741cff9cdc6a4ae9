// The hub's protocol: what is asked, where redirects lead, and how often.
//
// The token goes to the origin of the endpoint and nowhere else: the bytes of
// large files come from other hosts, with permissions in their addresses. A
// HEAD stops where it would leave the hub, since what it asks about stands in
// that very answer.
#ifndef PELLUCID_HUB_HUB_CLIENT_H_
#define PELLUCID_HUB_HUB_CLIENT_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "hub/http.h"
#include "hub/hub_name.h"
#include "hub/listing.h"
#include "hub/settings.h"
#include "pellucid/hub.h"
#include "pellucid/result.h"

namespace pellucid::hub {

// What the hub says about one file.
struct FileMetadata {
  std::string etag;                   // its hash, mostly; fit for a file's name
  std::optional<std::uint64_t> size;  // bytes
};

class HubClient {
 public:
  // `options` must outlive it.
  HubClient(Settings settings, HubName name, const HubOptions& options);

  // The files of the model. `tries`: how often it is asked where the network
  // or the hub fails. Errors: HubError.
  Result<Listing> List(int tries);

  // Errors: HubError; kFailed too where the answer is no hub's.
  Result<FileMetadata> Head(const std::string& commit, const std::string& file);

  // Its bytes from `begin` on, once: the caller knows what has arrived. Only
  // bodies of 200 and 206 reach `on_body`.
  HttpResponse Get(const std::string& commit, const std::string& file,
                   std::uint64_t begin, decltype(HttpRequest::on_body) on_body);

  // Waits before try number `tried` + 1, as long as the answer asks for. False:
  // stopped, or the hub asks for more than a minute.
  bool WaitToRetry(const HttpResponse& response, int tried,
                   const std::string& file);

  Error ErrorOf(const HttpResponse& response, const std::string& file) const;

  static constexpr int kTries = 5;

 private:
  HttpResponse Follow(HttpRequest request);
  // `make` gives the request anew for each try.
  HttpResponse FollowWithRetries(const std::function<HttpRequest()>& make,
                                 int tries, const std::string& file);

  const Settings settings_;
  const HubName name_;
  const HubOptions& options_;
  HttpClient http_;
};

}  // namespace pellucid::hub

#endif  // PELLUCID_HUB_HUB_CLIENT_H_
