#include "pellucid/trained_lens.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <system_error>
#include <utility>

#include "analysis/lens_import.h"
#include "analysis/lens_translation.h"
#include "base/out_of_memory.h"
#include "base/quote.h"
#include "formats/safetensors.h"
#include "formats/safetensors_writer.h"
#include "formats/torch_file.h"
#include "formats/zip_reader.h"
#include "kernels/decode.h"
#include "model/model_impl.h"
#include "pellucid/model.h"

namespace pellucid {
namespace {

constexpr std::string_view kSchema = "pellucid.trained-lens/1";
// Metadata that stands for itself; all else is the record.
constexpr std::string_view kSchemaKey = "pellucid";
constexpr std::string_view kKindKey = "kind";
constexpr std::string_view kArchitectureKey = "architecture";
constexpr std::string_view kHashKey = "model_hash";
constexpr std::string_view kCaptureKey = "capture";
constexpr std::string_view kCapture =
    "residual stream: embed is what enters block 0, LAYER what block LAYER "
    "leaves; tuned: h + W h + b, jacobian: W h";
constexpr std::string_view kWeight = ".weight";
constexpr std::string_view kBias = ".bias";

Error Refuse(const std::string& path, std::string_view what) {
  return ModelError(
      fmt::format("lens: {}: {}; use a lens that was made for this model",
                  Quote(path), what));
}

bool BeginsAsZip(const std::string& path) {
  char magic[2] = {};
  std::ifstream file(path, std::ios::binary);
  file.read(magic, sizeof(magic));
  return magic[0] == 'P' && magic[1] == 'K';
}

Result<std::vector<float>> FloatsOf(const SafetensorsFile& file,
                                    const SafetensorsTensor& tensor) {
  PELLUCID_ASSIGN_OR_RETURN(const DType dtype, file.WeightType(tensor));
  std::vector<float> out(tensor.data.size() / RowBytes(dtype, 1));
  if (!out.empty()) kernels::DecodeRow(dtype, tensor.data.data(), out);
  return out;
}

// What WriteTrainedLens wrote.
Result<TrainedLens> ReadOwn(const std::string& path) {
  PELLUCID_ASSIGN_OR_RETURN(const SafetensorsFile file,
                            SafetensorsFile::Open(path));
  TrainedLens lens{.ref = path};
  const auto text = [&](std::string_view key) {
    const auto found = file.metadata().find(key);
    return found == file.metadata().end() ? std::string() : found->second;
  };
  if (text(kSchemaKey) != kSchema) {
    return Refuse(path, fmt::format("is no lens (its metadata does not say "
                                    "\"{}\")",
                                    kSchema));
  }
  const std::string kind = text(kKindKey);
  if (kind == LensKindName(LensKind::kJacobian)) {
    lens.kind = LensKind::kJacobian;
  } else if (kind != LensKindName(LensKind::kTuned)) {
    return Refuse(path,
                  fmt::format("is of the unknown kind \"{}\"", Quote(kind)));
  }
  lens.architecture = text(kArchitectureKey);
  lens.model_hash = text(kHashKey);
  for (const auto& [key, value] : file.metadata()) {
    if (key == kSchemaKey || key == kKindKey || key == kArchitectureKey ||
        key == kHashKey || key == kCaptureKey) {
      continue;
    }
    lens.record.emplace_back(key, value);
  }
  for (const SafetensorsTensor& tensor : file.tensors()) {
    if (!tensor.name.ends_with(kWeight)) continue;
    LensTranslator translator;
    translator.site =
        tensor.name.substr(0, tensor.name.size() - kWeight.size());
    translator.weight.shape = tensor.shape;
    PELLUCID_ASSIGN_OR_RETURN(translator.weight.data, FloatsOf(file, tensor));
    const SafetensorsTensor* bias =
        file.Find(translator.site + std::string(kBias));
    if (bias != nullptr) {
      PELLUCID_ASSIGN_OR_RETURN(translator.bias, FloatsOf(file, *bias));
    }
    lens.translators.push_back(std::move(translator));
  }
  return lens;
}

Result<TrainedLens> ReadTorch(LensKind kind, const std::string& path,
                              const SiteTable& table) {
  PELLUCID_ASSIGN_OR_RETURN(const TorchFile file, TorchFile::Open(path));
  return kind == LensKind::kTuned ? ImportTunedLens(file, table)
                                  : ImportJacobianLens(file, table);
}

Result<TrainedLens> ReadAny(LensKind kind, const std::string& path,
                            const SiteTable& table) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    const std::filesystem::path own =
        std::filesystem::path(path) / "lens.safetensors";
    if (std::filesystem::exists(own, ignored)) return ReadOwn(own.string());
    return ReadTorch(kind, (std::filesystem::path(path) / "params.pt").string(),
                     table);
  }
  if (!BeginsAsZip(path)) return ReadOwn(path);
  PELLUCID_ASSIGN_OR_RETURN(const ZipFile zip, ZipFile::Open(path));
  const bool arrays = std::ranges::any_of(
      zip.entries(),
      [](const ZipEntry& entry) { return entry.name.ends_with(".npy"); });
  if (!arrays) return ReadTorch(kind, path, table);
  if (kind == LensKind::kTuned) return ImportMlxterpLens(zip, table);
  return Refuse(path, "is an .npz file, which holds tuned lenses only");
}

}  // namespace

