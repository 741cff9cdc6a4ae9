// A run whose derivatives can be asked for: what enters each block is kept, and
// what derivatives read inside blocks as far as there is room. A block that is
// not kept is run again from what entered it when somebody asks (Chen et al.
// 2016); the bits are the same, the cost is one more forward pass of it.
#ifndef PELLUCID_MODEL_RECORDED_RUN_H_
#define PELLUCID_MODEL_RECORDED_RUN_H_

#include <cstddef>
#include <memory>
#include <stop_token>
#include <vector>

#include "base/buffer.h"
#include "model/block_record.h"
#include "model/forward.h"
#include "pellucid/result.h"
#include "trace/editor.h"
#include "trace/probe.h"

namespace pellucid {

struct RecordOptions {
  // Changes the run as it does in RunForward, and again where blocks are run
  // again: the same way each time. Derivatives are those of what follows the
  // points that it edits: through these they are not taken.
  Editor* editor = nullptr;
  Probe* probe = nullptr;  // looks at the run; not where blocks are run again
  std::size_t max_bytes = std::size_t{256} << 20;  // of kept blocks
  std::stop_token stop = {};
  Progress progress = {};
};

// Moves, and is not copied.
class RecordedRun {
 public:
  // Runs `prompts`, which have no caches, prefixes or start layers. What
  // `context` refers to must outlive the run. Memory: [n_layers, tokens,
  // d_model], and blocks up to `max_bytes`. Errors as RunForward's.
  static Result<RecordedRun> Make(const ForwardContext& context,
                                  PackedPrompts prompts,
                                  const RecordOptions& options = {});

  const ForwardContext& context() const { return context_; }
  const PackedPrompts& prompts() const { return prompts_; }
  Editor* editor() const { return editor_; }
  // What the head reads, [tokens, d_model].
  ConstMatrixView residual() const { return done_.residual.view(); }
  // [tokens, vocab_size] where the editor edits points of the head.
  ConstMatrixView logits() const { return done_.logits.view(); }
  // Token embeddings, positions and the like (Point::kEmbedTokens, kProjectIn,
  // kPosEmbed), as far as the model has them.
  const BlockRecord& embedding() const { return embedding_; }

  // What block `layer` computed: kept, or made again in `room`, which must live
  // as long as what is returned. kCancelled.
  Result<const BlockRecord*> Block(std::size_t layer, BlockRecord& room,
                                   const std::stop_token& stop) const;

 private:
  class Recorder;
  // Where a block that is not kept has what entered it.
  static constexpr Point kEntering = Point::kEmbed;

  RecordedRun(const ForwardContext& context, PackedPrompts prompts,
              Editor* editor)
      : context_(context), prompts_(std::move(prompts)), editor_(editor) {}

  ForwardContext context_;
  PackedPrompts prompts_;
  Editor* editor_;
  Forwarded done_;
  BlockRecord embedding_;
  std::size_t first_kept_ = 0;       // blocks from this one on are whole
  std::vector<BlockRecord> blocks_;  // [n_layers]
};

}  // namespace pellucid

#endif  // PELLUCID_MODEL_RECORDED_RUN_H_
