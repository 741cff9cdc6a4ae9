#include "analysis/lens_import.h"

#include <fmt/format.h>

#include <algorithm>
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

// The map NAME_weight, NAME_bias, if there is one, less the identity: it was no
// addition to the state.
Result<std::optional<LensTranslator>> MapOf(const ZipFile& zip,
                                            const std::string& name,
                                            std::string site) {
  PELLUCID_ASSIGN_OR_RETURN(std::optional<Tensor> weight,
                            ArrayOf(zip, name + "_weight"));
  if (!weight) return std::optional<LensTranslator>();
  LensTranslator map{.site = std::move(site), .weight = std::move(*weight)};
  const std::vector<std::size_t>& shape = map.weight.shape;
  if (shape.size() != 2 || shape[0] != shape[1]) {
    return Refuse(zip.name(),
                  fmt::format("\"{}_weight\" is no square matrix", name));
  }
  for (std::size_t i = 0; i < shape[0]; ++i) map.weight.Row(i)[i] -= 1;
  PELLUCID_ASSIGN_OR_RETURN(std::optional<Tensor> bias,
                            ArrayOf(zip, name + "_bias"));
  if (bias) map.bias = std::move(bias->data);
  return std::optional<LensTranslator>(std::move(map));
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
  PELLUCID_ASSIGN_OR_RETURN(std::optional<LensTranslator> embed,
                            MapOf(zip, "embed", SiteBehindBlocks(table, 0)));
  if (embed) lens.translators.push_back(std::move(*embed));
  for (std::size_t i = 0; i <= blocks; ++i) {
    const std::string name = fmt::format("translators_{}", i);
    PELLUCID_ASSIGN_OR_RETURN(
        std::optional<LensTranslator> map,
        MapOf(zip, name, SiteBehindBlocks(table, std::min(i + 1, blocks))));
    if (map.has_value() != (i < blocks)) {
      return Refuse(zip.name(),
                    fmt::format("{} \"{}_weight\", but the model has {} blocks",
                                map ? "has a" : "has no", name, blocks));
    }
    // The last block's is not used.
    if (i + 1 < blocks) lens.translators.push_back(std::move(*map));
  }
  return lens;
}

}  // namespace pellucid
