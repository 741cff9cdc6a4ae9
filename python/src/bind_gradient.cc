// Gradients, and attribution by them. (Attribution patching: bind_patch.cc.)
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <utility>
#include <vector>

#include "arrays.h"
#include "bindings.h"
#include "edits.h"
#include "grid_dict.h"
#include "pellucid/gradient.h"
#include "pellucid/gradient_attribution.h"
#include "recording.h"
#include "watched.h"

namespace nb = nanobind;

namespace pellucid::python {
namespace {

using Ids = std::vector<TokenId>;

std::pair<double, Recording> GradientOf(const Model& model, const Ids& ids,
                                        const std::vector<std::string>& sites,
                                        const std::string& metric,
                                        const Ids& answer, const Ids& foil,
                                        const Ids& reference) {
  GradientOptions options{.sites = sites,
                          .metric = Take(ParsePatchMetric(metric, "metric")),
                          .answer = answer,
                          .foil = foil,
                          .reference = reference};
  Gradient made = Watched([&](const std::stop_token& stop) {
    options.stop = stop;
    return ComputeGradient(model, ids, options);
  });
  return {made.value, Recording(std::move(made.trace))};
}

nb::dict AttributeOne(const Model& model, const Ids& ids,
                      const std::string& method, const std::string& site,
                      const std::string& axes, const std::string& metric,
                      const Ids& answer, const Ids& foil, const Ids& baseline,
                      const std::string& kind, std::size_t steps,
                      const std::string& layers, const std::string& positions,
                      const std::string& heads) {
  ActivationOptions options{.method = method == "ig"
                                          ? GradientMethod::kIntegrated
                                          : GradientMethod::kTimesActivation,
                            .site = site,
                            .axes = Take(ParsePatchAxes(axes, "grid")),
                            .metric = Take(ParsePatchMetric(metric, "metric")),
                            .answer = answer,
                            .foil = foil,
                            .baseline = baseline,
                            .steps = steps,
                            .layers = SelectionOf(layers, "layers"),
                            .positions = SelectionOf(positions, "positions"),
                            .heads = SelectionOf(heads, "heads")};
  if (kind == "zero") options.baseline_kind = ActivationBaseline::kZero;
  if (kind == "mean") options.baseline_kind = ActivationBaseline::kMean;
  ActivationGrid grid = Watched([&](const std::stop_token& stop) {
    options.stop = stop;
    return AttributeActivations(model, ids, options);
  });
  nb::dict out;
  out["axes"] = std::string(PatchAxesName(grid.axes));
  out["rows"] = nb::cast(grid.rows);
  out["columns"] = nb::cast(grid.columns);
  out["value"] = grid.value;
  const std::size_t baselines = grid.baseline.size();
  const std::size_t totals = grid.total.size();
  out["baseline"] = Own(std::move(grid.baseline), {baselines});
  out["total"] = Own(std::move(grid.total), {totals});
  out["values"] = Grid(grid.values, [](double v) { return v; });
  return out;
}

}  // namespace

void BindGradient(nb::module_& m) {
  m.def("gradient", &GradientOf, nb::arg("model"), nb::arg("ids"),
        nb::arg("sites"), nb::arg("metric"), nb::arg("answer"), nb::arg("foil"),
        nb::arg("reference"));
  m.def("attribute_activations", &AttributeOne, nb::arg("model"),
        nb::arg("ids"), nb::arg("method"), nb::arg("site"), nb::arg("axes"),
        nb::arg("metric"), nb::arg("answer"), nb::arg("foil"),
        nb::arg("baseline"), nb::arg("kind"), nb::arg("steps"),
        nb::arg("layers"), nb::arg("positions"), nb::arg("heads"));
  m.def(
      "rank_correlation",
      [](const std::vector<double>& a, const std::vector<double>& b) {
        return RankCorrelation(a, b);
      },
      nb::arg("a"), nb::arg("b"));
}

}  // namespace pellucid::python
