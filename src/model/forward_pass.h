// The state of one forward pass. Its parts: embedding, blocks and head in
// forward.cc, attention in forward_attention.cc, the MLP and its experts in
// forward_mlp.cc.
#ifndef PELLUCID_MODEL_FORWARD_PASS_H_
#define PELLUCID_MODEL_FORWARD_PASS_H_

#include <cstddef>
#include <initializer_list>
#include <span>
#include <stop_token>
#include <vector>

#include "base/buffer.h"
#include "base/matrix.h"
#include "kernels/rope.h"
#include "model/attention_parts.h"
#include "model/forward.h"
#include "model/row_blocks.h"

namespace pellucid {

class ForwardPass {
 public:
  // `locate`: look for non-finite numbers at every site, not only after each
  // block, to name the first one.
  ForwardPass(const ForwardContext& context, const PackedPrompts& prompts,
              const ForwardOptions& options, bool locate);

  Result<Forwarded> Run();

 private:
  // Queries of one head of one prompt that one task works on.
  struct AttentionTask {
    std::size_t prompt, head, first_query;
  };

  // Takes the prompts that enter at `layer` or before, the first of all, as
  // those that are worked on.
  void Enter(std::size_t layer);
  void Embed();
  void AddPositions();
  void RunBlock(std::size_t layer);
  // Adds what a part of a block gives to the stream. `input` is what the part
  // read, `norm` where it came from.
  void AddBranch(MatrixView branch, ConstMatrixView input,
                 const NormWeights& norm);
  void RunHead();
  // Whether only the rows of ForwardOptions::read are needed behind the
  // attention of this block; makes these the first and only ones of what is
  // worked on, `input` (residual_ or normed_) included.
  bool CanDropUnread(std::size_t layer) const;
  void DropUnread(ConstMatrixView& input);
  bool Looks(SiteKey key) const;

  // forward_attention.cc
  void PlanAttention();
  void MakeRotary();
  void VisitRotary(Point point, const kernels::RopeTable& table);
  // What attention reads: the stream, or its norm in normed_.
  ConstMatrixView AttentionInput(std::size_t layer, const LayerWeights& w);
  // input -> delta_, what attention adds before any norm of it. May drop rows
  // that are not read, of `input` too.
  void Attention(std::size_t layer, const LayerWeights& w,
                 ConstMatrixView& input);
  void Project(std::size_t layer, const LayerWeights& w, ConstMatrixView in);
  void Ungroup(ConstMatrixView grouped);
  void NormHeads(std::size_t layer, const LayerWeights& w);
  void NormHeads(const NormWeights& weights, MatrixView x);
  void Rotate(std::size_t layer);
  void KeepKeys(std::size_t layer);
  void Attend(std::size_t layer, const AttentionTask& task);

  // forward_mlp.cc
  ConstMatrixView MlpInput(std::size_t layer, const LayerWeights& w,
                           ConstMatrixView attention_input);
  // input -> out, what the MLP adds before any norm of it.
  void Mlp(std::size_t layer, const LayerWeights& w, ConstMatrixView input,
           MatrixView out);
  void DenseMlp(std::size_t layer, const LayerWeights& w, ConstMatrixView input,
                MatrixView out);
  void Mixture(std::size_t layer, const MixtureWeights& w,
               ConstMatrixView input, MatrixView out);
  void AddSharedExpert(std::size_t layer, const MixtureWeights& w,
                       ConstMatrixView input, MatrixView out);
  // down(activation(gate) * up) of rows, in scratch of their own.
  void RunExpert(const ExpertWeights& w, ConstMatrixView in, MatrixView gate,
                 MatrixView up, MatrixView out);

  void Norm(const NormWeights& w, ConstMatrixView in, MatrixView out);
  struct Product {
    const WeightView& weight;
    std::span<const float> bias;
    MatrixView out;
  };
  // Several products of the same input, as one piece of work.
  void Linear(ConstMatrixView in, std::initializer_list<Product> products);
  void Linear(ConstMatrixView in, const LinearWeights& w, MatrixView out) {
    Linear(in, {{w.weight, w.bias, out}});
  }
  void AddTo(MatrixView x, ConstMatrixView delta);
  template <typename Work>
  void ForEachRow(std::size_t rows, const Work& work) {
    ForRowBlocks(c_.pool, rows, [&](std::size_t begin, std::size_t count) {
      for (std::size_t t = begin; t < begin + count; ++t) work(t);
    });
  }

  // Lets the editor change the value of a point, and the probe see what the
  // run goes on with; checks it where asked to.
  void Visit(SiteKey key, MatrixView value);
  void Check(SiteKey key, ConstMatrixView value);
  Error NonFinite() const;

  const ForwardContext& c_;
  const ArchSpec& spec_;
  const PackedPrompts& prompts_;
  const ForwardOptions& options_;
  const bool locate_;
  const std::stop_token& stop_;

  // Room for all tokens; the views below are of those that are worked on.
  struct {
    Buffer residual, normed, delta, branch, qkv, grouped, z, gate_up;
  } rows_;
  std::size_t active_prompts_ = 0;
  std::size_t active_tasks_ = 0;  // of attention_tasks_

  MatrixView residual_;  // [tokens, d_model]
  MatrixView normed_;    // [tokens, d_model]
  MatrixView delta_;     // [tokens, d_model]: what a part of a block adds
  MatrixView branch_;    // [tokens, d_model]: in a parallel block, the MLP's

  std::vector<kernels::RopeTable> ropes_;  // by ArchSpec::ropes
  Buffer alibi_;                           // [n_heads, positions], or empty
  MatrixView qkv_;      // [tokens, queries, keys and values of all heads]
  MatrixView grouped_;  // the same as a module gives them, if that is otherwise
  MatrixView query_, key_, value_;  // columns of qkv_, [tokens, heads * dim]
  LayerKeys own_keys_;  // of the prompts without a cache, in a layer
  std::vector<std::size_t> first_key_;          // there, of each prompt
  std::vector<AttentionTask> attention_tasks_;  // by prompt
  std::vector<std::size_t> first_task_;  // of each prompt, and behind the last
  MatrixView z_;                         // [tokens, n_heads * head_dim]

  MatrixView gate_up_;    // [tokens, d_mlp], twice where there is a gate
  MatrixView gate_, up_;  // columns of gate_up_, [tokens, d_mlp]

  Buffer logits_;  // [tokens, vocab_size], where an edit reaches them

  bool dropped_ = false;  // rows that are not read
  bool found_ = false;    // a non-finite number: where
  SiteKey bad_site_;
  std::size_t bad_token_ = 0;  // its row
};

}  // namespace pellucid

#endif  // PELLUCID_MODEL_FORWARD_PASS_H_
