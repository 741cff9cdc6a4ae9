// Sequences that grow: each call runs the tokens that are new, behind a cache
// of those before, of one sequence or of several together. What generation
// stands on.
//
// However a sequence is cut into calls, every token has the numbers, bit for
// bit, that a run of all tokens so far gives it. Where the rotary table depends
// on how many they are (dynamic NTK, LongRoPE at its switch) and so changes,
// the cache is made anew.
#ifndef PELLUCID_MODEL_DECODER_H_
#define PELLUCID_MODEL_DECODER_H_

#include <cstddef>
#include <span>
#include <stop_token>
#include <vector>

#include "base/matrix.h"
#include "model/kv_cache.h"
#include "pellucid/model.h"
#include "pellucid/result.h"
#include "pellucid/tokenizer.h"
#include "trace/edit_plan.h"
#include "trace/edit_run.h"
#include "trace/probe.h"

namespace pellucid {

// Looks on while sequences grow together.
class GrowthProbe : public Probe {
 public:
  // Before each run: whose tokens its packed rows are, in their order. Where a
  // cache is made anew, all tokens of its sequence are run and shown again.
  virtual void Begin(std::span<const EditedRows> rows) = 0;
};

class Decoder {
 public:
  // What one run adds to a sequence.
  struct Step {
    Decoder* decoder = nullptr;
    std::span<const TokenId> ids;
    std::size_t prompt = 0;  // which of the batch: for edits and the probe
  };
  // Who looks on, changes and stops such a run. Null: nobody.
  struct Together {
    GrowthProbe* probe = nullptr;
    const EditPlan* edits = nullptr;
    std::stop_token stop = {};
  };

  // Keeps the model's weights alive.
  explicit Decoder(Model model);

  // Runs `ids`, at least one, behind the tokens so far, and shows `probe`, if
  // not null, the new tokens' activations. Returns the logits [vocab_size] of
  // the last, which the next call overwrites. Costs a run of `ids` alone, and
  // attention to what is cached. kUsage: no ids, one outside the vocabulary, or
  // more tokens than the context. kModel: non-finite activations. kFailed: no
  // memory. kCancelled. After an error the tokens so far are what they were.
  Result<std::span<const float>> Run(std::span<const TokenId> ids,
                                     Probe* probe = nullptr,
                                     const std::stop_token& stop = {});

  // Several sequences of one model in one packed run, each the same bits as
  // alone. No decoder stands in two steps. Fills `logits` [steps, vocab_size],
  // those of the last token of each. Errors are those of Run, and one bad step
  // fails all, after which all are what they were.
  static Status RunTogether(std::span<const Step> steps,
                            const Together& options, MatrixView logits);

  // Tokens so far: the position of the next one.
  std::size_t length() const { return cache_.length(); }
  // Forgets the tokens from position `length` <= length() on.
  void Truncate(std::size_t length);
  // Makes room, so that the next `count` tokens need no more memory.
  Status Reserve(std::size_t count) { return cache_.Reserve(count); }

 private:
  static Status RunChecked(std::span<const Step> steps, const Together& options,
                           MatrixView logits);
  // Whether what is cached holds in a sequence of `length` tokens.
  bool CacheHolds(std::size_t length) const;

  Model model_;
  KvCache cache_;
  std::vector<TokenId> tokens_;   // so far
  std::size_t table_length_ = 0;  // whose rotary table the cached keys have
  std::vector<float> logits_;
};

// The token of the highest logit, of equal ones the lowest id.
TokenId GreedyToken(std::span<const float> logits);

}  // namespace pellucid

#endif  // PELLUCID_MODEL_DECODER_H_
