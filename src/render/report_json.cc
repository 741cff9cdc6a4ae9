#include "render/report_json.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>

#include "pellucid/version.h"
#include "render/model_json.h"

namespace pellucid::render {
namespace {

template <typename Cells, typename Number>
void WriteBounds(JsonWriter& json, std::string_view name, const Cells& cells,
                 const Number& number) {
  const auto write = [&](std::string_view end, double PatchInterval::*member) {
    WriteMatrix(json, fmt::format("{}{}", name, end), cells,
                [&](const auto& cell) { return number(cell, member); });
  };
  write("", &PatchInterval::mean);
  write("_low", &PatchInterval::low);
  write("_high", &PatchInterval::high);
}

}  // namespace

void WriteText(JsonWriter& json, std::string_view key, std::string_view text) {
  json.Key(key);
  json.String(text);
}

void WriteIndices(JsonWriter& json, std::string_view key,
                  const std::vector<std::size_t>& indices) {
  WriteArray(json, key, indices, [&](std::size_t i) { json.Integer(i); });
}

void WriteToken(JsonWriter& json, TokenId id, const TokenTexts& texts) {
  json.BeginObject();
  json.Key("id");
  json.Integer(id);
  json.Key("text");
  json.StringOrNull(TextOf(texts, id));
  json.EndObject();
}

void WriteTokens(JsonWriter& json, std::string_view key,
                 const std::vector<TokenId>& ids, const TokenTexts& texts) {
  WriteArray(json, key, ids, [&](TokenId id) { WriteToken(json, id, texts); });
}

void WriteInterval(JsonWriter& json, std::string_view key,
                   const PatchInterval& interval) {
  json.Key(key);
  json.BeginObject();
  for (const auto& [name, value] :
       {std::pair{"mean", interval.mean}, std::pair{"low", interval.low},
        std::pair{"high", interval.high}}) {
    json.Key(name);
    json.Float(value);
  }
  json.EndObject();
}

void WriteIntervals(
    JsonWriter& json, std::string_view name,
    const std::vector<std::vector<std::optional<PatchInterval>>>& cells) {
  WriteBounds(json, name, cells,
              [](const std::optional<PatchInterval>& cell,
                 double PatchInterval::*member) {
                return cell ? (*cell).*member
                            : std::numeric_limits<double>::quiet_NaN();
              });
}

void WriteIntervals(JsonWriter& json, std::string_view name,
                    const std::vector<std::vector<PatchInterval>>& cells) {
  WriteBounds(json, name, cells,
              [](const PatchInterval& cell, double PatchInterval::*member) {
                return cell.*member;
              });
}

void WriteOrigin(JsonWriter& json, const ModelInfo& model, const RunInfo& run) {
  WriteText(json, "version", Version());
  json.Key("model");
  WriteModel(model, json);
  json.Key("run");
  json.BeginObject();
  WriteText(json, "isa", run.isa);
  json.Key("threads");
  json.Integer(run.threads);
  WriteText(json, "precision", run.precision);
  json.EndObject();
}

std::string CsvNumber(double value) {
  return std::isfinite(value) ? fmt::format("{:.9g}", static_cast<float>(value))
                              : std::string();
}

}  // namespace pellucid::render
