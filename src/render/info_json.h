// What `pellucid info` tells, schema "pellucid.info/1".
// Tensors and sites stand in it only where they were asked for.
#ifndef PELLUCID_RENDER_INFO_JSON_H_
#define PELLUCID_RENDER_INFO_JSON_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "pellucid/model.h"
#include "pellucid/trace.h"  // SiteInfo
#include "render/json_writer.h"

namespace pellucid::render {

struct TokenizerInfo {
  std::string kind;
  std::size_t vocab_size = 0;
  std::optional<TokenId> bos_id, eos_id;
  bool adds_bos = false;
};

// Of a server: what requests for the model may ask for.
struct ServeInfo {
  std::size_t max_tokens = 0;       // the longest prompt
  std::vector<std::string> lenses;  // "logit", and the names of trained ones
};

struct InfoReport {
  ModelInfo model;
  std::optional<TokenizerInfo> tokenizer;          // empty: null
  std::string tokenizer_error = {};                // why there is none
  std::optional<std::vector<TensorInfo>> tensors;  // empty: not asked for
  std::optional<std::vector<SiteInfo>> sites;      // empty: not asked for
  std::optional<ServeInfo> serve = {};             // empty: no server
};

// Writes {"schema", "model", "config", "tokenizer", "tensors", "sites"} and a
// line feed; without a tokenizer, "tokenizer_error" says why. Of a server,
// "serve": {"max_tokens", "lenses"} too, and "n_heads" and "context" in
// "model". Details of the model that are numbers or truth values in JSON's
// spelling are written as such.
void WriteInfoJson(const InfoReport& report, JsonStyle style,
                   const TextSink& sink);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_INFO_JSON_H_
