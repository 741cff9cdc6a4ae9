// Reading a family from GGUF: typed keys of the header, its tensors, and the
// order in which the converter to GGUF stores rows of queries and keys.
#ifndef PELLUCID_MODEL_GGUF_LOADER_H_
#define PELLUCID_MODEL_GGUF_LOADER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/gguf.h"
#include "model/tensor_loader.h"
#include "pellucid/result.h"

namespace pellucid {

class GgufLoader : public TensorLoader {
 public:
  // `file` must outlive the loader.
  explicit GgufLoader(const GgufFile& file)
      : TensorLoader(file.name(), "the header's keys want"), file_(file) {}

  const GgufFile& file() const { return file_; }

  // An integer key within [low, high]; `low` > high never holds. kModel.
  Result<std::size_t> Size(std::string_view key, std::size_t low,
                           std::size_t high) const;
  // The same, `fallback` where the key is absent.
  Result<std::size_t> Size(std::string_view key, std::size_t low,
                           std::size_t high, std::size_t fallback) const;

 private:
  Result<std::optional<Stored>> Find(
      const std::string& name,
      std::span<const std::size_t> shape) const override;
  std::vector<std::string_view> StoredNames() const override;

  const GgufFile& file_;
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
