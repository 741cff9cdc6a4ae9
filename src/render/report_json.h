// Parts of JSON that several reports have, so that all spell them alike.
// Each writes the next member of an object that is open.
#ifndef PELLUCID_RENDER_REPORT_JSON_H_
#define PELLUCID_RENDER_REPORT_JSON_H_

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "pellucid/model.h"  // ModelInfo
#include "pellucid/patch.h"  // PatchInterval
#include "pellucid/tokenizer.h"
#include "render/json_writer.h"
#include "render/run_info.h"
#include "render/token_texts.h"

namespace pellucid::render {

template <typename Items, typename Write>
void WriteArray(JsonWriter& json, std::string_view key, const Items& items,
                const Write& write, JsonWrap wrap = JsonWrap::kInline) {
  json.Key(key);
  json.BeginArray(wrap);
  for (const auto& item : items) write(item);
  json.EndArray();
}

// A matrix, one row a line; `number` gives a cell's, NaN: null.
template <typename Rows, typename Number>
void WriteMatrix(JsonWriter& json, std::string_view key, const Rows& rows,
                 const Number& number) {
  WriteArray(
      json, key, rows,
      [&](const auto& row) {
        json.BeginArray();
        for (const auto& cell : row) json.Float(number(cell));
        json.EndArray();
      },
      JsonWrap::kLines);
}

void WriteText(JsonWriter& json, std::string_view key, std::string_view text);
void WriteIndices(JsonWriter& json, std::string_view key,
                  const std::vector<std::size_t>& indices);
// {"id", "text"}.
void WriteToken(JsonWriter& json, TokenId id, const TokenTexts& texts);
void WriteTokens(JsonWriter& json, std::string_view key,
                 const std::vector<TokenId>& ids, const TokenTexts& texts);
// {"mean", "low", "high"}.
void WriteInterval(JsonWriter& json, std::string_view key,
                   const PatchInterval& interval);
// Means, and bounds of the intervals as NAME_low and NAME_high; a cell without
// any is null.
void WriteIntervals(
    JsonWriter& json, std::string_view name,
    const std::vector<std::vector<std::optional<PatchInterval>>>& cells);
void WriteIntervals(JsonWriter& json, std::string_view name,
                    const std::vector<std::vector<PatchInterval>>& cells);
// "version", "model" and "run".
void WriteOrigin(JsonWriter& json, const ModelInfo& model, const RunInfo& run);

// A field of a CSV file: a number as float32, empty where it is none.
std::string CsvNumber(double value);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_REPORT_JSON_H_
