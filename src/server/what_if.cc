// What-if changes as edits (prepare.h): the sites are looked up by the point
// that they are, so that a request need not know an architecture's names.
#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/quote.h"
#include "model/model_impl.h"
#include "pellucid/steer.h"
#include "server/prepare.h"
#include "trace/site.h"
#include "trace/site_table.h"

namespace pellucid::server {
namespace {

constexpr std::string_view kOperation = "what_if";

Point PointOf(LensSite site) {
  switch (site) {
    case LensSite::kAttnOut:
      return Point::kAttn;
    case LensSite::kResidMid:
      return Point::kResidMid;
    case LensSite::kMlpOut:
      return Point::kMlp;
    case LensSite::kResidPost:
      break;
  }
  return Point::kResidPost;
}

std::string_view NameOf(Point point) {
  switch (point) {
    case Point::kAttn:
      return "attn_out";
    case Point::kResidMid:
      return "resid_mid";
    case Point::kMlp:
      return "mlp_out";
    case Point::kZ:
      return "z";
    default:
      return "resid_post";
  }
}

class WhatIfMaker {
 public:
  WhatIfMaker(const Model& model, BosPolicy bos, std::size_t max_tokens,
              const std::stop_token& stop)
      : model_(model), bos_(bos), max_tokens_(max_tokens), stop_(stop) {}

  Result<std::vector<Edit>> operator()(const ZeroHead& what) const;
  Result<std::vector<Edit>> operator()(const PatchFrom& what) const;
  Result<std::vector<Edit>> operator()(const Steer& what) const;

 private:
  Result<std::string> SiteOf(Point point, std::size_t layer) const;
  Result<std::vector<TokenId>> Encode(const std::string& text) const;
  // What `site` is at one position of another prompt, [d_model].
  Result<Tensor> RowOf(const std::vector<TokenId>& ids, const std::string& site,
                       std::size_t position) const;

  const Model& model_;
  BosPolicy bos_;
  std::size_t max_tokens_;
  const std::stop_token& stop_;
};

Result<std::string> WhatIfMaker::SiteOf(Point point, std::size_t layer) const {
  const std::size_t layers = model_.info().n_layers;
  if (layer >= layers) {
    return UsageError(
        fmt::format("{}: layer {}: the model has {}; choose one of 0 to {}",
                    kOperation, layer, layers, layers - 1));
  }
  const SiteTable& table = model_.impl().table;
  if (table.Has({point, layer})) return table.NameOf({point, layer});
  return UsageError(fmt::format(
      "{}: {}: layer {} of this architecture has no such point; choose "
      "another",
      kOperation, NameOf(point), layer));
}

Result<std::vector<TokenId>> WhatIfMaker::Encode(
    const std::string& text) const {
  PromptRequest request;
  request.text = text;
  request.bos = bos_;
  PELLUCID_ASSIGN_OR_RETURN(
      PreparedPrompt prompt,
      PreparePrompt(model_, request, kOperation, max_tokens_));
  return std::move(prompt.ids);
}

Result<Tensor> WhatIfMaker::RowOf(const std::vector<TokenId>& ids,
                                  const std::string& site,
                                  std::size_t position) const {
  PELLUCID_ASSIGN_OR_RETURN(const Trace trace,
                            model_.Run(ids, {.sites = {site}, .stop = stop_}));
  const auto row = trace.Find(site)->Row(position);
  Tensor values({row.size()});
  values.data.assign(row.begin(), row.end());
  return values;
}

Result<std::vector<Edit>> WhatIfMaker::operator()(const ZeroHead& what) const {
  Edit edit;
  PELLUCID_ASSIGN_OR_RETURN(edit.site, SiteOf(Point::kZ, what.layer));
  const std::size_t heads = model_.info().n_heads;
  if (what.head >= heads) {
    return UsageError(
        fmt::format("{}: head {}: the model has {}; choose one of 0 to {}",
                    kOperation, what.head, heads, heads - 1));
  }
  edit.kind = EditKind::kZero;
  edit.scope.heads = {what.head};
  edit.scope.positions = what.positions;
  return std::vector<Edit>{std::move(edit)};
}

Result<std::vector<Edit>> WhatIfMaker::operator()(const PatchFrom& what) const {
  Edit edit;
  PELLUCID_ASSIGN_OR_RETURN(edit.site, SiteOf(PointOf(what.site), what.layer));
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<TokenId> ids, Encode(what.from));
  const std::int64_t from = what.from_position.value_or(what.position);
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<std::size_t> positions,
                            Selection::Of({from}).Resolve(ids.size()));
  edit.kind = EditKind::kReplace;
  edit.scope.positions = Selection::Of({what.position});
  PELLUCID_ASSIGN_OR_RETURN(edit.values,
                            RowOf(ids, edit.site, positions.front()));
  return std::vector<Edit>{std::move(edit)};
}

Result<std::vector<Edit>> WhatIfMaker::operator()(const Steer& what) const {
  PELLUCID_ASSIGN_OR_RETURN(const std::string site,
                            SiteOf(Point::kResidPost, what.layer));
  PELLUCID_ASSIGN_OR_RETURN(std::vector<TokenId> plus, Encode(what.plus));
  if (what.minus && !what.minus->empty()) {
    PELLUCID_ASSIGN_OR_RETURN(std::vector<TokenId> minus, Encode(*what.minus));
    const ContrastPair pair{std::move(plus), std::move(minus)};
    SteeringOptions options;
    options.layers = Selection::Of({static_cast<std::int64_t>(what.layer)});
    options.stop = stop_;
    PELLUCID_ASSIGN_OR_RETURN(const std::vector<SteeringVector> vectors,
                              MakeSteering(model_, {&pair, 1}, options));
    return SteeringEdits(vectors, what.scale);
  }
  PELLUCID_ASSIGN_OR_RETURN(Tensor row, RowOf(plus, site, plus.size() - 1));
  const SteeringVector vector{what.layer, site, std::move(row.data)};
  return SteeringEdits({&vector, 1}, what.scale);
}

}  // namespace

Result<std::vector<Edit>> MakeWhatIf(const Model& model,
                                     const std::vector<WhatIf>& what_if,
                                     BosPolicy bos, std::size_t max_tokens,
                                     const std::stop_token& stop) {
  const WhatIfMaker maker(model, bos, max_tokens, stop);
  std::vector<Edit> edits;
  for (std::size_t i = 0; i < what_if.size(); ++i) {
    auto made = std::visit(maker, what_if[i]);
    if (!made.ok()) return made.error();
    for (Edit& edit : *made) edits.push_back(std::move(edit));
  }
  return edits;
}

}  // namespace pellucid::server
