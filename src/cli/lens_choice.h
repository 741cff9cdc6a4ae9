// --lens: which lens decodes the rows, and where a trained one lies. Shared by
// every command that shows or writes a lens; where --lens means something else,
// or a second lens is named, under another option.
#ifndef PELLUCID_CLI_LENS_CHOICE_H_
#define PELLUCID_CLI_LENS_CHOICE_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/arguments.h"
#include "pellucid/model.h"
#include "pellucid/result.h"
#include "pellucid/trained_lens.h"

namespace pellucid::cli {

// "logit", or a kind and a path.
struct LensChoice {
  LensKind kind = LensKind::kLogit;
  std::string path;  // of a trained lens
};

void AddLensOption(Arguments& arguments, std::optional<std::string>* text);

// What the options that name a lens take as their value.
inline constexpr const char* kLensValue = "logit|tuned:FILE|jacobian:FILE";

// Reads logit, tuned:FILE or jacobian:FILE; without a text, logit. kUsage:
// anything else.
Result<LensChoice> ParseLensChoice(const Arguments& arguments,
                                   const std::optional<std::string>& text,
                                   std::string_view option = "--lens");

// The lens for `model`; null: the logit lens. Errors: ReadTrainedLens.
Result<std::shared_ptr<const TrainedLens>> ReadLensChoice(
    const LensChoice& choice, const Model& model);

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_LENS_CHOICE_H_
