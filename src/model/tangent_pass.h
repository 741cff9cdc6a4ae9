// The state of a tangent's walk through a run's blocks. Its parts: the stream
// in tangent.cc, attention in tangent_attention.cc, the MLP and its experts in
// tangent_mlp.cc.
#ifndef PELLUCID_MODEL_TANGENT_PASS_H_
#define PELLUCID_MODEL_TANGENT_PASS_H_

#include <cstddef>
#include <initializer_list>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "base/matrix.h"
#include "model/derivative_pass.h"

namespace pellucid {

class TangentPass : public DerivativePass {
 public:
  TangentPass(const RecordedRun& run, const DerivativeOptions& options);

  Result<Buffer> Run();

 private:
  std::size_t FirstLayer() const;
  void Embed();
  Status RunBlock(std::size_t layer);
  // What a part reads: stream_, or through its norm normed_.
  ConstMatrixView Input(std::size_t layer, const NormWeights& norm, Point point,
                        ConstMatrixView recorded);
  // Adds branch to stream_; through a norm behind the sum, which read `sum`.
  void AddBranch(MatrixView branch, ConstMatrixView input);
  void NormAfterAdd(const NormWeights& norm, const BlockRecord& record,
                    Point stream, Point output);

  // tangent_attention.cc: input -> delta_.
  void Attention(std::size_t layer, const LayerWeights& w,
                 const BlockRecord& record, ConstMatrixView input);
  void Project(std::size_t layer, const LayerWeights& w, ConstMatrixView input);
  void NormHeads(std::size_t layer, const LayerWeights& w,
                 const BlockRecord& record);
  void KeepKeys();
  void Attend(std::size_t layer, const HeadTask& task);

  // tangent_mlp.cc: input -> out.
  void Mlp(std::size_t layer, const LayerWeights& w, const BlockRecord& record,
           ConstMatrixView input, MatrixView out);
  void DenseMlp(std::size_t layer, const LayerWeights& w,
                const BlockRecord& record, ConstMatrixView input,
                MatrixView out);
  void Mixture(std::size_t layer, const LayerWeights& w,
               const BlockRecord& record, ConstMatrixView input,
               MatrixView out);
  // Changes of the router's outputs -> of the weights of the chosen.
  void Route(const Routes& routes, MatrixView router) const;
  // Of one expert: adds to out.
  void Expert(const ExpertWeights& w, std::size_t expert, const Routes& routes,
              ConstMatrixView recorded, ConstMatrixView input,
              ConstMatrixView weights, MatrixView out) const;
  void SharedExpert(std::size_t layer, const MixtureWeights& w,
                    const BlockRecord& record, ConstMatrixView input,
                    MatrixView out);

  void Norm(const NormWeights& w, ConstMatrixView x, ConstMatrixView in,
            MatrixView out) const;
  // A product without its bias, which does not change.
  struct Product {
    const WeightView& weight;
    MatrixView out;
  };
  void Linear(ConstMatrixView in,
              std::initializer_list<Product> products) const;

  Buffer stream_, normed_, delta_;  // [rows, d_model]
  Buffer branch_;                   // the same, in parallel blocks
  Buffer qkv_, grouped_;            // [rows, queries, keys and values]
  MatrixView query_, key_, value_;  // columns of qkv_
  Buffer z_;                        // [rows, n_heads * head_dim]
  std::vector<LayerKeys> keys_;     // of each copy
  Buffer gate_up_;                  // [rows, 2 * d_mlp]
};

}  // namespace pellucid

#endif  // PELLUCID_MODEL_TANGENT_PASS_H_
