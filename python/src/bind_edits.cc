// Files of edits.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <string>
#include <vector>

#include "bindings.h"
#include "edits.h"
#include "pellucid/edit.h"
#include "watched.h"

namespace nb = nanobind;

namespace pellucid::python {

void BindEdits(nb::module_& m) {
  m.def(
      "read_edits",
      [](const Model& model, const std::string& path) {
        nb::list out;
        for (const Edit& edit : Take(ReadEdits(path, model.info()))) {
          out.append(DictOf(edit));
        }
        return out;
      },
      nb::arg("model"), nb::arg("path"));
  m.def(
      "write_edits",
      [](const Model& model, const std::string& path,
         const nb::sequence& edits) {
        Watch watch;
        Check(WriteEdits(path, EditsOf(edits, model, watch), model.info()));
      },
      nb::arg("model"), nb::arg("path"), nb::arg("edits"));
}

}  // namespace pellucid::python
