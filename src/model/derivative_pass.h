// What a walk through the blocks of a recorded run shares with its reverse:
// copies, looking and adding, and attention as it was.
#ifndef PELLUCID_MODEL_DERIVATIVE_PASS_H_
#define PELLUCID_MODEL_DERIVATIVE_PASS_H_

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "base/matrix.h"
#include "kernels/attention_jacobian.h"
#include "kernels/rope.h"
#include "model/attention_parts.h"
#include "model/derivative.h"
#include "model/kv_cache.h"
#include "model/recorded_run.h"
#include "model/routing.h"
#include "model/row_blocks.h"

namespace pellucid {

class DerivativePass {
 protected:
  DerivativePass(const RecordedRun& run, const DerivativeOptions& options);

  std::size_t rows() const { return options_.copies * tokens_; }
  bool Stopped() const { return options_.stop.stop_requested(); }
  bool IsGiven(SiteKey key) const {
    return options_.given != nullptr && options_.given->Edits(key);
  }
  bool IsWanted(SiteKey key) const {
    return options_.probe != nullptr && options_.probe->Wants(key);
  }
  // Whether `asked` holds for a point of block `layer` in [first, last].
  template <typename Asked>
  bool AnyPoint(std::size_t layer, Point first, Point last,
                const Asked& asked) const {
    for (auto p = static_cast<std::size_t>(first);
         p <= static_cast<std::size_t>(last); ++p) {
      if (asked(SiteKey{static_cast<Point>(p), layer})) return true;
    }
    return false;
  }

  // Adds what is given to the derivative at a point, and shows it.
  void Visit(SiteKey key, MatrixView value);

  // Shares out blocks of rows: work(row, record row, count), of all copies.
  template <typename Work>
  void ForRows(const Work& work) const {
    constexpr std::size_t kBlock = 16;
    const std::size_t blocks = (tokens_ + kBlock - 1) / kBlock;
    c_.pool.For(options_.copies * blocks, [&](std::size_t i) {
      const std::size_t begin = i % blocks * kBlock;
      work(i / blocks * tokens_ + begin, begin,
           std::min(kBlock, tokens_ - begin));
    });
  }
  void AddTo(MatrixView x, ConstMatrixView more) const;
  void Multiply(MatrixView x, float factor) const;
  static void Clear(MatrixView x);

  // Rows of the recorded run, as attention reads them.
  void LoadAttention(std::size_t layer, const LayerWeights& w,
                     const BlockRecord& record);
  // Calls work(task) for each head of each prompt and some copies of both.
  struct HeadTask {
    std::size_t prompt, head, kv_head, first_copy, end_copy;
  };
  template <typename Work>
  void ForHeads(const Work& work) const {
    const std::size_t copies = options_.copies;
    const std::size_t groups = (copies + kHeadCopies - 1) / kHeadCopies;
    const std::size_t heads = spec_.n_heads;
    c_.pool.For(
        prompts_.count() * heads * groups,
        [&](std::size_t i) {
          const std::size_t head = i / groups % heads;
          const std::size_t first = i % groups * kHeadCopies;
          work(HeadTask{i / groups / heads, head, head / HeadsOfKey(), first,
                        std::min(first + kHeadCopies, copies)});
        },
        options_.stop);
  }
  kernels::HeadRun RunOfHead(std::size_t layer, const HeadTask& task) const;
  // Of the derivative at scores or pattern.
  kernels::AttentionObserver Observer(SiteKey key, const HeadTask& task,
                                      std::size_t copy) const;
  // Rows of a prompt of one copy, and columns of a head.
  template <typename Float>
  MatrixViewT<Float> OfHead(MatrixViewT<Float> x, std::size_t prompt,
                            std::size_t head, std::size_t copy) const {
    return Columns(x.Rows(copy * tokens_ + prompts_.offsets[prompt],
                          prompts_.length(prompt)),
                   head * spec_.head_dim, spec_.head_dim);
  }
  std::size_t HeadsOfKey() const { return spec_.n_heads / spec_.n_kv_heads; }
  // Where each prompt's keys begin in LayerKeys, and how many these hold.
  std::size_t FirstKey(std::size_t prompt) const { return first_key_[prompt]; }
  std::size_t KeyRoom() const { return first_key_.back(); }

  // The table of a block, or null.
  const kernels::RopeTable* RopeOf(std::size_t layer) const;
  // x = what enters a norm that stands behind a sum: `stream` and what a part
  // adds to it, [tokens, d_model].
  Buffer SumOf(ConstMatrixView stream, ConstMatrixView added) const;
  // What the norm of the embeddings read.
  Buffer EmbeddingSum() const;

  // What a router's outputs make, [tokens, n_experts], and of whom.
  struct Routes {
    Buffer probabilities;  // [tokens, n_experts]
    std::vector<std::vector<Routed>> by_expert;
    Buffer weights;           // [tokens, n_experts]; 0 of those not chosen
    std::vector<float> sums;  // [tokens]: Routed::sum
  };
  Routes RoutesOf(const BlockRecord& record) const;
  // What an expert computed of its tokens, [routed, features] each.
  struct ExpertRun {
    Buffer gate, up, act, result;
  };
  ExpertRun RunOfExpert(const ExpertWeights& w, std::span<const Routed> routed,
                        ConstMatrixView input) const;
  // The row of an expert's i-th token, of all copies one after another.
  std::size_t RowOfRouted(std::span<const Routed> routed, std::size_t i) const {
    return i / routed.size() * tokens_ + routed[i % routed.size()].token;
  }

  const RecordedRun& run_;
  const ForwardContext& c_;
  const ArchSpec& spec_;
  const PackedPrompts& prompts_;
  const DerivativeOptions& options_;
  const std::size_t tokens_;

 private:
  // Copies that one task works on: the pattern is computed once for them.
  static constexpr std::size_t kHeadCopies = 8;

  kernels::AttentionObserver RunObserver(SiteKey key,
                                         const HeadTask& task) const;

  const std::vector<kernels::RopeTable> ropes_;
  const Buffer alibi_;
  std::vector<std::size_t> first_key_;  // of each prompt, and behind the last
  Buffer query_;                        // [tokens, n_heads * head_dim], rotated
  LayerKeys keys_;                      // keys in blocks, values in rows
  LayerKeys values_;                    // values in blocks, keys in rows
};

}  // namespace pellucid

#endif  // PELLUCID_MODEL_DERIVATIVE_PASS_H_
