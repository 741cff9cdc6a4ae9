// Activation patching and causal tracing.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arrays.h"
#include "bindings.h"
#include "edits.h"
#include "grid_dict.h"
#include "pages.h"
#include "pellucid/causal_trace.h"
#include "pellucid/gradient_attribution.h"
#include "pellucid/patch.h"
#include "render/causal_report.h"
#include "render/patch_report.h"
#include "watched.h"

namespace nb = nanobind;

namespace pellucid::python {
namespace {

using Ids = std::vector<TokenId>;

using Span = std::pair<std::size_t, std::size_t>;

// The patch itself, or its first-order estimate.
nb::dict PatchOne(const Model& model, const Ids& clean, const Ids& corrupt,
                  const Ids& answer, const Ids& foil, const std::string& site,
                  const std::string& axes, const std::string& metric,
                  const std::string& direction, const std::string& align,
                  const std::string& layers, const std::string& positions,
                  const std::string& heads, std::size_t window, Span clean_span,
                  Span corrupt_span, const nb::object& texts, bool estimate,
                  const std::string& to) {
  const PatchPair pair{
      .clean = clean,
      .corrupt = corrupt,
      .answer = answer,
      .foil = foil,
      .clean_span = {clean_span.first, clean_span.second},
      .corrupt_span = {corrupt_span.first, corrupt_span.second}};
  PatchOptions options{
      .site = site,
      .axes = Take(ParsePatchAxes(axes, "grid")),
      .metric = Take(ParsePatchMetric(metric, "metric")),
      .direction = Take(ParsePatchDirection(direction, "direction")),
      .align = Take(ParsePatchAlign(align, "align")),
      .layers = SelectionOf(layers, "layers"),
      .positions = SelectionOf(positions, "positions"),
      .heads = SelectionOf(heads, "heads"),
      .window = window,
      .to = to};
  const PatchGrid grid = Watched([&](const std::stop_token& stop) {
    options.stop = stop;
    return estimate ? EstimatePatch(model, pair, options)
                    : Patch(model, pair, options);
  });
  nb::dict out = DictOf(grid);
  if (estimate) return out;
  const render::RunInfo run = RunInfoOf(model);
  const render::TokenTexts token_texts = TextsOf(model, texts);
  out["page"] = PageData("patch", [&](render::JsonWriter& json) {
    json.Key("report");
    render::WritePatch({pair, options, grid, model.info(), run, token_texts},
                       std::nullopt, json);
  });
  return out;
}

// Mean, low and high of each cell, under `name`, `name`_low and `name`_high.
template <typename Cells, typename Value>
void AddIntervals(const char* name, const Cells& cells, const Value& value,
                  nb::dict& out) {
  const std::string base = name;
  const auto add = [&](const std::string& key, double PatchInterval::*part) {
    out[nb::str(key.c_str())] =
        Grid(cells, [&](const auto& cell) { return value(cell, part); });
  };
  add(base, &PatchInterval::mean);
  add(base + "_low", &PatchInterval::low);
  add(base + "_high", &PatchInterval::high);
}

nb::tuple TupleOf(const PatchInterval& interval) {
  return nb::make_tuple(interval.mean, interval.low, interval.high);
}

nb::dict TraceOne(const Model& model, const Ids& ids,
                  const std::vector<std::size_t>& subject,
                  const std::string& kind, std::optional<std::size_t> window,
                  std::optional<TokenId> answer, std::size_t samples,
                  std::uint64_t seed, std::optional<float> noise_std,
                  const std::optional<FloatArray>& noise,
                  const std::string& layers, const std::string& positions,
                  std::size_t resamples, const std::optional<std::string>& text,
                  const nb::object& texts) {
  CausalTraceOptions options{.subject = subject,
                             .kind = kind,
                             .window = window,
                             .answer = answer,
                             .samples = samples,
                             .seed = seed,
                             .noise_std = noise_std,
                             .layers = SelectionOf(layers, "layers"),
                             .positions = SelectionOf(positions, "positions"),
                             .resamples = resamples};
  if (noise) options.noise = TensorOf(*noise);
  CausalTrace trace = Watched([&](const std::stop_token& stop) {
    options.stop = stop;
    return TraceCauses(model, ids, options);
  });
  nb::dict out;
  const render::RunInfo run = RunInfoOf(model, 0, text);
  const render::TokenTexts token_texts = TextsOf(model, texts);
  out["page"] = PageData("causal-trace", [&](render::JsonWriter& json) {
    json.Key("report");
    render::WriteCausal({ids, options, trace, model.info(), run, token_texts},
                        json);
  });
  out["answer"] = trace.answer;
  out["clean"] = trace.clean;
  out["corrupt"] = TupleOf(trace.summary.corrupt);
  out["rows"] = nb::cast(trace.summary.rows);
  out["columns"] = nb::cast(trace.summary.columns);
  AddIntervals(
      "values", trace.summary.values,
      [](const PatchInterval& cell, double PatchInterval::*part) {
        return cell.*part;
      },
      out);
  AddIntervals(
      "recovery", trace.summary.recovery,
      [](const std::optional<PatchInterval>& cell,
         double PatchInterval::*part) { return cell ? (*cell).*part : kNaN; },
      out);
  out["noise_std"] = trace.noise_std;
  out["noise"] = Own(std::move(trace.noise));
  out["window"] = trace.window;
  return out;
}

}  // namespace

void BindPatch(nb::module_& m) {
  m.def("patch", &PatchOne, nb::arg("model"), nb::arg("clean"),
        nb::arg("corrupt"), nb::arg("answer"), nb::arg("foil"), nb::arg("site"),
        nb::arg("axes"), nb::arg("metric"), nb::arg("direction"),
        nb::arg("align"), nb::arg("layers"), nb::arg("positions"),
        nb::arg("heads"), nb::arg("window"), nb::arg("clean_span"),
        nb::arg("corrupt_span"), nb::arg("texts") = nb::none(),
        nb::arg("estimate") = false, nb::arg("to") = "");
  m.def("causal_trace", &TraceOne, nb::arg("model"), nb::arg("ids"),
        nb::arg("subject"), nb::arg("kind"), nb::arg("window").none(),
        nb::arg("answer").none(), nb::arg("samples"), nb::arg("seed"),
        nb::arg("noise_std").none(), nb::arg("noise").none(), nb::arg("layers"),
        nb::arg("positions"), nb::arg("resamples"),
        nb::arg("text") = nb::none(), nb::arg("texts") = nb::none());
  m.def(
      "embedding_deviation",
      [](const Model& model) {
        return Watched([&](const std::stop_token&) -> Result<double> {
          return EmbeddingDeviation(model);
        });
      },
      nb::arg("model"));
}

}  // namespace pellucid::python
