#include "model/families/hf_rope.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "base/quote.h"

namespace pellucid::families {
namespace {

// Radians a position. The first frequency of any scheme is 1 or near it.
constexpr float kMaxFrequency = 1024;
constexpr std::string_view kOriginal = "original_max_position_embeddings";

struct TypeName {
  std::string_view name;
  RopeType type;
};
constexpr std::array<TypeName, 8> kTypes = {{{"default", RopeType::kPlain},
                                             {"none", RopeType::kPlain},
                                             {"linear", RopeType::kLinear},
                                             {"dynamic", RopeType::kDynamic},
                                             {"llama3", RopeType::kLlama3},
                                             {"yarn", RopeType::kYarn},
                                             {"longrope", RopeType::kLong},
                                             {"su", RopeType::kLong}}};

std::string_view NameOf(RopeType type) {
  for (const TypeName& one : kTypes) {
    if (one.type == type) return one.name;
  }
  return "";
}

Status ReadType(HfModelConfig& rope, const HfRopeDefaults& defaults,
                HfRope& out) {
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view name,
                            rope.String({"rope_type", "type"}, "default"));
  const auto known =
      std::ranges::find(kTypes, name, [](const TypeName& t) { return t.name; });
  if (known == kTypes.end()) {
    return rope.Problem(
        rope.SpellingOf({"rope_type", "type"}),
        fmt::format("is \"{}\": unsupported; this version reads default, "
                    "linear, dynamic, llama3, yarn and longrope",
                    Quote(name)));
  }
  out.type = known->type;
  if (out.type == RopeType::kYarn && defaults.yarn_is_long) {
    out.type = RopeType::kLong;
  }
  return {};
}

Status ReadLlama3(HfModelConfig& rope, Llama3Scaling& scaling) {
  PELLUCID_ASSIGN_OR_RETURN(scaling.low_freq_factor,
                            rope.Positive({"low_freq_factor"}));
  PELLUCID_ASSIGN_OR_RETURN(scaling.high_freq_factor,
                            rope.Positive({"high_freq_factor"}));
  if (scaling.high_freq_factor > scaling.low_freq_factor) return {};
  return rope.Problem(
      "high_freq_factor",
      fmt::format("is {}, not above low_freq_factor {}",
                  scaling.high_freq_factor, scaling.low_freq_factor));
}

Status ReadYarn(HfModelConfig& rope, HfRope& out) {
  PELLUCID_ASSIGN_OR_RETURN(out.yarn.beta_fast,
                            rope.Positive({"beta_fast"}, 32.0));
  PELLUCID_ASSIGN_OR_RETURN(out.yarn.beta_slow,
                            rope.Positive({"beta_slow"}, 1.0));
  PELLUCID_ASSIGN_OR_RETURN(out.yarn.truncate, rope.Bool({"truncate"}, true));
  PELLUCID_ASSIGN_OR_RETURN(out.mscale, rope.Number({"mscale"}, 0.0));
  PELLUCID_ASSIGN_OR_RETURN(out.mscale_all_dim,
                            rope.Number({"mscale_all_dim"}, 0.0));
  return {};
}

Result<std::vector<float>> ReadFactors(HfModelConfig& rope,
                                       std::string_view key) {
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<double> values,
                            rope.Numbers({key}));
  std::vector<float> factors(values.begin(), values.end());
  if (factors.empty()) {
    return rope.Problem(key, "is missing; get the file again");
  }
  for (const float factor : factors) {
    if (!(factor > 0)) {
      return rope.Problem(
          key, fmt::format("holds {}, which is no positive number", factor));
    }
  }
  return factors;
}

// Keys that a type has no use for are ignored, as in transformers.
Status PassOverUnused(HfModelConfig& rope) {
  for (const std::string_view key :
       {"factor", "low_freq_factor", "high_freq_factor", "attention_factor",
        "beta_fast", "beta_slow", "mscale", "mscale_all_dim",
        "original_max_position_embeddings", "partial_rotary_factor"}) {
    PELLUCID_RETURN_IF_ERROR(rope.Number({key}, 1.0));
  }
  PELLUCID_RETURN_IF_ERROR(rope.Bool({"truncate"}, true));
  for (const std::string_view key : {"short_factor", "long_factor"}) {
    PELLUCID_RETURN_IF_ERROR(rope.Numbers({key}));
  }
  return rope.CheckAllKnown();
}