std::string_view LensKindName(LensKind kind) {
  switch (kind) {
    case LensKind::kTuned:
      return "tuned";
    case LensKind::kJacobian:
      return "jacobian";
    case LensKind::kLogit:
      break;
  }
  return "logit";
}

Result<std::shared_ptr<const TrainedLens>> ReadTrainedLens(
    LensKind kind, const std::string& path, const Model& model) {
  using Shared = std::shared_ptr<const TrainedLens>;
  return CatchOutOfMemory("lens", [&]() -> Result<Shared> {
    const SiteTable& table = model.impl().table;
    PELLUCID_ASSIGN_OR_RETURN(TrainedLens lens, ReadAny(kind, path, table));
    lens.ref = path;
    if (lens.kind != kind) {
      return Refuse(path,
                    fmt::format("is a {} lens, not a {} one",
                                LensKindName(lens.kind), LensKindName(kind)));
    }
    const ModelInfo& info = model.info();
    if (!lens.architecture.empty() && lens.architecture != info.architecture) {
      return Refuse(path,
                    fmt::format("was made for an architecture {}, not {}",
                                Quote(lens.architecture), info.architecture));
    }
    if (!lens.model_hash.empty() && lens.model_hash != info.hash) {
      return Refuse(
          path, fmt::format("was made for another model (hash {:.12}..., not "
                            "{:.12}...)",
                            Quote(lens.model_hash), info.hash));
    }
    PELLUCID_RETURN_IF_ERROR(CheckTrainedLens(lens, table, path));
    std::ranges::sort(lens.translators, {}, [&](const LensTranslator& t) {
      return RowOfTranslator(t, table).value();
    });
    for (LensTranslator& translator : lens.translators) {
      translator.site =
          table.NameOf(SiteOfRow(RowOfTranslator(translator, table).value()));
    }
    return Shared(std::make_shared<TrainedLens>(std::move(lens)));
  });
}

Status WriteTrainedLens(const std::string& path, const TrainedLens& lens,
                        const Model& model) {
  const Status fits = CheckTrainedLens(lens, model.impl().table, path);
  if (!fits.ok()) return UsageError(fits.error().message);
  std::vector<std::string> names;
  std::vector<std::vector<std::size_t>> shapes;
  names.reserve(2 * lens.translators.size());
  shapes.reserve(2 * lens.translators.size());
  std::vector<NamedFloats> tensors;
  const auto add = [&](std::string name, std::vector<std::size_t> shape,
                       std::span<const float> values) {
    names.push_back(std::move(name));
    shapes.push_back(std::move(shape));
    tensors.push_back({names.back(), shapes.back(), values});
  };
  for (const LensTranslator& translator : lens.translators) {
    add(translator.site + std::string(kWeight), translator.weight.shape,
        translator.weight.data);
    if (translator.bias.empty()) continue;
    add(translator.site + std::string(kBias), {translator.bias.size()},
        translator.bias);
  }
  TextMap metadata(lens.record.begin(), lens.record.end());
  metadata[std::string(kSchemaKey)] = kSchema;
  metadata[std::string(kKindKey)] = LensKindName(lens.kind);
  metadata[std::string(kArchitectureKey)] = model.info().architecture;
  metadata[std::string(kHashKey)] = model.info().hash;
  metadata[std::string(kCaptureKey)] = kCapture;
  return WriteSafetensors(path, tensors, metadata);
}

}  // namespace pellucid
