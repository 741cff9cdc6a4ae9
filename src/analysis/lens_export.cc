// Tuned lenses as other packages read them (pellucid/trained_lens.h; what
// lens_import.cc reads).
#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "analysis/lens_import.h"
#include "base/atomic_file.h"
#include "base/quote.h"
#include "formats/json_text.h"
#include "formats/npz.h"
#include "formats/torch_writer.h"
#include "model/model_impl.h"
#include "pellucid/model.h"
#include "pellucid/trained_lens.h"

namespace pellucid {
namespace {

// kUsage: it is no tuned lens.
Status CheckTuned(const TrainedLens& lens, std::string_view path) {
  if (lens.kind == LensKind::kTuned) return {};
  return UsageError(
      fmt::format("lens: {}: a {} lens has no form there; write it with "
                  "WriteTrainedLens",
                  Quote(path), LensKindName(lens.kind)));
}

// The map of the state behind so many blocks. kUsage: there is none.
Result<const LensTranslator*> MapBehind(const TrainedLens& lens,
                                        const SiteTable& table,
                                        std::size_t blocks,
                                        std::string_view path) {
  const std::string site = SiteBehindBlocks(table, blocks);
  for (const LensTranslator& translator : lens.translators) {
    if (translator.site == site) return &translator;
  }
  return UsageError(fmt::format(
      "lens: {}: the lens has no map for {}, which its readers ask for; fit "
      "all rows",
      Quote(path), site));
}

Status WriteText(const std::string& path, std::string_view text) {
  PELLUCID_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  PELLUCID_RETURN_IF_ERROR(file.Write(text));
  return file.Commit();
}

}  // namespace

Status ExportTunedLens(const std::string& folder, const TrainedLens& lens,
                       const Model& model, const std::string& name) {
  PELLUCID_RETURN_IF_ERROR(CheckTuned(lens, folder));
  const ModelInfo& info = model.info();
  const std::vector<std::size_t> square = {info.d_model, info.d_model};
  const std::vector<std::size_t> row = {info.d_model};
  const std::vector<float> zeros(info.d_model);
  std::vector<std::string> names;
  names.reserve(2 * info.n_layers);
  std::vector<NamedFloats> tensors;
  for (std::size_t i = 0; i < info.n_layers; ++i) {
    PELLUCID_ASSIGN_OR_RETURN(const LensTranslator* map,
                              MapBehind(lens, model.impl().table, i, folder));
    names.push_back(fmt::format("{}.weight", i));
    tensors.push_back({names.back(), square, map->weight.data});
    names.push_back(fmt::format("{}.bias", i));
    tensors.push_back(
        {names.back(), row, map->bias.empty() ? zeros : map->bias});
  }
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return FailedError(fmt::format("write: {}: {}; choose another folder",
                                   Quote(folder), error.message()));
  }
  const std::filesystem::path base(folder);
  PELLUCID_RETURN_IF_ERROR(
      WriteTorchFile((base / "params.pt").string(), tensors));
  std::string config = R"({"base_model_name_or_path": )";
  AppendJsonString(name, config);
  config +=
      fmt::format(R"(, "d_model": {}, "num_hidden_layers": {}, "bias": true, )"
                  R"("base_model_revision": null, "unembed_hash": "", )"
                  R"("lens_type": "linear_tuned_lens"}})",
                  info.d_model, info.n_layers);
  return WriteText((base / "config.json").string(), config + "\n");
}

Status ExportMlxterpLens(const std::string& path, const TrainedLens& lens,
                         const Model& model) {
  PELLUCID_RETURN_IF_ERROR(CheckTuned(lens, path));
  const ModelInfo& info = model.info();
  const std::vector<std::size_t> square = {info.d_model, info.d_model};
  const std::vector<std::size_t> row = {info.d_model};
  std::filesystem::path file(path);
  file.replace_extension(".npz");
  PELLUCID_ASSIGN_OR_RETURN(NpzWriter npz, NpzWriter::Create(file.string()));
  // With the identity; of no map, that alone.
  const auto add = [&](const LensTranslator* map,
                       const std::string& name) -> Status {
    Tensor weight(square);
    std::vector<float> bias(info.d_model);
    if (map != nullptr) weight.data = map->weight.data;
    if (map != nullptr && !map->bias.empty()) bias = map->bias;
    for (std::size_t d = 0; d < info.d_model; ++d) weight.Row(d)[d] += 1;
    PELLUCID_RETURN_IF_ERROR(
        npz.AddFloats(name + "_weight", square, weight.data));
    return npz.AddFloats(name + "_bias", row, bias);
  };
  const SiteTable& table = model.impl().table;
  for (std::size_t i = 0; i < info.n_layers; ++i) {
    const LensTranslator* map = nullptr;
    if (i + 1 < info.n_layers) {
      PELLUCID_ASSIGN_OR_RETURN(map, MapBehind(lens, table, i + 1, path));
    }
    PELLUCID_RETURN_IF_ERROR(add(map, fmt::format("translators_{}", i)));
  }
  const Result<const LensTranslator*> embed = MapBehind(lens, table, 0, path);
  if (embed.ok()) PELLUCID_RETURN_IF_ERROR(add(*embed, "embed"));
  PELLUCID_RETURN_IF_ERROR(npz.Finish());
  file.replace_extension(".json");
  return WriteText(file.string(),
                   fmt::format("{{\n  \"num_layers\": {},\n  \"hidden_dim\": "
                               "{}\n}}",
                               info.n_layers, info.d_model));
}

}  // namespace pellucid
