// The state of a walk through a run's blocks in reverse. Its parts: the stream
// in backward.cc, attention in backward_attention.cc, the MLP and its experts
// in backward_mlp.cc.
#ifndef PELLUCID_MODEL_BACKWARD_PASS_H_
#define PELLUCID_MODEL_BACKWARD_PASS_H_

#include <cstddef>
#include <initializer_list>
#include <span>

#include "base/buffer.h"
#include "base/matrix.h"
#include "kernels/linear_adjoint.h"
#include "model/derivative_pass.h"

namespace pellucid {

class BackwardPass : public DerivativePass {
 public:
  BackwardPass(const RecordedRun& run, const DerivativeOptions& options);

  Status Run(ConstMatrixView final_cotangent);

 private:
  // A part of a block: the points of its norm and its module, and what the
  // stream before it, and it, gave.
  struct Part {
    const NormWeights& norm;
    Point norm_point, module;
    Point stream, output;
  };

  std::size_t FirstLayer(ConstMatrixView final_cotangent) const;
  bool WantsInside(std::size_t layer) const;
  bool WantsEmbedding() const;
  bool WantsBelow(std::size_t layer) const;
  Status RunBlock(std::size_t layer);
  void RunSequential(std::size_t layer, const LayerWeights& w,
                     const BlockRecord& record);
  void RunParallel(std::size_t layer, const LayerWeights& w,
                   const BlockRecord& record);
  // stream_ behind a part -> stream_ beside it, and branch_, that of what the
  // part adds.
  void LeavePart(std::size_t layer, const BlockRecord& record,
                 const Part& part);
  // input_, that of what a part read -> what it is worth on stream_.
  void EnterPart(std::size_t layer, const BlockRecord& record,
                 const Part& part);
  void RunEmbedding();

  // backward_attention.cc: branch_ -> input_.
  void Attention(std::size_t layer, const LayerWeights& w,
                 const BlockRecord& record);
  void Attend(std::size_t layer, const HeadTask& task);
  void AddUpGroups();
  void UnrotateHeads(std::size_t layer);
  void UnnormHeads(std::size_t layer, const LayerWeights& w,
                   const BlockRecord& record);
  void Unproject(std::size_t layer, const LayerWeights& w);

  // backward_mlp.cc: branch_ -> input_.
  void Mlp(std::size_t layer, const LayerWeights& w, const BlockRecord& record);
  void DenseMlp(std::size_t layer, const LayerWeights& w,
                const BlockRecord& record);
  void Mixture(std::size_t layer, const MixtureWeights& w,
               const BlockRecord& record, ConstMatrixView input);
  void SharedExpert(std::size_t layer, const MixtureWeights& w,
                    const BlockRecord& record);
  // Of one expert: adds to input_, and to the cotangents of its weights.
  void Expert(const ExpertWeights& w, std::span<const Routed> routed,
              ConstMatrixView input, std::span<float> weights);

  void Unroute(const Routes& routes, MatrixView router) const;

  // dx = that of x where y = norm(x); in place.
  void Norm(const NormWeights& w, ConstMatrixView x, MatrixView g) const;
  // out = the sum over products of dy W.
  void Linear(std::initializer_list<kernels::LinearCotangent> products,
              MatrixView out) const;

  Buffer stream_, branch_, input_;  // [rows, d_model]
  Buffer aside_;                    // the same, in parallel blocks
  Buffer z_;                        // [rows, n_heads * head_dim]
  Buffer qkv_;                      // [rows, queries, keys and values]
  Buffer grouped_;                  // the same as a module has them
  Buffer wide_;  // keys and values of each query head, where heads share them
  MatrixView query_, key_, value_;  // columns of qkv_
  Buffer gate_up_;  // [rows, d_mlp], twice where there is a gate
};

}  // namespace pellucid

#endif  // PELLUCID_MODEL_BACKWARD_PASS_H_
