#include "render/csv.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "base/utf8.h"

namespace pellucid::render {
namespace {

std::string TextField(const TokenTexts& texts, TokenId id) {
  const std::optional<std::string> text = TextOf(texts, id);
  return text ? CsvField(ShowBytes(*text)) : std::string();
}

std::string NumberField(float value) {
  return std::isfinite(value) ? fmt::format("{:.9g}", value) : std::string();
}

void AppendCell(const LensReport& report, const LensRow& row,
                const LensCell& cell, std::string& out) {
  std::string input = ",";  // empty: a position outside the input
  if (cell.position < report.lens.ids.size()) {
    const TokenId id = report.lens.ids[cell.position];
    input = fmt::format("{},{}", id, TextField(report.texts, id));
  }
  const std::string front = fmt::format("{},{},{},{}", CsvField(row.site),
                                        row.layer, cell.position, input);
  const std::string back =
      fmt::format("{},{},{}", NumberField(cell.entropy),
                  NumberField(cell.kl_to_final), NumberField(cell.logz));
  for (std::size_t i = 0; i < cell.top.size(); ++i) {
    const TokenScore& score = cell.top[i];
    fmt::format_to(std::back_inserter(out), "{},{},{},{},{},{},{},{}\n", front,
                   i + 1, score.id, TextField(report.texts, score.id),
                   NumberField(score.logit), NumberField(score.logprob),
                   NumberField(score.prob), back);
  }
}

}  // namespace

std::string CsvField(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    return std::string(text);
  }
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string LensCsv(const LensReport& report) {
  std::string out =
      "site,layer,position,token_id,token,k,id,text,logit,logprob,prob,"
      "entropy,kl_to_final,logz\n";
  for (const LensRow& row : report.lens.rows) {
    for (const LensCell& cell : row.cells) AppendCell(report, row, cell, out);
  }
  return out;
}

}  // namespace pellucid::render
