#include "analysis/lens_import.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "base/quote.h"
#include "formats/npy_reader.h"

namespace pellucid {
namespace {

using Kind = TorchValue::Kind;

Error Refuse(std::string_view name, std::string_view what) {
  return ModelError(
      fmt::format("lens: {}: {}; use a lens that was made for this model",
                  Quote(name), what));
}

// The tensor that a value is. kModel: it is none.
Result<Tensor> TensorOf(const TorchFile& file, const TorchValue* value,
                        std::string_view key) {
  if (value == nullptr || value->kind != Kind::kTensor) {
    return Refuse(file.name(), fmt::format("has no tensor \"{}\"", Quote(key)));
  }
  return file.Read(value->tensor);
}

// The entry NAME.npy, if there is one.
Result<std::optional<Tensor>> ArrayOf(const ZipFile& zip,
                                      const std::string& name) {
  const ZipEntry* entry = zip.Find(name + ".npy");
  if (entry == nullptr) return std::optional<Tensor>();
  PELLUCID_ASSIGN_OR_RETURN(const ZipData data, zip.Read(*entry));
  PELLUCID_ASSIGN_OR_RETURN(
      Tensor array,
      ReadNpy(data.bytes(), fmt::format("{}/{}", zip.name(), entry->name)));
  return std::optional<Tensor>(std::move(array));
}

// Takes the identity from a matrix that was no addition to the state.
void MakeResidual(Tensor& weight) {
  for (std::size_t i = 0; i < weight.shape[0]; ++i) weight.Row(i)[i] -= 1;
}

}  // namespace

std::string SiteBehindBlocks(const SiteTable& table, std::size_t blocks) {
  return table.NameOf(blocks == 0 ? SiteKey{Point::kEmbed}
                                  : SiteKey{Point::kResidPost, blocks - 1});
}

Result<TrainedLens> ImportTunedLens(const TorchFile& file,
                                    const SiteTable& table) {
  TrainedLens lens{.kind = LensKind::kTuned, .ref = file.name()};
  const std::size_t blocks = table.sizes().n_layers;
  for (std::size_t i = 0; i < blocks; ++i) {
    LensTranslator translator{.site = SiteBehindBlocks(table, i)};
    const std::string key = fmt::format("{}.weight", i);
    PELLUCID_ASSIGN_OR_RETURN(translator.weight,
                              TensorOf(file, file.Find(file.root(), key), key));
    const TorchValue* bias = file.Find(file.root(), fmt::format("{}.bias", i));
    if (bias != nullptr) {
      PELLUCID_ASSIGN_OR_RETURN(Tensor read, TensorOf(file, bias, "bias"));
      translator.bias = std::move(read.data);
    }
    lens.translators.push_back(std::move(translator));
  }
  const std::string beyond = fmt::format("{}.weight", blocks);
  if (file.Find(file.root(), beyond) != nullptr) {
    return Refuse(file.name(),
                  fmt::format("has a translator {}, but the model {} blocks",
                              blocks, blocks));
  }
  return lens;
}

Result<TrainedLens> ImportJacobianLens(const TorchFile& file,
                                       const SiteTable& table) {
  TrainedLens lens{.kind = LensKind::kJacobian, .ref = file.name()};
  const TorchValue* matrices = file.Find(file.root(), "J");
  if (matrices == nullptr || matrices->kind != Kind::kDict) {
    return Refuse(file.name(), "has no dict \"J\" of matrices by block");
  }
  const std::size_t blocks = table.sizes().n_layers;
  for (const auto& [key, value] : matrices->pairs) {
    const TorchValue& number = file.At(key);
    if (number.kind != Kind::kInteger || number.integer < 0 ||
        static_cast<std::size_t>(number.integer) >= blocks) {
      return Refuse(file.name(),
                    fmt::format("has a matrix for a block that is none of the "
                                "model's {}",
                                blocks));
    }
    const auto block = static_cast<std::size_t>(number.integer);
    // The identity, or close to it: the last block's output is read as it is.
    if (block + 1 == blocks) continue;
    LensTranslator translator{.site = SiteBehindBlocks(table, block + 1)};
    PELLUCID_ASSIGN_OR_RETURN(translator.weight,
                              TensorOf(file, &file.At(value), "J"));
    lens.translators.push_back(std::move(translator));
  }
  return lens;
}

Result<TrainedLens> ImportMlxterpLens(const ZipFile& zip,
                                      const SiteTable& table) {
  TrainedLens lens{.kind = LensKind::kTuned, .ref = zip.name()};
  const std::size_t blocks = table.sizes().n_layers;
  for (std::size_t i = 0; i <= blocks; ++i) {
    const std::string name = fmt::format("translators_{}_weight", i);
    PELLUCID_ASSIGN_OR_RETURN(std::optional<Tensor> weight, ArrayOf(zip, name));
    if (weight.has_value() != (i < blocks)) {
      return Refuse(zip.name(),
                    fmt::format("{} \"{}\", but the model has {} blocks",
                                weight ? "has a" : "has no", name, blocks));
    }
    if (i + 1 >= blocks) continue;  // the last block's is not used
    LensTranslator translator{.site = SiteBehindBlocks(table, i + 1)};
    translator.weight = std::move(*weight);
    if (translator.weight.shape.size() != 2 ||
        translator.weight.shape[0] != translator.weight.shape[1]) {
      return Refuse(zip.name(),
                    fmt::format("\"{}\" is no square matrix", name));
    }
    MakeResidual(translator.weight);
    PELLUCID_ASSIGN_OR_RETURN(
        std::optional<Tensor> bias,
        ArrayOf(zip, fmt::format("translators_{}_bias", i)));
    if (bias) translator.bias = std::move(bias->data);
    lens.translators.push_back(std::move(translator));
  }
  return lens;
}

}  // namespace pellucid
