#include "testutil/lens_golden.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include "testutil/golden_json.h"

namespace pellucid::testutil {
namespace {

namespace dom = simdjson::dom;

std::vector<TokenId> Ids(const dom::array& array) {
  std::vector<TokenId> out;
  for (const dom::element id : array) {
    out.push_back(static_cast<TokenId>(id.get_int64().value()));
  }
  return out;
}

std::vector<double> Numbers(const dom::array& array) {
  std::vector<double> out;
  for (const dom::element number : array) {
    out.push_back(number.get_double().value());
  }
  return out;
}

GoldenRank RankOf(const dom::element& element) {
  GoldenRank rank;
  rank.id = static_cast<TokenId>(element["id"].get_int64().value());
  rank.logprob = element["logprob"].get_double().value();
  const dom::array bounds = element["rank_bounds"].get_array().value();
  rank.low = static_cast<std::size_t>(bounds.at(0).get_int64().value());
  rank.high = static_cast<std::size_t>(bounds.at(1).get_int64().value());
  return rank;
}

GoldenCell CellOf(const dom::element& element) {
  GoldenCell cell;
  cell.position =
      static_cast<std::size_t>(element["position"].get_int64().value());
  cell.top_ids = Ids(element["top_ids"].get_array().value());
  cell.top_logits = Numbers(element["top_logits"].get_array().value());
  cell.top_logprobs = Numbers(element["top_logprobs"].get_array().value());
  cell.logz = element["logz"].get_double().value();
  cell.entropy = element["entropy"].get_double().value();
  cell.kl_to_final = element["kl_to_final"].get_double().value();
  if (dom::element next; element["next"].get(next) == simdjson::SUCCESS) {
    cell.next = RankOf(next);
  }
  cell.target = RankOf(element["target"].value());
  return cell;
}

GoldenLens LensOf(const dom::element& element) {
  GoldenLens lens;
  lens.ids = Ids(element["ids"].get_array().value());
  lens.target = static_cast<TokenId>(element["target"].get_int64().value());
  const dom::array rows = element["rows"].get_array().value();
  for (const dom::element row : rows) {
    GoldenLensRow out;
    out.site = std::string(row["site"].get_string().value());
    const dom::array cells = row["cells"].get_array().value();
    for (const dom::element cell : cells) {
      out.cells.push_back(CellOf(cell));
    }
    lens.rows.push_back(std::move(out));
  }
  return lens;
}

}  // namespace

std::vector<GoldenLens> LoadLensGolden(const std::string& path) {
  std::vector<GoldenLens> lenses;
  try {
    dom::parser parser;
    const dom::element root = parser.load(GoldenPath(path)).value();
    const dom::array prompts = root["prompts"].get_array().value();
    for (const dom::element prompt : prompts) {
      lenses.push_back(LensOf(prompt));
    }
  } catch (const simdjson::simdjson_error& error) {
    ADD_FAILURE() << path << ": " << error.what();
    return {};
  }
  return lenses;
}

}  // namespace pellucid::testutil