// The factor of cosines and sines.
double MagnitudeOf(const HfRope& rope) {
  if (rope.attention_factor) return *rope.attention_factor;
  switch (rope.type) {
    case RopeType::kYarn:
      if (rope.mscale != 0 && rope.mscale_all_dim != 0) {
        return YarnMagnitude(rope.factor, rope.mscale) /
               YarnMagnitude(rope.factor, rope.mscale_all_dim);
      }
      return YarnMagnitude(rope.factor);
    case RopeType::kLong:
      return LongMagnitude(rope.factor, rope.original_context);
    default:
      return 1;
  }
}

Status Stretch(const TensorLoader& loader, const HfRope& rope, RopeSpec& made) {
  switch (rope.type) {
    case RopeType::kPlain:
      return {};
    case RopeType::kLinear: {
      const auto factor = static_cast<float>(rope.factor);
      DivideFrequencies({&factor, 1}, made);
      return {};
    }
    case RopeType::kDynamic:
      if (made.dims < 4) {
        return loader.Problem("rope_scaling",
                              "is dynamic: needs four rotary dimensions");
      }
      StretchDynamic(rope.theta, rope.factor, rope.context, made);
      return {};
    case RopeType::kLlama3: {
      Llama3Scaling scaling = rope.llama3;
      scaling.factor = static_cast<float>(rope.factor);
      scaling.original_context = static_cast<float>(rope.original_context);
      DivideFrequencies(Llama3Divisors(made.inv_freq, scaling), made);
      return {};
    }
    case RopeType::kYarn: {
      YarnScaling scaling = rope.yarn;
      scaling.factor = rope.factor;
      scaling.original_context = rope.original_context;
      StretchYarn(rope.theta, scaling, made);
      return {};
    }
    case RopeType::kLong:
      for (const std::vector<float>* factors :
           {&rope.short_factors, &rope.long_factors}) {
        if (factors->size() == made.dims / 2) continue;
        return loader.Problem(
            "rope_scaling",
            fmt::format("has {} factors for {} rotary frequencies",
                        factors->size(), made.dims / 2));
      }
      StretchLong(rope.theta, rope.short_factors, rope.long_factors,
                  static_cast<std::size_t>(rope.original_context), made);
      return {};
  }
  return {};
}

}  // namespace

Result<HfRope> ReadHfRopeObject(std::optional<HfModelConfig> rope,
                                HfModelConfig& config,
                                const HfRopeDefaults& defaults,
                                const ArchSpec& spec) {
  HfRope out;
  out.theta = defaults.theta;
  out.partial = defaults.partial;
  out.context = spec.context_length;
  out.original_context = static_cast<double>(spec.context_length);
  if (!rope) return out;
  PELLUCID_ASSIGN_OR_RETURN(out.theta,
                            rope->Positive({"rope_theta"}, defaults.theta));
  PELLUCID_ASSIGN_OR_RETURN(
      out.partial, rope->Number({"partial_rotary_factor"}, defaults.partial));
  PELLUCID_RETURN_IF_ERROR(ReadType(*rope, defaults, out));
  const RopeType type = out.type;
  // Beside the scaling it beats the one within, as in transformers.
  if (type >= RopeType::kLlama3) {
    PELLUCID_ASSIGN_OR_RETURN(
        const float within, rope->Positive({kOriginal}, out.original_context));
    PELLUCID_ASSIGN_OR_RETURN(
        out.original_context,
        config.Positive({kOriginal}, defaults.original_context > 0
                                         ? defaults.original_context
                                         : within));
  }
  const double ratio = static_cast<double>(out.context) / out.original_context;
  if (type == RopeType::kYarn || type == RopeType::kLong) {
    PELLUCID_ASSIGN_OR_RETURN(out.factor, rope->Positive({"factor"}, ratio));
    if (rope->Has({"attention_factor"})) {
      PELLUCID_ASSIGN_OR_RETURN(out.attention_factor,
                                rope->Positive({"attention_factor"}));
    }
  } else if (type != RopeType::kPlain) {
    PELLUCID_ASSIGN_OR_RETURN(out.factor, rope->Positive({"factor"}));
  }
  if (type == RopeType::kLlama3) {
    PELLUCID_RETURN_IF_ERROR(ReadLlama3(*rope, out.llama3));
  } else if (type == RopeType::kYarn) {
    PELLUCID_RETURN_IF_ERROR(ReadYarn(*rope, out));
  } else if (type == RopeType::kLong) {
    PELLUCID_ASSIGN_OR_RETURN(out.short_factors,
                              ReadFactors(*rope, "short_factor"));
    PELLUCID_ASSIGN_OR_RETURN(out.long_factors,
                              ReadFactors(*rope, "long_factor"));
  }
  PELLUCID_RETURN_IF_ERROR(PassOverUnused(*rope));
  return out;
}

