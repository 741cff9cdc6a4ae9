// The lens: the logit lens, or a trained one.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <string>
#include <vector>

#include "bindings.h"
#include "edits.h"
#include "lens_arrays.h"
#include "pages.h"
#include "pellucid/lens.h"
#include "trained.h"
#include "watched.h"

namespace nb = nanobind;

namespace pellucid::python {
namespace {

// What prompts were, where they were texts.
using Inputs = std::vector<std::optional<std::string>>;

nb::list ComputeAll(const Model& model,
                    const std::vector<std::vector<TokenId>>& prompts,
                    const std::string& layers, const std::string& positions,
                    const std::string& sites, bool embed_row, std::size_t top_k,
                    const std::vector<TokenId>& targets, std::size_t skip_first,
                    const std::string& follow, const nb::sequence& edits,
                    const std::optional<Inputs>& page, const nb::object& texts,
                    const Trained* trained, const std::string& precision) {
  Watch watch;
  LensOptions options{
      .layers = SelectionOf(layers, "layers", /*allow_embed=*/true),
      .sites = Take(ParseLensSites(sites, "sites")),
      .embed_row = embed_row,
      .positions = SelectionOf(positions, "positions"),
      .top_k = top_k,
      .targets = targets,
      .skip_first = skip_first,
      .follow = follow == "last"   ? FollowFinal::kLast
                : follow == "each" ? FollowFinal::kEach
                                   : FollowFinal::kNone,
      .edits = EditsOf(edits, model, watch),
      .trained = LensOf(trained),
      .precision = Take(ParseLensPrecision(precision, "precision"))};
  options.stop = watch.token();
  const std::vector<Lens> lenses =
      WatchedRun(watch, model, {}, options.edits, [&](const std::stop_token&) {
        return ComputeLensBatch(model, prompts, options);
      });
  nb::list out;
  for (std::size_t i = 0; i < lenses.size(); ++i) {
    nb::dict arrays = ArraysOf(lenses[i]);
    if (page) {
      arrays["page"] = LensPageData(lenses[i], model, options.edits.size(),
                                    page->at(i), texts);
    }
    out.append(arrays);
  }
  return out;
}

}  // namespace

void BindLens(nb::module_& m) {
  m.def("lens", &ComputeAll, nb::arg("model"), nb::arg("prompts"),
        nb::arg("layers") = "all", nb::arg("positions") = "all",
        nb::arg("sites") = "resid_post", nb::arg("embed_row") = true,
        nb::arg("top_k") = 5, nb::arg("targets") = std::vector<TokenId>(),
        nb::arg("skip_first") = 0, nb::arg("follow") = "none",
        nb::arg("edits") = nb::list(), nb::arg("page") = nb::none(),
        nb::arg("texts") = nb::none(), nb::arg("lens").none() = nb::none(),
        nb::arg("precision") = "exact",
        "Arrays of each prompt (python/src/lens_arrays.h); with `page`, what "
        "the prompts were, also what a page shows.");
}

}  // namespace pellucid::python
