// Tokens that are named on the command line: TEXT, encoded alone, or id=N. One
// place, so that all commands read them alike.
#ifndef PELLUCID_CLI_TOKEN_FLAGS_H_
#define PELLUCID_CLI_TOKEN_FLAGS_H_

#include <string>
#include <string_view>
#include <vector>

#include "cli/arguments.h"
#include "pellucid/model.h"
#include "pellucid/result.h"
#include "pellucid/tokenizer.h"

namespace pellucid::cli {

// The one token of `text`. kUsage: it is none, or several (with the pieces).
// kModel: a text, but no tokenizer.
Result<TokenId> ResolveToken(const Arguments& arguments,
                             std::string_view option, const std::string& text,
                             const Model& model);

// What several tokens mean.
enum class AnswerMode {
  kOne,       // an error
  kFirst,     // the first of them
  kSequence,  // all, one after another
};
// "one", "first", "sequence".
AnswerMode AnswerModeFromName(std::string_view name);

// At least one token. Errors as above; several are one with kOne only.
Result<std::vector<TokenId>> ResolveAnswer(const Arguments& arguments,
                                           std::string_view option,
                                           const std::string& text,
                                           AnswerMode mode, const Model& model);

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_TOKEN_FLAGS_H_
