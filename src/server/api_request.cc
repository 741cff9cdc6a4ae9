#include "server/api_request.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "base/utf8.h"
#include "server/object_reader.h"

namespace pellucid::server {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kMaxId = std::numeric_limits<TokenId>::max();
constexpr std::int64_t kFar = std::numeric_limits<std::int32_t>::max();

// Layers and heads of any model.
constexpr std::size_t kMaxIndex = 1'000'000;

// Reads `body` as one object with `read`, which has a key a call.
template <typename Request, typename Read>
Result<Request> ReadBody(std::string_view body, std::string where,
                         const Read& read) {
  where += ": request";
  if (const auto offset = FirstInvalidUtf8(body)) {
    return UsageError(fmt::format("{}: invalid UTF-8 at byte {}; send UTF-8",
                                  where, *offset));
  }
  dom::parser parser;
  dom::element element;
  const auto problem =
      parser.parse(body.data(), body.size(), true).get(element);
  if (problem != simdjson::SUCCESS) {
    return UsageError(fmt::format("{}: is no valid JSON ({}); send one object",
                                  where, simdjson::error_message(problem)));
  }
  Request request;
  ObjectReader reader(element, std::move(where));
  read(reader, request);
  PELLUCID_RETURN_IF_ERROR(reader.Finish());
  return request;
}

void ReadIds(ObjectReader& reader, std::optional<std::vector<TokenId>>* to) {
  dom::array list;
  if (!reader.List("ids", &list)) return;
  std::vector<TokenId> ids;
  for (const dom::element item : list) {
    std::int64_t id = 0;
    if (item.get(id) != simdjson::SUCCESS || id < 0 ||
        id > static_cast<std::int64_t>(kMaxId)) {
      return reader.Problem("ids", fmt::format("element {} is no token id; ids "
                                               "are whole numbers from 0 to {}",
                                               ids.size(), kMaxId));
    }
    ids.push_back(static_cast<TokenId>(id));
  }
  *to = std::move(ids);
}

void ReadBos(ObjectReader& reader, BosPolicy* to) {
  std::size_t choice = 0;
  if (!reader.Choice("bos", {"auto", "always", "never"}, &choice)) return;
  *to = choice == 0   ? BosPolicy::kAuto
        : choice == 1 ? BosPolicy::kAlways
                      : BosPolicy::kNever;
}

void ReadPrompt(ObjectReader& reader, PromptRequest* to) {
  reader.Text("text", &to->text);
  ReadIds(reader, &to->ids);
  dom::array messages;
  if (reader.List("messages", &messages)) {
    to->messages = simdjson::minify(messages);
  }
  reader.Flag("generation_prompt", &to->generation_prompt);
  ReadBos(reader, &to->bos);
  const int given =
      to->text.has_value() + to->ids.has_value() + to->messages.has_value();
  if (given != 1) {
    reader.Problem(fmt::format(
        "has {} prompts; give one of text, ids and messages", given));
  }
}

void ReadSelection(ObjectReader& reader, std::string_view key, Selection* to,
                   bool allow_embed = false) {
  std::string text;
  if (!reader.Text(key, &text)) return;
  auto chosen = Selection::Parse(
      text, fmt::format("{}: \"{}\"", reader.where(), key), allow_embed);
  if (!chosen.ok()) return reader.Take(chosen.error());
  *to = *std::move(chosen);
}

std::size_t ReadIndex(ObjectReader& reader, std::string_view key) {
  std::size_t index = 0;
  reader.Require(key, reader.Count(key, 0, kMaxIndex, &index));
  return index;
}

ZeroHead ReadZeroHead(ObjectReader& reader) {
  ZeroHead out;
  out.layer = ReadIndex(reader, "layer");
  out.head = ReadIndex(reader, "head");
  ReadSelection(reader, "positions", &out.positions);
  return out;
}

PatchFrom ReadPatchFrom(ObjectReader& reader) {
  constexpr LensSite kSites[] = {LensSite::kAttnOut, LensSite::kResidMid,
                                 LensSite::kMlpOut, LensSite::kResidPost};
  PatchFrom out;
  reader.Require("from", reader.Text("from", &out.from));
  std::size_t site = 3;
  reader.Choice("site", {"attn_out", "resid_mid", "mlp_out", "resid_post"},
                &site);
  out.site = kSites[site];
  out.layer = ReadIndex(reader, "layer");
  reader.Require("position",
                 reader.Integer("position", -kFar, kFar, &out.position));
  std::int64_t from = 0;
  if (reader.Integer("from_position", -kFar, kFar, &from)) {
    out.from_position = from;
  }
  return out;
}

Steer ReadSteer(ObjectReader& reader) {
  constexpr double kMost = 1e6;
  Steer out;
  reader.Require("plus", reader.Text("plus", &out.plus));
  reader.Text("minus", &out.minus);
  out.layer = ReadIndex(reader, "layer");
  double scale = 1;
  reader.Real("scale", -kMost, kMost, &scale);
  out.scale = static_cast<float>(scale);
  return out;
}

Result<WhatIf> ReadWhatIf(dom::element element, std::string where) {
  ObjectReader reader(element, std::move(where));
  WhatIf out;
  std::size_t what = 0;
  const bool given =
      reader.Choice("do", {"zero_head", "patch", "steer"}, &what);
  reader.Require("do", given);
  if (given && what == 0) out = ReadZeroHead(reader);
  if (given && what == 1) out = ReadPatchFrom(reader);
  if (given && what == 2) out = ReadSteer(reader);
  PELLUCID_RETURN_IF_ERROR(reader.Finish());
  return out;
}

void ReadChanges(ObjectReader& reader, ChangeRequest* to) {
  dom::array list;
  if (reader.List("edits", &list) && list.size() > 0) {
    to->edits = simdjson::minify(list);
  }
  if (!reader.List("what_if", &list)) return;
  for (const dom::element item : list) {
    const std::size_t number = to->what_if.size();
    if (number == kMaxWhatIf) {
      return reader.Problem(
          "what_if", fmt::format("has more than {} elements", kMaxWhatIf));
    }
    auto one =
        ReadWhatIf(item, fmt::format("{}: what_if {}", reader.where(), number));
    if (!one.ok()) return reader.Take(one.error());
    to->what_if.push_back(*std::move(one));
  }
}

void ReadLens(ObjectReader& reader, LensRequest& to) {
  reader.Text("model", &to.model);
  ReadPrompt(reader, &to.prompt);
  reader.Text("lens", &to.lens);
  LensOptions& options = to.options;
  options.top_k = 10;
  ReadSelection(reader, "layers", &options.layers, /*allow_embed=*/true);
  ReadSelection(reader, "positions", &options.positions);
  std::string sites;
  if (reader.Text("sites", &sites)) {
    auto read = ParseLensSites(sites, reader.where() + ": \"sites\"");
    if (read.ok()) {
      options.sites = *std::move(read);
    } else {
      reader.Take(read.error());
    }
  }
  if (reader.Flag("embed", &options.embed_row) && !options.embed_row &&
      options.layers.HasEmbed()) {
    reader.Problem("embed",
                   "is false, and \"layers\" lists embed; leave one out");
  }
  reader.Count("top_k", 1, kMaxId, &options.top_k);
  reader.Texts("targets", kMaxTargets, &to.targets);
  reader.Count("skip_first", 0, kMaxId, &options.skip_first);
  ReadChanges(reader, &to.changes);
  reader.Flag("stream", &to.stream);
}

void ReadTrace(ObjectReader& reader, TraceRequest& to) {
  reader.Text("model", &to.model);
  ReadPrompt(reader, &to.prompt);
  reader.Require("sites", reader.Texts("sites", kMaxSites, &to.sites));
  if (to.sites.empty()) reader.Problem("sites", "is empty; name some");
  std::size_t form = 0;
  if (reader.Choice("format", {"safetensors", "npz", "json"}, &form)) {
    to.form = form == 0   ? TraceForm::kSafetensors
              : form == 1 ? TraceForm::kNpz
                          : TraceForm::kJson;
  }
  ReadChanges(reader, &to.changes);
}

void ReadGenerate(ObjectReader& reader, GenerateRequest& to) {
  reader.Text("model", &to.model);
  ReadPrompt(reader, &to.prompt);
  GenerateOptions& options = to.options;
  SamplingOptions& sampling = options.sampling;
  reader.Count("max_tokens", 1, kMaxId, &options.max_tokens);
  const auto real = [&](std::string_view key, double low, double high,
                        std::optional<double>* value) {
    double number = 0;
    if (reader.Real(key, low, high, &number)) *value = number;
  };
  real("temperature", 0, 1e6, &sampling.temperature);
  std::size_t top_k = 0;
  if (reader.Count("top_k", 1, kMaxId, &top_k)) sampling.top_k = top_k;
  real("top_p", 1e-9, 1, &sampling.top_p);
  real("min_p", 0, 1, &sampling.min_p);
  reader.Real("repetition_penalty", 1e-6, 1e6, &sampling.repetition_penalty);
  std::uint64_t seed = 0;
  if (reader.Unsigned("seed", &seed)) sampling.seed = seed;
  reader.Texts("stop", kMaxStopTexts, &options.stop_texts);
  bool ignore_eos = false;
  reader.Flag("ignore_eos", &ignore_eos);
  if (ignore_eos) options.stop_tokens.emplace();
  ReadChanges(reader, &to.changes);
}

void ReadTokenize(ObjectReader& reader, TokenizeRequest& to) {
  reader.Text("model", &to.model);
  reader.Require("text", reader.Text("text", &to.text));
  ReadBos(reader, &to.bos);
}

}  // namespace

Result<LensRequest> ReadLensRequest(std::string_view body) {
  return ReadBody<LensRequest>(body, "lens", ReadLens);
}

Result<TraceRequest> ReadTraceRequest(std::string_view body) {
  return ReadBody<TraceRequest>(body, "trace", ReadTrace);
}

Result<GenerateRequest> ReadGenerateRequest(std::string_view body) {
  return ReadBody<GenerateRequest>(body, "generate", ReadGenerate);
}

Result<TokenizeRequest> ReadTokenizeRequest(std::string_view body) {
  return ReadBody<TokenizeRequest>(body, "tokenize", ReadTokenize);
}

}  // namespace pellucid::server
