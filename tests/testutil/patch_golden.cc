#include "testutil/patch_golden.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include "testutil/golden_json.h"

namespace pellucid::testutil {
namespace {

namespace dom = simdjson::dom;

template <typename Int>
std::vector<Int> Integers(const dom::element& array) {
  std::vector<Int> out;
  for (const dom::element item : array.get_array()) {
    out.push_back(static_cast<Int>(item.get_int64().value()));
  }
  return out;
}

GoldenGrid Grid(const dom::element& array) {
  GoldenGrid grid;
  for (const dom::element row : array.get_array()) {
    std::vector<double>& out = grid.emplace_back();
    for (const dom::element cell : row.get_array()) {
      out.push_back(cell.get_double().value());
    }
  }
  return grid;
}

std::map<std::string, GoldenGrid> Grids(const dom::element& object) {
  std::map<std::string, GoldenGrid> grids;
  for (const auto& [site, grid] : object.get_object()) {
    grids[std::string(site)] = Grid(grid);
  }
  return grids;
}

Tensor Noise(const dom::element& samples) {
  Tensor noise;
  std::size_t count = 0, tokens = 0;
  for (const dom::element sample : samples.get_array()) {
    ++count;
    for (const std::vector<double>& row : Grid(sample)) {
      ++tokens;
      for (const double x : row) noise.data.push_back(static_cast<float>(x));
    }
  }
  noise.shape = {count, tokens / count, noise.data.size() / tokens};
  return noise;
}

PatchGolden Read(const dom::element& root) {
  PatchGolden out;
  out.folder = std::string(root["folder"].get_string().value());
  out.clean = Integers<TokenId>(root["clean"]);
  out.corrupt = Integers<TokenId>(root["corrupt"]);
  out.answer = static_cast<TokenId>(root["answer"].get_int64().value());
  out.foil = static_cast<TokenId>(root["foil"].get_int64().value());
  out.clean_difference = root["clean_difference"].get_double().value();
  out.corrupt_difference = root["corrupt_difference"].get_double().value();
  out.by_position = Grids(root["by_position"]);
  out.by_head = Grids(root["by_head"]);
  out.subject = Integers<std::size_t>(root["subject"]);
  out.noise = Noise(root["noise"]);
  const dom::element trace = root["causal_trace"];
  out.trace_corrupt = trace["corrupt"].get_double().value();
  out.trace_values = Grid(trace["values"]);
  return out;
}

}  // namespace

PatchGolden LoadPatchGolden(const std::string& name) {
  const std::string path = GoldenPath("patch/" + name + ".json");
  dom::parser parser;
  try {
    return Read(parser.load(path));
  } catch (const simdjson::simdjson_error& error) {
    ADD_FAILURE() << path << ": " << error.what();
    return {};
  }
}

}  // namespace pellucid::testutil