Result<HfRope> ReadHfRope(HfModelConfig& config, const HfRopeDefaults& defaults,
                          const ArchSpec& spec) {
  HfRopeDefaults outside = defaults;
  PELLUCID_ASSIGN_OR_RETURN(
      outside.theta,
      config.Positive({"rope_theta", "rotary_emb_base"}, defaults.theta));
  PELLUCID_ASSIGN_OR_RETURN(
      outside.partial,
      config.Number({"partial_rotary_factor", "rotary_pct"}, defaults.partial));
  // Where both are there, transformers takes rope_scaling.
  PELLUCID_ASSIGN_OR_RETURN(std::optional<HfModelConfig> legacy,
                            config.Object({"rope_scaling"}));
  PELLUCID_ASSIGN_OR_RETURN(std::optional<HfModelConfig> rope,
                            config.Object({"rope_parameters"}));
  if (legacy) rope = std::move(legacy);
  // Of types that have no use for it, it says nothing.
  PELLUCID_RETURN_IF_ERROR(config.Number({kOriginal}, 0.0));
  return ReadHfRopeObject(std::move(rope), config, outside, spec);
}

Result<RopeSpec> MakeHfRope(const HfLoader& loader, const HfRope& rope,
                            kernels::RopePairs pairs, ArchSpec& spec) {
  const double width = static_cast<double>(spec.head_dim);
  const auto dims =
      static_cast<std::size_t>(std::clamp(width * rope.partial, 0.0, width));
  return MakeRope(loader, rope, dims, pairs, spec);
}

Result<RopeSpec> MakeRope(const TensorLoader& loader, const HfRope& rope,
                          std::size_t dims, kernels::RopePairs pairs,
                          ArchSpec& spec) {
  if (dims == 0 || dims % 2 != 0) {
    return loader.Problem(
        "rotary dimensions",
        fmt::format("are {} of a head size of {}; there must be a positive "
                    "and even number",
                    dims, spec.head_dim));
  }
  RopeSpec made = PlainRope(rope.theta, dims);
  made.pairs = pairs;
  PELLUCID_RETURN_IF_ERROR(Stretch(loader, rope, made));
  made.scale = static_cast<float>(MagnitudeOf(rope));
  if (rope.type == RopeType::kDynamic) {  // what the stretching is for
    spec.context_length = static_cast<std::size_t>(std::clamp(
        static_cast<double>(rope.context) * rope.factor,
        static_cast<double>(rope.context), static_cast<double>(kMaxSize)));
  }
  PELLUCID_RETURN_IF_ERROR(
      CheckFrequencies(loader, "rope_theta or rope_scaling", made));
  spec.details.emplace_back("rope_theta", fmt::format("{}", rope.theta));
  if (dims != spec.head_dim) {
    spec.details.emplace_back("rotary_dims", fmt::format("{}", dims));
  }
  if (rope.type != RopeType::kPlain) {
    spec.details.emplace_back(
        "rope_scaling",
        fmt::format("{}, factor {}", NameOf(rope.type), rope.factor));
  }
  return made;
}

Status CheckFrequencies(const TensorLoader& loader, std::string_view keys,
                        const RopeSpec& rope) {
  const auto wrong = [](float f) { return !(f > 0) || f > kMaxFrequency; };
  for (const std::vector<float>* list : {&rope.inv_freq, &rope.long_inv_freq}) {
    const auto bad = std::ranges::find_if(*list, wrong);
    if (bad == list->end()) continue;
    return loader.Problem(
        "rotary frequencies",
        fmt::format("one is {}, which is not within 0 and {}; {} is damaged",
                    *bad, kMaxFrequency, keys));
  }
  return {};
}

}  // namespace pellucid::families
