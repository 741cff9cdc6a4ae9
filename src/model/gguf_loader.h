// What reading any family from GGUF has in common: finding tensors, checking
// their shapes, and saying what is missing or left over.
#ifndef PELLUCID_MODEL_GGUF_LOADER_H_
#define PELLUCID_MODEL_GGUF_LOADER_H_

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/matrix.h"
#include "formats/gguf.h"
#include "model/weights.h"
#include "pellucid/result.h"

namespace pellucid {

class GgufLoader {
 public:
  explicit GgufLoader(const GgufFile& file) : file_(file) {}

  const GgufFile& file() const { return file_; }

  // An integer key within [low, high]; `low` > high never holds. kModel.
  Result<std::size_t> Size(std::string_view key, std::size_t low,
                           std::size_t high) const;
  // The same, `fallback` where the key is absent.
  Result<std::size_t> Size(std::string_view key, std::size_t low,
                           std::size_t high, std::size_t fallback) const;

  bool HasTensor(std::string_view name) const {
    return file_.FindTensor(name) != nullptr;
  }

  // The matrix `name` [rows, cols]. kModel: missing, or of another shape.
  Result<WeightView> Matrix(const std::string& name, std::size_t rows,
                            std::size_t cols);
  // The vector `name` [size] as float32.
  Result<std::vector<float>> Vector(const std::string& name, std::size_t size);
  // "PREFIX.weight" [rows, cols] and, where the file has one, "PREFIX.bias".
  Result<LinearWeights> Linear(const std::string& prefix, std::size_t rows,
                               std::size_t cols);

  // kModel: the file holds a tensor that none of the calls above took.
  Status CheckAllTaken() const;

  // kModel error about this file.
  Error Problem(const std::string& object, const std::string& what) const;

 private:
  Result<const GgufTensor*> Take(const std::string& name,
                                 std::span<const std::size_t> shape);

  const GgufFile& file_;
  std::set<std::string, std::less<>> taken_;
};

// llama.cpp stores the q and k rows of a head with the two rotary halves
// interleaved: its row 2i + t is Hugging Face's row t * (head_dim / 2) + i.
// Entry r of the result is the row of the file that is the model's row r.
std::vector<std::uint32_t> InterleavedRowOrder(std::size_t heads,
                                               std::size_t head_dim);

// `values` [rows] in the order of the model.
std::vector<float> Reordered(std::span<const float> values,
                             std::span<const std::uint32_t> order);

}  // namespace pellucid

#endif  // PELLUCID_MODEL_GGUF_LOADER_H_
