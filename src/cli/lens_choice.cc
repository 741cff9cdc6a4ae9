#include "cli/lens_choice.h"

#include <fmt/format.h>

#include "base/quote.h"

namespace pellucid::cli {

void AddLensOption(Arguments& arguments, std::optional<std::string>* text) {
  arguments.Text("--lens", kLensValue, text,
                 "the lens that decodes the rows: the model's own head, or "
                 "behind the maps of a file: of pellucid tune, of the "
                 "tuned-lens package, of mlxterp, a Jacobian lens; default: "
                 "logit");
}

Result<LensChoice> ParseLensChoice(const Arguments& arguments,
                                   const std::optional<std::string>& text,
                                   std::string_view option) {
  if (!text || *text == LensKindName(LensKind::kLogit)) return LensChoice();
  for (const LensKind kind : {LensKind::kTuned, LensKind::kJacobian}) {
    const std::string prefix = fmt::format("{}:", LensKindName(kind));
    if (text->starts_with(prefix) && text->size() > prefix.size()) {
      return LensChoice{kind, text->substr(prefix.size())};
    }
  }
  return arguments.Problem(
      option, fmt::format("{} is no lens; give logit, tuned:FILE or "
                          "jacobian:FILE",
                          Quote(*text)));
}

Result<std::shared_ptr<const TrainedLens>> ReadLensChoice(
    const LensChoice& choice, const Model& model) {
  if (choice.kind == LensKind::kLogit) {
    return std::shared_ptr<const TrainedLens>();
  }
  return ReadTrainedLens(choice.kind, choice.path, model);
}

}  // namespace pellucid::cli
