// Parts of a model on their own: final norm, unembedding, embedding.
#include <nanobind/nanobind.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <string>
#include <vector>

#include "arrays.h"
#include "base/float_environment.h"
#include "base/out_of_memory.h"
#include "bindings.h"
#include "errors.h"
#include "kernels/decode.h"
#include "model/model_impl.h"
#include "pellucid/model.h"
#include "watched.h"

namespace nb = nanobind;

namespace pellucid::python {
namespace {

// [rows, vocab_size] of residual states [rows, d_model].
nb::object Unembed(const Model& model, const FloatArray& residual,
                   bool final_norm) {
  const Tensor rows = TensorOf(residual);
  return Own(Watched(
      [&](const std::stop_token&) { return model.Unembed(rows, final_norm); }));
}

nb::object Normalise(const Model& model, const FloatArray& residual) {
  Tensor rows = TensorOf(residual);
  const std::size_t d = model.info().d_model;
  if (rows.shape.size() != 2 || rows.shape[1] != d) {
    Raise(Exception::kUsage,
          "norm: the array must be [rows, " + std::to_string(d) + "]");
  }
  if (rows.shape[0] == 0) return Own(std::move(rows));
  return Own(Watched([&](const std::stop_token&) {
    return CatchOutOfMemory("norm", [&]() -> Result<Tensor> {
      const FloatEnvironment environment;
      const MatrixView view(rows.data.data(), rows.shape[0], d);
      model.impl().head.Normalise(model.impl().pool, view, view);
      return std::move(rows);
    });
  }));
}

// Rows of a matrix of weights, as the run reads them: [ids, cols].
Result<Tensor> DecodedRows(const WeightView& weight,
                           const std::vector<TokenId>& ids, float scale) {
  return CatchOutOfMemory("weights", [&]() -> Result<Tensor> {
    const FloatEnvironment environment;
    Tensor rows({ids.size(), weight.cols});
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const std::span<float> row = rows.Row(i);
      kernels::DecodeRow(weight, static_cast<std::size_t>(ids[i]), row);
      if (scale == 1) continue;
      for (float& x : row) x *= scale;
    }
    return rows;
  });
}

// What the embedding module gives.
nb::object Embed(const Model& model, const std::vector<TokenId>& ids) {
  const auto& impl = model.impl();
  for (const TokenId id : ids) {
    if (id < 0 || static_cast<std::size_t>(id) >= impl.weights.embed.rows) {
      Raise(Exception::kUsage,
            "embedding: token id " + std::to_string(id) +
                ": is not within the vocabulary; choose one of 0 to " +
                std::to_string(impl.weights.embed.rows - 1));
    }
  }
  const float scale =
      impl.spec.scales_inside_embedding ? impl.spec.embed_scale : 1;
  return Own(Watched([&](const std::stop_token&) {
    return DecodedRows(impl.weights.embed, ids, scale);
  }));
}

// A whole matrix as the file has it, decoded: [vocab, width].
nb::object Matrix(const Model& model, bool unembedding) {
  const auto& weights = model.impl().weights;
  const WeightView& weight = unembedding ? weights.unembed : weights.embed;
  return Own(Watched([&](const std::stop_token&) {
    std::vector<TokenId> all(weight.rows);
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i] = static_cast<TokenId>(i);
    }
    return DecodedRows(weight, all, 1);
  }));
}

}  // namespace

void BindParts(nb::module_& m) {
  m.def("unembed", &Unembed, nb::arg("model"), nb::arg("residual"),
        nb::arg("final_norm"), "Logits [rows, vocab] of [rows, d_model].");
  m.def("normalise", &Normalise, nb::arg("model"), nb::arg("residual"),
        "The final norm of [rows, d_model].");
  m.def("embed", &Embed, nb::arg("model"), nb::arg("ids"));
  m.def("embedding_matrix", &Matrix, nb::arg("model"), nb::arg("unembedding"));
}

}  // namespace pellucid::python
