#include "render/lens_page.h"

#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

#include "pellucid/version.h"
#include "render/lens_json.h"
#include "render/model_json.h"
#include "render/packed_json.h"

namespace pellucid::render {
namespace {

constexpr float kNone = std::numeric_limits<float>::quiet_NaN();

template <typename Items>
std::vector<std::uint32_t> Whole(const Items& items) {
  std::vector<std::uint32_t> out;
  out.reserve(items.size());
  for (const auto item : items) out.push_back(static_cast<std::uint32_t>(item));
  return out;
}

template <typename T>
void Packed(JsonWriter& json, std::string_view key,
            const std::vector<T>& values) {
  json.Key(key);
  WritePacked(json, std::span(values));
}

// Logit and rank of one token in every cell, [rows, positions, tokens].
struct Ranked {
  std::vector<float> logits;
  std::vector<std::uint32_t> ranks;

  void Add(const RankedScore* score) {
    logits.push_back(score != nullptr ? score->score.logit : kNone);
    ranks.push_back(score != nullptr ? static_cast<std::uint32_t>(score->rank)
                                     : 0);
  }
  void Add(const std::optional<RankedScore>& score) {
    Add(score ? &*score : nullptr);
  }
  void Write(JsonWriter& json, const std::string& name) const {
    Packed(json, name + "_logit", logits);
    Packed(json, name + "_rank", ranks);
  }
};

// The columns of a block.
struct Columns {
  explicit Columns(const Lens& lens) {
    for (const LensRow& row : lens.rows) {
      for (const LensCell& cell : row.cells) Add(cell);
    }
    if (lens.rows.empty()) return;
    for (const LensCell& cell : lens.rows.back().cells) {
      final_id.push_back(cell.final_top1 ? static_cast<std::uint32_t>(
                                               cell.final_top1->score.id)
                                         : 0);
    }
  }

  void Add(const LensCell& cell) {
    for (const TokenScore& score : cell.top) {
      top_id.push_back(static_cast<std::uint32_t>(score.id));
      top_logit.push_back(score.logit);
    }
    logz.push_back(cell.logz);
    entropy.push_back(cell.entropy);
    kl.push_back(cell.kl_to_final);
    next.Add(cell.next);
    final.Add(cell.final_top1);
    for (const RankedScore& target : cell.targets) targets.Add(&target);
  }

  std::vector<std::uint32_t> top_id, final_id;
  std::vector<float> top_logit, logz, entropy, kl;
  Ranked next, final, targets;
};

// All tokens that a block mentions, each once.
std::set<TokenId> Mentioned(const Lens& lens) {
  std::set<TokenId> ids(lens.ids.begin(), lens.ids.end());
  for (const LensTarget& target : lens.targets) ids.insert(target.id);
  for (const LensRow& row : lens.rows) {
    for (const LensCell& cell : row.cells) {
      for (const TokenScore& score : cell.top) ids.insert(score.id);
      if (cell.final_top1) ids.insert(cell.final_top1->score.id);
    }
  }
  return ids;
}

std::string Hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    out += kDigits[value >> 4];
    out += kDigits[value & 15];
  }
  return out;
}

void WriteTokenTable(const std::vector<TokenId>& ids, const PageTokens& tokens,
                     JsonWriter& json) {
  json.Key("tokens");
  json.BeginObject();
  Packed(json, "ids", Whole(ids));
  json.Key("texts");
  json.BeginArray();
  std::vector<std::pair<TokenId, std::string>> other;
  for (const TokenId id : ids) {
    const auto text = TextOf(tokens.texts, id);
    json.StringOrNull(text);
    const auto bytes = TextOf(tokens.bytes, id);
    if (bytes && bytes != text) other.emplace_back(id, Hex(*bytes));
  }
  json.EndArray();
  json.Key("bytes");
  json.BeginObject();
  for (const auto& [id, hex] : other) {
    json.Key(std::to_string(id));
    json.String(hex);
  }
  json.EndObject();
  json.EndObject();
}

}  // namespace

void WritePageRun(const LensReport& report, std::optional<std::string> label,
                  const std::vector<std::size_t>& positions, JsonWriter& json) {
  const Lens& lens = report.lens;
  json.Key("label");
  json.StringOrNull(label);
  json.Key("version");
  json.String(Version());
  json.Key("model");
  WriteModel(report.model, json);
  WriteLensRun(report, json);
  json.Key("input");
  json.BeginObject();
  json.Key("text");
  json.StringOrNull(report.run.input_text);
  Packed(json, "ids", Whole(lens.ids));
  json.EndObject();
  const bool has_cells = !lens.rows.empty() && !lens.rows[0].cells.empty();
  json.Key("top_k");
  json.Integer(has_cells ? lens.rows[0].cells[0].top.size() : 0);
  json.Key("rows");
  json.BeginArray();
  for (const LensRow& row : lens.rows) {
    json.BeginObject();
    json.Key("site");
    json.String(row.site);
    json.Key("layer");
    json.Integer(row.layer);
    if (row.own_norm) {
      json.Key("norm");
      json.String("own");
    }
    json.EndObject();
  }
  json.EndArray();
  Packed(json, "positions", Whole(positions));
  std::vector<std::uint32_t> targets;
  for (const LensTarget& target : lens.targets) {
    targets.push_back(static_cast<std::uint32_t>(target.id));
  }
  Packed(json, "targets", targets);
  json.Key("blocks");
}

void WritePageBlock(const Lens& lens, const PageTokens& tokens,
                    std::set<TokenId>* named, JsonWriter& json) {
  const Columns columns(lens);
  std::vector<TokenId> fresh;
  for (const TokenId id : Mentioned(lens)) {
    if (named->insert(id).second) fresh.push_back(id);
  }
  Packed(json, "positions", Whole(lens.positions));
  WriteTokenTable(fresh, tokens, json);
  Packed(json, "top_id", columns.top_id);
  Packed(json, "top_logit", columns.top_logit);
  Packed(json, "logz", columns.logz);
  Packed(json, "entropy", columns.entropy);
  Packed(json, "kl", columns.kl);
  columns.next.Write(json, "next");
  Packed(json, "final_id", columns.final_id);
  columns.final.Write(json, "final");
  if (!lens.targets.empty()) columns.targets.Write(json, "target");
}

void WritePageEnd(const LensReport& report, JsonWriter& json) {
  WriteLensEnd(report, "target_layers", json);
}

void WritePageLens(const LensReport& report, const PageTokens& tokens,
                   std::optional<std::string> label, JsonWriter& json) {
  json.BeginObject();
  WritePageRun(report, std::move(label), report.lens.positions, json);
  json.BeginArray();
  json.BeginObject();
  std::set<TokenId> named;
  WritePageBlock(report.lens, tokens, &named, json);
  json.EndObject();
  json.EndArray();
  WritePageEnd(report, json);
  json.EndObject();
}

}  // namespace pellucid::render
