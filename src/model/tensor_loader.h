// What reading any family from any kind of checkpoint has in common: finding
// tensors, checking their shapes, and saying what is missing or left over.
// Kinds: gguf_loader.h, hf_loader.h.
#ifndef PELLUCID_MODEL_TENSOR_LOADER_H_
#define PELLUCID_MODEL_TENSOR_LOADER_H_

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/dtype.h"
#include "base/matrix.h"
#include "model/weights.h"
#include "pellucid/result.h"

namespace pellucid {

// Bounds for values of a header, far beyond any model. They keep products of
// two sizes from overflowing; real limits come from the tensors' shapes.
inline constexpr std::size_t kMaxSize = std::size_t{1} << 30;
inline constexpr std::size_t kMaxLayers = 4096;
// Names of tensors in a message, and missing ones before reading stops.
inline constexpr std::size_t kMaxNamed = 1000;

class TensorLoader {
 public:
  // Whether a projection has a bias: by the architecture or a key of the
  // header, else by what the file holds.
  enum class Bias { kNone, kRequired, kIfStored };

  virtual ~TensorLoader() = default;

  bool HasTensor(const std::string& name) const;

  // The matrix `name` [rows, cols], in place. kModel: missing, of another
  // shape, or of an element type that is no weight.
  Result<WeightView> Matrix(const std::string& name, std::size_t rows,
                            std::size_t cols);
  // The `count` matrices [rows, cols] of one tensor [count, rows, cols]:
  // experts that are stacked, packed by MLX or not. Errors as those of Matrix.
  Result<std::vector<WeightView>> Experts(const std::string& name,
                                          std::size_t count, std::size_t rows,
                                          std::size_t cols);
  // A matrix of one row, which may be stored as a vector.
  Result<WeightView> RowMatrix(const std::string& name, std::size_t cols);
  // As Matrix, where the file holds it as [cols, rows] (GPT-2's Conv1D), unless
  // whoever wrote it has turned it round (HoldsConvTurned).
  Result<WeightView> TransposedMatrix(const std::string& name, std::size_t rows,
                                      std::size_t cols);
  // The vector `name` [size] as float32.
  Result<std::vector<float>> Vector(const std::string& name, std::size_t size);

  // "PREFIX.weight" [rows, cols] and "PREFIX.bias" [rows].
  Result<LinearWeights> Linear(const std::string& prefix, std::size_t rows,
                               std::size_t cols, Bias bias = Bias::kIfStored);
  Result<LinearWeights> Conv1d(const std::string& prefix, std::size_t rows,
                               std::size_t cols);
  // "PREFIX.weight" [size] and, of a LayerNorm, "PREFIX.bias" [size].
  Result<NormWeights> RmsNorm(const std::string& prefix, std::size_t size);
  Result<NormWeights> LayerNorm(const std::string& prefix, std::size_t size);

  // Tensors whose names begin so belong to a part that is not run, such as what
  // a model sees with: they may be left over.
  void PassOver(std::string prefix) {
    passed_over_.push_back(std::move(prefix));
  }

  // The error about a tensor that is not there, which the calls above give. It
  // is noted, so that a reader may go on and CheckAllTaken name them all.
  Error Missing(const std::string& name, const std::string& what);
  bool IsNoted(const Error& error) const;
  // Puts what was read into `to`, which stays as it is where a tensor was
  // missing. Other errors come back.
  template <typename T>
  Status Keep(Result<T> read, T& to) const {
    PELLUCID_RETURN_IF_ERROR(Keep(read));
    if (read.ok()) to = *std::move(read);
    return {};
  }
  template <typename ResultOrStatus>
  Status Keep(const ResultOrStatus& read) const {
    if (read.ok() || IsNoted(read.error())) return {};
    return read.error();
  }
  // Whether one was: then no shape has shown that the header's sizes are true.
  bool AnyMissing() const { return !missing_.empty(); }

  // kModel: tensors are missing, or the checkpoint holds some that none of the
  // calls above took; the message names them all, up to kMaxNamed.
  Status CheckAllTaken() const;

  // kModel error about this checkpoint.
  Error Problem(std::string_view object, const std::string& what) const;

 protected:
  struct Stored {
    std::string_view name;  // as in the file
    DType dtype = DType::kF32;
    std::vector<std::size_t> shape;  // in elements, however these are packed
    std::span<const std::byte> data;
    // Of what is packed: its scales, and the tensors that hold them.
    GroupScales groups;
    std::vector<float> factors;  // of each matrix of a stack, where they differ
    std::vector<std::string_view> beside;
  };

  // `path` names the checkpoint, `sizes` what its shapes follow from, in
  // messages.
  TensorLoader(std::string path, std::string sizes)
      : path_(std::move(path)), sizes_(std::move(sizes)) {}

 private:
  // The tensor that the architecture calls `name`, if there is one. `shape`:
  // what is expected of it, from which the size of packed elements follows;
  // empty where only its being there counts.
  virtual Result<std::optional<Stored>> Find(
      const std::string& name, std::span<const std::size_t> shape) const = 0;
  // Every tensor that a model must know, by its name in the file.
  virtual std::vector<std::string_view> StoredNames() const = 0;
  // Whether Conv1D weights lie as those of a linear layer, as MLX stores them.
  virtual bool HoldsConvTurned() const { return false; }

  static WeightView ViewOf(const Stored& tensor, std::size_t rows);
  std::vector<std::string_view> MissingNames() const;
  std::vector<std::string_view> Left() const;
  Result<Stored> Take(const std::string& name,
                      std::span<const std::size_t> shape);

  std::string path_, sizes_;
  std::set<std::string, std::less<>> taken_;
  std::vector<std::string> passed_over_;
  std::map<std::string, Error, std::less<>> missing_;  // by name
};

}  // namespace pellucid

#endif  // PELLUCID_MODEL_TENSOR_LOADER_H_
