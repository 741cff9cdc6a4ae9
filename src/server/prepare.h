// From what a request says to what a run takes, with the model at hand: token
// ids, targets, edits. What needs no run of the model is done before a request
// waits for its turn, so that what is wrong is said at once.
#ifndef PELLUCID_SERVER_PREPARE_H_
#define PELLUCID_SERVER_PREPARE_H_

#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/chat.h"
#include "pellucid/edit.h"
#include "pellucid/model.h"
#include "pellucid/result.h"
#include "server/api_request.h"

namespace pellucid::server {

struct PreparedPrompt {
  std::vector<TokenId> ids;
  std::optional<std::string> text;  // empty: ids
  std::vector<TokenTurn> turns;     // of messages
};

// `operation` opens the messages. kUsage: no tokens, more than `max_tokens` or
// than the context, ids beyond the vocabulary, messages that the template
// refuses. kModel: no tokenizer, or no template.
Result<PreparedPrompt> PreparePrompt(const Model& model,
                                     const PromptRequest& request,
                                     std::string_view operation,
                                     std::size_t max_tokens);

// kUsage: a text that is not one token (with the pieces).
Result<std::vector<TokenId>> PrepareTargets(
    const Model& model, const std::vector<std::string>& targets);

// Edits as they stand in a request. kUsage: damaged, of another model, with
// values in a file, or of a site that is not there.
Result<std::vector<Edit>> ParseRequestEdits(const Model& model,
                                            const std::string& json);

// The edits that `what_if` amounts to: runs the model where it takes
// activations. Prompts get a BOS token as `bos` says and have at most
// `max_tokens`. kUsage: a layer, head or position that is not there, a site
// that the architecture does not have. kCancelled.
Result<std::vector<Edit>> MakeWhatIf(const Model& model,
                                     const std::vector<WhatIf>& what_if,
                                     BosPolicy bos, std::size_t max_tokens,
                                     const std::stop_token& stop);

}  // namespace pellucid::server

#endif  // PELLUCID_SERVER_PREPARE_H_
