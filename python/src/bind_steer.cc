// Steering vectors.
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
#include "model/model_impl.h"
#include "pellucid/steer.h"
#include "trained.h"
#include "watched.h"

namespace nb = nanobind;

namespace pellucid::python {
namespace {

using Ids = std::vector<TokenId>;

// (layer, site, values [d_model]) of each.
nb::list ListOf(std::vector<SteeringVector> vectors) {
  nb::list out;
  for (SteeringVector& vector : vectors) {
    const std::size_t size = vector.values.size();
    out.append(nb::make_tuple(vector.layer, vector.site,
                              Own(std::move(vector.values), {size})));
  }
  return out;
}

nb::list Make(const Model& model, const std::vector<std::pair<Ids, Ids>>& pairs,
              const std::string& layers, const std::string& positions,
              const std::string& method) {
  if (method != "mean" && method != "pca") {
    Raise(Exception::kUsage,
          "steer: method: \"" + method + "\" is none; give mean or pca");
  }
  std::vector<ContrastPair> given;
  for (const auto& [plus, minus] : pairs) given.push_back({plus, minus});
  SteeringOptions options{
      .layers = SelectionOf(layers, "layers"),
      .positions = SelectionOf(positions, "positions"),
      .method = method == "pca" ? SteeringMethod::kPca : SteeringMethod::kMean};
  return ListOf(Watched([&](const std::stop_token& stop) {
    options.stop = stop;
    return MakeSteering(model, given, options);
  }));
}

}  // namespace

void BindSteer(nb::module_& m) {
  m.def("make_steering", &Make, nb::arg("model"), nb::arg("pairs"),
        nb::arg("layers"), nb::arg("positions"), nb::arg("method"));
  m.def(
      "lens_steering",
      [](const Model& model, const Trained* lens, TokenId token,
         std::optional<TokenId> foil, const std::string& layers) {
        const Selection chosen = SelectionOf(layers, "layers");
        return ListOf(Watched([&](const std::stop_token&) {
          return LensSteering(model, LensOf(lens).get(), token, foil, chosen);
        }));
      },
      nb::arg("model"), nb::arg("lens").none(), nb::arg("token"),
      nb::arg("foil").none(), nb::arg("layers"));
  m.def(
      "read_steering",
      [](const Model& model, const std::string& path) {
        return ListOf(Take(ReadSteering(path, model)));
      },
      nb::arg("model"), nb::arg("path"));
  m.def(
      "write_steering",
      [](const Model& model, const std::string& path,
         const std::vector<std::pair<std::size_t, FloatArray>>& vectors) {
        std::vector<SteeringVector> given;
        for (const auto& [layer, values] : vectors) {
          if (layer >= model.info().n_layers) {
            Raise(Exception::kUsage,
                  "steer: layer " + std::to_string(layer) + ": is not there");
          }
          given.push_back(
              {layer, model.impl().table.NameOf({Point::kResidPost, layer}),
               TensorOf(values).data});
        }
        Check(WriteSteering(path, given, model));
      },
      nb::arg("model"), nb::arg("path"), nb::arg("vectors"));
}

}  // namespace pellucid::python
