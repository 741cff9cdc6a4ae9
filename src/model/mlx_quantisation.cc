#include "model/mlx_quantisation.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "base/quote.h"

namespace pellucid {
namespace {

namespace dom = simdjson::dom;
using Mode = MlxScheme::Mode;

// What a mode is where "bits" or "group_size" is absent; all but the first have
// no other.
struct ModeInfo {
  std::string_view name;
  MlxScheme scheme;
};
constexpr std::array<ModeInfo, 4> kModes = {{
    {"affine", {Mode::kAffine, 4, 64}},
    {"mxfp4", {Mode::kMxfp4, 4, 32}},
    {"mxfp8", {Mode::kMxfp8, 8, 32}},
    {"nvfp4", {Mode::kNvfp4, 4, 16}},
}};

// Reads one object of the kind {"group_size", "bits", "mode"}, whose `where` is
// its path in messages.
class SchemeReader {
 public:
  SchemeReader(const HfModelConfig& config, std::string key)
      : config_(config), key_(std::move(key)) {}

  Error Problem(std::string_view field, const std::string& what) const {
    return config_.Problem(key_, fmt::format("\"{}\" {}", Quote(field), what));
  }

  // The fields that say how; those of modules are left to the caller.
  Result<MlxScheme> Read(const dom::object& object) const {
    MlxScheme scheme = kModes.front().scheme;
    if (const auto mode = object["mode"]; mode.error() == simdjson::SUCCESS) {
      PELLUCID_ASSIGN_OR_RETURN(scheme, ReadMode(mode.value_unsafe()));
    }
    PELLUCID_RETURN_IF_ERROR(ReadSize(object, "bits", scheme.bits));
    PELLUCID_RETURN_IF_ERROR(ReadSize(object, "group_size", scheme.group));
    if (IsKnown(scheme)) return scheme;
    return config_.Problem(
        key_, fmt::format("asks for {}, which MLX does not have and this "
                          "version does not read; convert the model again",
                          scheme.Text()));
  }

 private:
  Result<MlxScheme> ReadMode(const dom::element& value) const {
    std::string_view name;
    if (!value.get(name)) {
      for (const ModeInfo& mode : kModes) {
        if (mode.name == name) return mode.scheme;
      }
    }
    return Problem("mode", fmt::format("is {}: unsupported; this version reads "
                                       "affine, mxfp4, mxfp8 and nvfp4",
                                       Quote(simdjson::minify(value))));
  }

  Status ReadSize(const dom::object& object, std::string_view name,
                  std::size_t& size) const {
    const auto found = object[name];
    if (found.error() != simdjson::SUCCESS || found.is_null()) return {};
    std::uint64_t value = 0;
    if (found.get(value)) {
      return Problem(
          name, fmt::format("is {}, which is no whole number; the "
                            "file is damaged",
                            Quote(simdjson::minify(found.value_unsafe()))));
    }
    size = static_cast<std::size_t>(value);
    return {};
  }

  const HfModelConfig& config_;
  std::string key_;
};

bool IsSchemeField(std::string_view key) {
  return key == "mode" || key == "bits" || key == "group_size" ||
         key == "global_scale";  // which a tensor beside the scales holds
}

}  // namespace

std::string MlxScheme::Text() const {
  return fmt::format("{}, {} bits, groups of {}",
                     kModes[static_cast<std::size_t>(mode)].name, bits, group);
}

DType MlxScheme::Elements() const {
  if (mode == Mode::kMxfp8) return DType::kF8E4M3;
  if (mode != Mode::kAffine) return DType::kE2M1;
  constexpr DType kOf[] = {DType::kU1, DType::kU2, DType::kU3, DType::kU4,
                           DType::kU5, DType::kU6, DType::kU8, DType::kU8};
  return kOf[bits - 1];
}

bool IsKnown(const MlxScheme& scheme) {
  if (scheme.mode != Mode::kAffine) {
    return scheme == kModes[static_cast<std::size_t>(scheme.mode)].scheme;
  }
  const bool bits = scheme.bits >= 1 && scheme.bits <= 8 && scheme.bits != 7;
  return bits &&
         (scheme.group == 32 || scheme.group == 64 || scheme.group == 128);
}

Result<std::optional<MlxQuantisation>> MlxQuantisation::Read(
    HfModelConfig& config) {
  // Both keys, if there are both, must say the same.
  constexpr std::string_view kCopy = "quantization_config";
  const std::string key(config.SpellingOf({"quantization", kCopy}));
  PELLUCID_ASSIGN_OR_RETURN(const auto copy, config.Element({kCopy}));
  const bool foreign =
      copy && (*copy)["quant_method"].error() == simdjson::SUCCESS;
  PELLUCID_ASSIGN_OR_RETURN(const auto value,
                            foreign ? config.Element({"quantization"})
                                    : config.Element({"quantization", kCopy}));
  if (!value) return std::optional<MlxQuantisation>();
  const SchemeReader reader(config, key);
  dom::object object;
  if (value->get(object)) {
    return config.Problem(key, "is no object; the file is damaged");
  }
  MlxQuantisation read;
  PELLUCID_ASSIGN_OR_RETURN(read.default_, reader.Read(object));
  for (const auto [name, entry] : object) {
    if (IsSchemeField(name)) continue;
    Override& module = read.overrides_[std::string(name)];
    bool quantised = false;
    dom::object scheme;
    if (!entry.get(quantised)) {
      if (quantised) module.scheme = read.default_;
    } else if (!entry.get(scheme)) {
      PELLUCID_ASSIGN_OR_RETURN(
          module.scheme,
          SchemeReader(config, fmt::format("{}.{}", key, name)).Read(scheme));
    } else {
      return reader.Problem(
          name, fmt::format("is {}: not understood by this version; modules "
                            "have an object, true or false",
                            Quote(simdjson::minify(entry))));
    }
  }
  return std::optional<MlxQuantisation>(std::move(read));
}

const MlxQuantisation::Override* MlxQuantisation::Find(
    std::string_view module) const {
  const auto found = overrides_.find(module);
  return found == overrides_.end() ? nullptr : &found->second;
}

}  // namespace pellucid
