// pellucid/trace.h - activations of one run, by site name.
//
// A site is a point of the computation: the output of a module under its
// Hugging Face path ("model.layers.5.self_attn.q_proj"), or a derived point
// ("model.layers.5.resid_mid", "embed", "logits"). Spellings of mlxterp
// ("model.model.layers.5"), TransformerLens ("blocks.5.hook_resid_post") and
// names without the base prefix are accepted as aliases. Values equal the
// module's output in Hugging Face eager float32.
#ifndef PELLUCID_TRACE_H_
#define PELLUCID_TRACE_H_

#include <cstddef>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/edit.h"
#include "pellucid/tensor.h"
#include "pellucid/tokenizer.h"  // TokenId

namespace pellucid {

// A name that Model::Run can record.
struct SiteInfo {
  std::string name;                  // canonical
  std::string shape;                 // e.g. "[tokens, 576]", for people
  std::vector<std::string> aliases;  // other names of the same tensor
};

// Called now and then during a long run with the share done, in [0, 1], never
// less than before. From any of the model's threads, one call at a time.
using Progress = std::function<void(double done)>;

// What Model::Run records, and how it is watched and stopped.
struct RunOptions {
  // Site names or patterns ('*': any run of characters without a dot; "all":
  // every site but scores and pattern). Tensors asked for by an exact name are
  // stored under that name, those found by a pattern under canonical names.
  std::vector<std::string> sites = {};
  // Compute Trace::last_logits. Costs d_model * vocab_size multiply-adds.
  bool last_logits = false;
  // Made in their order at each site; what is recorded comes after them.
  std::vector<Edit> edits = {};
  std::stop_token stop = {};  // looked at every few milliseconds
  Progress progress = {};
};

// What one prompt's run recorded. Owns its data.
struct Trace {
  std::vector<TokenId> ids;  // the input, [tokens]
  // By the name asked for. Shapes: [tokens, features]; per-head sites [tokens,
  // heads, head_dim]; scores and pattern [heads, queries, keys] (scores -inf
  // and pattern 0 where masked); logits [tokens, vocab].
  std::map<std::string, Tensor, std::less<>> sites;
  std::vector<float> last_logits;  // [vocab], of the last position; or empty

  // The tensor stored under `name`, or null. Lives as long as *this.
  const Tensor* Find(std::string_view name) const {
    const auto it = sites.find(name);
    return it == sites.end() ? nullptr : &it->second;
  }
};

}  // namespace pellucid

#endif  // PELLUCID_TRACE_H_
