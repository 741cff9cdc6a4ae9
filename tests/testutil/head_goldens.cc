#include "testutil/head_goldens.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include "testutil/golden_json.h"

namespace pellucid::testutil {
namespace {

namespace dom = simdjson::dom;

std::size_t Count(const dom::element& element) {
  return static_cast<std::size_t>(element.get_int64().value());
}

// By value: a range-for would not keep what `element` gives alive.
dom::array Items(const dom::element& element) {
  return element.get_array().value();
}

std::vector<std::int32_t> Ids(const dom::element& element) {
  std::vector<std::int32_t> out;
  for (const dom::element id : Items(element)) {
    out.push_back(static_cast<std::int32_t>(id.get_int64().value()));
  }
  return out;
}

std::vector<double> Numbers(const dom::element& element) {
  std::vector<double> out;
  for (const dom::element number : Items(element)) {
    out.push_back(number.get_double().value());
  }
  return out;
}

GoldenHeadScores ScoresOf(const dom::element& file, const dom::element& model) {
  GoldenHeadScores out;
  out.folder = std::string(model["folder"].get_string().value());
  out.n_random_tokens = Count(file["n_random_tokens"].value());
  out.n_repeats = Count(file["n_repeats"].value());
  out.seed = Count(file["seed"].value());
  for (const dom::element ids : Items(model["sequences"].value())) {
    out.sequences.push_back(Ids(ids));
  }
  for (const dom::element row : Items(model["scores"].value())) {
    out.scores.push_back(Numbers(row));
  }
  return out;
}

GoldenAttribution AttributionOf(const dom::element& model) {
  GoldenAttribution out;
  out.folder = std::string(model["folder"].get_string().value());
  out.ids = Ids(model["ids"].value());
  out.answer = static_cast<std::int32_t>(Count(model["answer"].value()));
  out.foil = static_cast<std::int32_t>(Count(model["foil"].value()));
  out.value = model["value"].get_double().value();
  for (const dom::element term : Items(model["terms"].value())) {
    const dom::array parts = Items(term);
    out.terms.push_back({std::string(parts.at(0).get_string().value()),
                         static_cast<int>(parts.at(1).get_int64().value()),
                         Count(parts.at(2).value()),
                         parts.at(3).get_double().value()});
  }
  return out;
}

// `read` of each element of "models"; a failure of the test and nothing where
// the file does not read so.
template <typename Golden, typename Read>
std::vector<Golden> LoadModels(const std::string& path, const Read& read) {
  std::vector<Golden> out;
  try {
    dom::parser parser;
    const dom::element file = parser.load(GoldenPath(path)).value();
    for (const dom::element model : Items(file["models"].value())) {
      out.push_back(read(file, model));
    }
  } catch (const simdjson::simdjson_error& error) {
    ADD_FAILURE() << path << ": " << error.what();
  }
  return out;
}

}  // namespace

std::vector<GoldenHeadScores> LoadGoldenHeadScores() {
  return LoadModels<GoldenHeadScores>("attention/scores.json", ScoresOf);
}

std::vector<GoldenAttribution> LoadGoldenAttributions() {
  return LoadModels<GoldenAttribution>(
      "attribution/terms.json",
      [](const dom::element&, const dom::element& model) {
        return AttributionOf(model);
      });
}

}  // namespace pellucid::testutil
