// Direct logit attribution.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <string>
#include <vector>

#include "bindings.h"
#include "edits.h"
#include "pellucid/attribution.h"
#include "watched.h"

namespace nb = nanobind;

namespace pellucid::python {
namespace {

AttributionBy ByOf(const std::string& name) {
  if (name == "block") return AttributionBy::kBlock;
  if (name == "head") return AttributionBy::kHead;
  if (name == "neuron") return AttributionBy::kNeuron;
  Raise(Exception::kUsage, "attribution: by: \"" + name +
                               "\" is none; give block, head or neuron");
}

nb::object LogitOf(const std::optional<AttributedLogit>& logit) {
  if (!logit) return nb::none();
  return nb::make_tuple(logit->id, logit->logit, logit->before_cap);
}

nb::dict Attribute(const Model& model, const std::vector<TokenId>& ids,
                   TokenId answer, std::optional<TokenId> foil,
                   const std::string& by, const std::string& layers,
                   const std::string& position, std::size_t top_neurons) {
  AttributionOptions options{.answer = answer,
                             .foil = foil,
                             .by = ByOf(by),
                             .layers = SelectionOf(layers, "layers"),
                             .position = SelectionOf(position, "position"),
                             .top_neurons = top_neurons};
  const Attribution made = Watched([&](const std::stop_token& stop) {
    options.stop = stop;
    return AttributeLogit(model, ids, options);
  });
  nb::list terms;
  for (const AttributionTerm& term : made.terms) {
    terms.append(nb::make_tuple(std::string(TermKindName(term.kind)),
                                term.layer, term.head, term.neuron, term.expert,
                                term.value));
  }
  nb::dict out;
  out["position"] = made.position;
  out["answer"] = LogitOf(made.answer);
  out["foil"] = LogitOf(made.foil);
  out["value"] = made.value;
  out["sum"] = made.sum;
  out["residue"] = made.residue;
  out["bound"] = made.bound;
  out["norm_scale"] = made.norm_scale;
  out["terms"] = terms;
  return out;
}

}  // namespace

void BindAttribution(nb::module_& m) {
  m.def("attribute", &Attribute, nb::arg("model"), nb::arg("ids"),
        nb::arg("answer"), nb::arg("foil").none(), nb::arg("by"),
        nb::arg("layers"), nb::arg("position"), nb::arg("top_neurons"));
}

}  // namespace pellucid::python
