// Forward passes, and what they recorded.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <utility>
#include <vector>

#include "arrays.h"
#include "bindings.h"
#include "edits.h"
#include "pellucid/trace.h"
#include "recording.h"
#include "watched.h"

namespace nb = nanobind;

namespace pellucid::python {
namespace {

std::vector<Recording> Run(const Model& model,
                           const std::vector<std::vector<TokenId>>& prompts,
                           const std::vector<std::string>& sites,
                           const nb::sequence& edits, bool last_logits) {
  Watch watch;
  const std::vector<Edit> made = EditsOf(edits, model, watch);
  std::vector<Trace> traces =
      WatchedRun(watch, model, sites, made, [&](const std::stop_token& stop) {
        return model.RunBatch(prompts, {.sites = sites,
                                        .last_logits = last_logits,
                                        .edits = made,
                                        .stop = stop});
      });
  std::vector<Recording> out;
  for (Trace& trace : traces) out.emplace_back(std::move(trace));
  return out;
}

}  // namespace

void BindRun(nb::module_& m) {
  nb::class_<Recording>(m, "Recording")
      .def_prop_ro("ids", &Recording::ids)
      .def("names", &Recording::Names)
      .def("take", &Recording::Take, nb::arg("name"),
           "The array of a site, which is then no longer here.")
      .def("take_last_logits", &Recording::TakeLastLogits);
  m.def("run", &Run, nb::arg("model"), nb::arg("prompts"), nb::arg("sites"),
        nb::arg("edits"), nb::arg("last_logits") = false,
        "Run prompts of any lengths: one recording each.");
}

}  // namespace pellucid::python
