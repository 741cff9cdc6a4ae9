#include "analysis/tune_checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/quote.h"
#include "base/sha256.h"
#include "formats/safetensors.h"
#include "formats/safetensors_writer.h"

namespace pellucid {
namespace {

constexpr std::string_view kSchema = "pellucid.tune-checkpoint/1";
// Names of tensors: what stands before the name of a state's part.
constexpr std::string_view kFloats = "floats.", kDoubles = "doubles.",
                           kMaps = "maps.", kCounts = "counts.";
constexpr std::string_view kWeight = ".weight", kBias = ".bias";
constexpr std::string_view kLosses = "losses";

// SHA-256 over all that a fit's numbers depend on.
std::string FingerprintOf(const std::string& fit,
                          std::span<const std::vector<TokenId>> windows) {
  Sha256 sha;
  const auto text = [&](const std::string& part) {
    sha.Update(std::as_bytes(std::span(part.data(), part.size())));
  };
  text(fit);
  for (const std::vector<TokenId>& window : windows) {
    text(fmt::format(" {}:", window.size()));
    sha.Update(std::as_bytes(std::span(window)));
  }
  return HexOf(sha.Finish());
}

std::string FitOf(const Model::Impl& model, const TuneOptions& options) {
  return fmt::format("tuned {} {} {} {} {} {} {} {} {} {} {} {} {} {} {}",
                     model.info.hash, static_cast<int>(options.method),
                     options.skip_first, options.ridge, options.steps,
                     options.cells, options.learning_rate,
                     options.tokens_per_step, options.momentum, options.clip,
                     options.seed, options.patience, options.check_every,
                     options.max_moment_bytes, options.max_state_bytes);
}

template <typename T>
std::vector<T> NumbersOf(const SafetensorsTensor& tensor) {
  std::vector<T> out(tensor.data.size() / sizeof(T));
  if (!out.empty()) {
    std::memcpy(out.data(), tensor.data.data(), out.size() * sizeof(T));
  }
  return out;
}

Error Damaged(const std::string& path, std::string_view what) {
  return ModelError(fmt::format("tune: {}: {}; begin anew", Quote(path), what));
}

// Puts one tensor where it belongs.
Status Take(const std::string& path, const SafetensorsTensor& tensor,
            TuneState* state) {
  const std::string_view name = tensor.name;
  if (name.starts_with(kDoubles) && tensor.dtype == "F64") {
    state->doubles[std::string(name.substr(kDoubles.size()))] =
        NumbersOf<double>(tensor);
    return {};
  }
  if (tensor.dtype != "F32") {
    return Damaged(path, fmt::format("tensor {} is of type {}", Quote(name),
                                     Quote(tensor.dtype)));
  }
  std::vector<float> values = NumbersOf<float>(tensor);
  if (name.starts_with(kFloats)) {
    state->floats[std::string(name.substr(kFloats.size()))] = std::move(values);
  } else if (name == kLosses && tensor.shape.size() == 2) {
    const std::size_t maps = tensor.shape[1];
    for (std::size_t i = 0; i < tensor.shape[0]; ++i) {
      const auto begin = values.begin() + static_cast<std::ptrdiff_t>(i * maps);
      state->losses.emplace_back(begin,
                                 begin + static_cast<std::ptrdiff_t>(maps));
    }
  } else if (name.starts_with(kMaps)) {
    const bool weight = name.ends_with(kWeight);
    const std::size_t end =
        name.size() - (weight ? kWeight.size() : kBias.size());
    const std::string key(name.substr(kMaps.size(), end - kMaps.size()));
    const std::string site = key.substr(key.find(' ') + 1);
    auto map = std::ranges::find(state->maps, site, &LensTranslator::site);
    if (map == state->maps.end()) {
      state->maps.push_back({.site = site});
      map = state->maps.end() - 1;
    }
    if (weight) {
      map->weight.shape = tensor.shape;
      map->weight.data = std::move(values);
    } else {
      map->bias = std::move(values);
    }
  } else {
    return Damaged(path, fmt::format("has a tensor {}", Quote(name)));
  }
  return {};
}

}  // namespace

TuneCheckpoint::TuneCheckpoint(File file, const std::string& fit,
                               std::span<const std::vector<TokenId>> windows)
    : file_(std::move(file)), written_(std::chrono::steady_clock::now()) {
  if (!file_.path.empty()) fingerprint_ = FingerprintOf(fit, windows);
}

TuneCheckpoint::TuneCheckpoint(const Model::Impl& model,
                               std::span<const std::vector<TokenId>> windows,
                               const TuneOptions& options)
    : TuneCheckpoint({.path = options.checkpoint,
                      .resume = options.resume,
                      .seconds = options.checkpoint_seconds},
                     FitOf(model, options), windows) {}

Result<std::optional<TuneState>> TuneCheckpoint::Read() const {
  std::error_code ignored;
  if (file_.path.empty() || !file_.resume ||
      !std::filesystem::exists(file_.path, ignored)) {
    return std::optional<TuneState>();
  }
  PELLUCID_ASSIGN_OR_RETURN(const SafetensorsFile file,
                            SafetensorsFile::Open(file_.path));
  const auto text = [&](std::string_view key) {
    const auto found = file.metadata().find(key);
    return found == file.metadata().end() ? std::string() : found->second;
  };
  if (text("pellucid") != kSchema) {
    return Damaged(file_.path, "is no checkpoint of a fit");
  }
  if (text("fit") != fingerprint_) {
    return UsageError(fmt::format(
        "tune: {}: is of a fit of other text, options or another model; give "
        "these again, or begin anew without resuming",
        Quote(file_.path)));
  }
  TuneState state;
  for (const auto& [key, value] : file.metadata()) {
    if (!key.starts_with(kCounts)) continue;
    std::uint64_t& count = state.counts[key.substr(kCounts.size())];
    const char* end = value.data() + value.size();
    if (std::from_chars(value.data(), end, count).ptr != end) {
      return Damaged(file_.path, fmt::format("{} is no number", Quote(key)));
    }
  }
  for (const SafetensorsTensor& tensor : file.tensors()) {
    PELLUCID_RETURN_IF_ERROR(Take(file_.path, tensor, &state));
  }
  return std::optional<TuneState>(std::move(state));
}

bool TuneCheckpoint::Due(bool milestone) const {
  if (file_.path.empty() || milestone) return !file_.path.empty();
  const std::chrono::duration<double> since =
      std::chrono::steady_clock::now() - written_;
  return since.count() >= file_.seconds;
}

Status TuneCheckpoint::Write(const TuneState& state) {
  std::vector<std::string> names;
  std::vector<std::vector<std::size_t>> shapes;
  const std::size_t most =
      2 * state.maps.size() + state.floats.size() + state.doubles.size() + 1;
  names.reserve(most);
  shapes.reserve(most);
  std::vector<NamedFloats> tensors;
  const auto add = [&](std::string name, std::vector<std::size_t> shape,
                       std::span<const float> floats,
                       std::span<const double> doubles = {}) {
    names.push_back(std::move(name));
    shapes.push_back(std::move(shape));
    tensors.push_back({names.back(), shapes.back(), floats, doubles});
  };
  for (std::size_t i = 0; i < state.maps.size(); ++i) {
    const LensTranslator& map = state.maps[i];
    // Numbered, so that they are read in their order: tensors go by name.
    const std::string key = fmt::format("{}{:06} {}", kMaps, i, map.site);
    add(key + std::string(kWeight), map.weight.shape, map.weight.data);
    add(key + std::string(kBias), {map.bias.size()}, map.bias);
  }
  for (const auto& [key, values] : state.floats) {
    add(std::string(kFloats) + key, {values.size()}, values);
  }
  for (const auto& [key, values] : state.doubles) {
    add(std::string(kDoubles) + key, {values.size()}, {}, values);
  }
  std::vector<float> losses;
  for (const std::vector<float>& step : state.losses) {
    losses.insert(losses.end(), step.begin(), step.end());
  }
  if (!losses.empty()) {
    add(std::string(kLosses),
        {state.losses.size(), state.losses.front().size()}, losses);
  }
  TextMap metadata = {{"pellucid", std::string(kSchema)},
                      {"fit", fingerprint_}};
  for (const auto& [key, count] : state.counts) {
    metadata[std::string(kCounts) + key] = fmt::format("{}", count);
  }
  PELLUCID_RETURN_IF_ERROR(WriteSafetensors(file_.path, tensors, metadata));
  written_ = std::chrono::steady_clock::now();
  return {};
}

}  // namespace pellucid
