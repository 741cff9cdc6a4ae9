// The names of LensSite, as the command line and programs write them.
#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/quote.h"
#include "pellucid/lens.h"

namespace pellucid {
namespace {

// As help and messages list them: the default first.
constexpr std::array<std::pair<std::string_view, LensSite>, 4> kNames = {{
    {"resid_post", LensSite::kResidPost},
    {"resid_mid", LensSite::kResidMid},
    {"attn_out", LensSite::kAttnOut},
    {"mlp_out", LensSite::kMlpOut},
}};

Result<LensSite> ParseSite(std::string_view item, std::string_view text,
                           std::string_view what) {
  for (const auto& [name, site] : kNames) {
    if (item == name) return site;
  }
  return UsageError(fmt::format(
      "{}: \"{}\": {} none of the rows that a block has; write resid_post, "
      "resid_mid, attn_out, mlp_out, or several with commas and without blanks",
      what, Quote(text),
      item == text ? std::string("is")
                   : fmt::format("\"{}\" is", Quote(item))));
}

}  // namespace

Result<std::vector<LensSite>> ParseLensSites(std::string_view text,
                                             std::string_view what) {
  std::vector<LensSite> sites;
  std::string_view rest = text;
  while (true) {
    const std::size_t comma = rest.find(',');
    PELLUCID_ASSIGN_OR_RETURN(const LensSite site,
                              ParseSite(rest.substr(0, comma), text, what));
    sites.push_back(site);
    if (comma == std::string_view::npos) return sites;
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace pellucid
