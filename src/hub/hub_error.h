// What an answer of the hub that is no success means to the one who asked, in
// one line. The code says who can mend it: kModel what the reference or the
// token asks for cannot be had; kFailed the network or the hub fails now, and
// what the cache holds may serve.
#ifndef PELLUCID_HUB_HUB_ERROR_H_
#define PELLUCID_HUB_HUB_ERROR_H_

#include <string>

#include "hub/http.h"
#include "hub/hub_name.h"
#include "hub/settings.h"
#include "pellucid/result.h"

namespace pellucid::hub {

// `file`: the one that was asked for; empty: the list of files. Never holds
// the token.
Error HubError(const HttpResponse& response, const Settings& settings,
               const HubName& name, const std::string& file);

// Whether the same request may well succeed a little later.
bool IsWorthAnotherTry(const HttpResponse& response);

}  // namespace pellucid::hub

#endif  // PELLUCID_HUB_HUB_ERROR_H_
