// Edits as Python gives them: objects with the attributes of pellucid.Edit
// (python/pellucid/edits.py), whose functions are called with the GIL held.
#ifndef PELLUCID_PYTHON_SRC_EDITS_H_
#define PELLUCID_PYTHON_SRC_EDITS_H_

#include <nanobind/nanobind.h>

#include <string_view>
#include <vector>

#include "pellucid/edit.h"
#include "pellucid/model.h"
#include "pellucid/selection.h"
#include "watched.h"

namespace pellucid::python {

namespace nb = nanobind;

// Reads a selection's text; `what` names the argument.
Selection SelectionOf(const std::string& text, std::string_view what,
                      bool allow_embed = false);

// The edits of `list`. An exception of a function of theirs stops what `watch`
// runs and comes out of it. `watch` must outlive the edits.
std::vector<Edit> EditsOf(const nb::sequence& list, const Model& model,
                          Watch& watch);

// An edit as the keyword arguments of pellucid.Edit.
nb::dict DictOf(const Edit& edit);

// Throws UnknownSiteError where one of the names is none of the model's;
// `sites` may be patterns. Asked where a run failed, to say why.
void CheckNames(const Model& model, const std::vector<std::string>& sites,
                const std::vector<Edit>& edits);

// Runs `work(stop)`, whose names are those of `sites` and `edits`.
template <typename Work>
auto WatchedRun(Watch& watch, const Model& model,
                const std::vector<std::string>& sites,
                const std::vector<Edit>& edits, const Work& work) {
  std::optional<decltype(work(std::stop_token()))> result;
  watch.Run([&] { result.emplace(work(watch.token())); });
  if (!result->ok() && result->error().code == ErrorCode::kUsage) {
    CheckNames(model, sites, edits);
  }
  return Take(std::move(*result));
}

}  // namespace pellucid::python

#endif  // PELLUCID_PYTHON_SRC_EDITS_H_
