// The logit lens.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <vector>

#include "bindings.h"
#include "edits.h"
#include "lens_arrays.h"
#include "pellucid/lens.h"
#include "watched.h"

namespace nb = nanobind;

namespace pellucid::python {
namespace {

nb::list ComputeAll(const Model& model,
                    const std::vector<std::vector<TokenId>>& prompts,
                    const std::string& layers, const std::string& positions,
                    const std::string& sites, bool embed_row, std::size_t top_k,
                    const std::vector<TokenId>& targets, std::size_t skip_first,
                    const std::string& follow, const nb::sequence& edits) {
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
      .edits = EditsOf(edits, model, watch)};
  options.stop = watch.token();
  const std::vector<Lens> lenses =
      WatchedRun(watch, model, {}, options.edits, [&](const std::stop_token&) {
        return ComputeLensBatch(model, prompts, options);
      });
  nb::list out;
  for (const Lens& lens : lenses) out.append(ArraysOf(lens));
  return out;
}

}  // namespace

void BindLens(nb::module_& m) {
  m.def("lens", &ComputeAll, nb::arg("model"), nb::arg("prompts"),
        nb::arg("layers") = "all", nb::arg("positions") = "all",
        nb::arg("sites") = "resid_post", nb::arg("embed_row") = true,
        nb::arg("top_k") = 5, nb::arg("targets") = std::vector<TokenId>(),
        nb::arg("skip_first") = 0, nb::arg("follow") = "none",
        nb::arg("edits") = nb::list(),
        "Arrays of each prompt (python/src/lens_arrays.h).");
}

}  // namespace pellucid::python
