// pellucid/model.h - a language model opened from disk, and its forward pass.
//
//   Model model = Model::Open("smollm2-135m.gguf").value();
//   auto ids = model.tokenizer()->Encode("The capital of France is")->ids;
//   Trace trace = model.Run(ids, {.sites = {"model.layers.*"}}).value();
//
// Weights are read in place: files stay memory-mapped while any copy of the
// model lives. A file that is truncated by another program while mapped
// ends this process with SIGBUS; no reader of mapped files survives that.
//
// Results never depend on the number of threads, on what else is in a batch or
// on the instruction set, bit for bit (docs/numerics.md).
#ifndef PELLUCID_MODEL_H_
#define PELLUCID_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "pellucid/export.h"
#include "pellucid/hub.h"
#include "pellucid/result.h"
#include "pellucid/tensor.h"
#include "pellucid/tokenizer.h"
#include "pellucid/trace.h"

namespace pellucid {

// What a model is, for people and for JSON.
struct ModelInfo {
  std::string ref;             // as it was asked for
  std::string path;            // the file or folder it was read from
  std::string architecture;    // Hugging Face's model_type, e.g. "llama"
  std::string format;          // "gguf", "safetensors" or "mlx"
  std::string hash;            // SHA-256 over the headers, hexadecimal
  std::size_t n_layers = 0;    // blocks
  std::size_t d_model = 0;     // width of the residual stream
  std::size_t n_heads = 0;     // of queries
  std::size_t n_kv_heads = 0;  // of keys and values; divides n_heads
  std::size_t head_dim = 0;
  std::size_t d_mlp = 0;           // width inside the MLP
  std::size_t vocab_size = 0;      // rows of the unembedding
  std::size_t context_length = 0;  // most tokens of a prompt
  // Everything else that the family reads, as (key, value as text), e.g.
  // {"rope_theta", "100000"}.
  std::vector<std::pair<std::string, std::string>> details;
};

// One tensor of the file, as it lies there.
struct TensorInfo {
  std::string name;                // as in the file
  std::string dtype;               // "F32", "Q4_K", ...
  std::vector<std::size_t> shape;  // outermost first, as in PyTorch
  std::uint64_t bytes = 0;         // in the file
};

// What Model::Open needs to know beside the name.
struct OpenOptions {
  std::size_t threads = 0;  // 0: the cores this process may use
  HubOptions hub = {};      // of a model that comes from the hub
};

// A model, ready to run. Cheap to copy: copies share weights and threads. All
// methods are const and may be called from many threads.
class PELLUCID_API Model {
 public:
  struct Impl;  // src/model/model_impl.h
  explicit Model(std::shared_ptr<const Impl> impl);

  // Opens `ref`: a .gguf file, a folder in Hugging Face's layout, a built-in
  // name, or a name on the hub (pellucid/hub.h). Reads headers only, and the
  // tokenizer; only a model on the hub that is not in the local cache takes
  // longer, since it is downloaded. kModel: not found, damaged or unsupported
  // ("unsupported architecture"). kFailed, kCancelled: the download.
  static Result<Model> Open(const std::string& ref,
                            const OpenOptions& options = {});

  // Sizes and names. Lives as long as any copy of the model.
  const ModelInfo& info() const;

  // The tensors of the file, in its order.
  std::vector<TensorInfo> Tensors() const;

  // Every name that Run can record, in the order of the computation, each with
  // its shape and its other names.
  std::vector<SiteInfo> Sites() const;

  // How many threads a run uses: OpenOptions::threads, or what 0 became.
  std::size_t threads() const;

  // Null where the model has no tokenizer; then only ids can be run. Lives as
  // long as any copy of the model.
  const Tokenizer* tokenizer() const;

  // The tokenizer. kModel: the model comes without one, or it is damaged or
  // unsupported.
  Result<const Tokenizer*> RequireTokenizer() const;

  // Runs one prompt, `ids` [tokens], and records what `options` asks for. Costs
  // about one multiply-add a weight and token, and tokens^2 * d_model a block
  // for attention; memory for the tensors recorded and a few rows [tokens,
  // d_model]. kUsage: no tokens, more than context_length, an id outside the
  // vocabulary, an unknown site (with the nearest names), an edit that does
  // not fit. kModel: non-finite activations (the first site and position).
  // kCancelled.
  Result<Trace> Run(std::span<const TokenId> ids,
                    const RunOptions& options = {}) const;

  // Runs several prompts packed one after another, never padded: one Trace a
  // prompt, equal, bit for bit, to running each alone. Errors are those of Run,
  // and one bad prompt fails all.
  Result<std::vector<Trace>> RunBatch(
      std::span<const std::vector<TokenId>> prompts,
      const RunOptions& options = {}) const;

  // The model's own last step on residual rows: final norm, unembedding, bias,
  // scale, soft-cap. `residual` [rows, d_model] -> logits [rows, vocab]. Stores
  // all logits: for many rows use ComputeLens (pellucid/lens.h). kUsage: a
  // shape that does not fit.
  Result<Tensor> Unembed(const Tensor& residual,
                         bool apply_final_norm = true) const;

  // For the library's own layers.
  const Impl& impl() const { return *impl_; }

 private:
  std::shared_ptr<const Impl> impl_;
};

}  // namespace pellucid

#endif  // PELLUCID_MODEL_H_
