// Opening a model, and what it is.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <vector>

#include "bindings.h"
#include "hub/reference.h"
#include "kernels/isa.h"
#include "model/model_impl.h"
#include "pellucid/generate.h"
#include "pellucid/model.h"
#include "watched.h"

namespace nb = nanobind;

namespace pellucid::python {
namespace {

Model Open(const std::string& ref, std::size_t threads) {
  return Watched([&](const std::stop_token& stop) {
    return Model::Open(ref, {.threads = threads, .hub = {.stop = stop}});
  });
}

nb::dict InfoOf(const Model& model) {
  const ModelInfo& info = model.info();
  nb::dict out;
  out["ref"] = info.ref;
  out["path"] = info.path;
  out["architecture"] = info.architecture;
  out["format"] = info.format;
  out["hash"] = info.hash;
  out["n_layers"] = info.n_layers;
  out["d_model"] = info.d_model;
  out["n_heads"] = info.n_heads;
  out["n_kv_heads"] = info.n_kv_heads;
  out["head_dim"] = info.head_dim;
  out["d_mlp"] = info.d_mlp;
  out["vocab_size"] = info.vocab_size;
  out["context_length"] = info.context_length;
  nb::dict details;
  for (const auto& [key, value] : info.details) {
    details[nb::str(key.c_str())] = value;
  }
  out["details"] = details;
  return out;
}

nb::list TensorsOf(const Model& model) {
  nb::list out;
  for (const TensorInfo& tensor : model.Tensors()) {
    out.append(
        nb::make_tuple(tensor.name, tensor.dtype, tensor.shape, tensor.bytes));
  }
  return out;
}

nb::list SitesOf(const Model& model) {
  nb::list out;
  for (const SiteInfo& site : model.Sites()) {
    out.append(nb::make_tuple(site.name, site.shape, site.aliases));
  }
  return out;
}

std::string Resolve(const Model& model, const std::string& name) {
  const auto found = model.impl().table.Find(name);
  if (!found.ok()) Raise(Exception::kUnknownSite, found.error().message);
  return (*found)->name;
}

std::optional<std::vector<std::size_t>> FeatureShape(const Model& model,
                                                     const std::string& name) {
  const SiteTable& table = model.impl().table;
  const auto found = table.Find(name);
  if (!found.ok()) Raise(Exception::kUnknownSite, found.error().message);
  const Point point = (*found)->key.point;
  if (IsAttentionMatrix(point)) return std::nullopt;
  return table.FeatureShape(point);
}

// Numbers that a trace of every site holds for one token, but scores and
// pattern.
std::size_t FloatsPerToken(const Model& model) {
  const SiteTable& table = model.impl().table;
  std::size_t floats = 0;
  for (const Site& site : table.sites()) {
    if (IsAttentionMatrix(site.key.point)) continue;
    std::size_t width = 1;
    for (const std::size_t size : table.FeatureShape(site.key.point)) {
      width *= size;
    }
    floats += width;
  }
  return floats;
}

// The one path, if there is one, of a module that the architecture calls so.
std::optional<std::string> ModulePath(const Model& model, Point point) {
  const SiteTable& table = model.impl().table;
  if (!table.Has({point})) return std::nullopt;
  return table.NameOf({point});
}

}  // namespace

void BindModel(nb::module_& m) {
  m.def("default_reference", &hub::DefaultReference,
        "The model that is used where none is named.");
  m.def(
      "find_model",
      [](const std::string& ref) { return Take(hub::ResolveModel(ref)); },
      nb::arg("ref"), "The path that a reference stands for.");
  m.def("instruction_set",
        [] { return std::string(kernels::NameOf(kernels::CurrentIsa())); });

  nb::class_<Model>(m, "Model")
      .def_static("open", &Open, nb::arg("ref"), nb::arg("threads") = 0)
      .def_prop_ro("info", &InfoOf)
      .def_prop_ro("threads", &Model::threads)
      .def("tensors", &TensorsOf, "(name, dtype, shape, bytes) of each.")
      .def("sites", &SitesOf, "(name, shape, aliases) of each.")
      .def("resolve", &Resolve, nb::arg("name"),
           "The canonical name of a site in any spelling.")
      .def("feature_shape", &FeatureShape, nb::arg("name"),
           "What a token has at a site; None for scores and pattern.")
      .def(
          "module_of_layer",
          [](const Model& model, std::size_t layer, bool attention) {
            const Point point = attention ? Point::kAttn : Point::kMlp;
            return model.impl().table.NameOf({point, layer});
          },
          nb::arg("layer"), nb::arg("attention"),
          "The path of a block's attention module, or of its MLP.")
      .def_prop_ro("floats_per_token", &FloatsPerToken)
      .def_prop_ro(
          "layer_paths",
          [](const Model& model) {
            std::vector<std::string> out;
            for (std::size_t l = 0; l < model.info().n_layers; ++l) {
              out.push_back(model.impl().table.NameOf({Point::kResidPost, l}));
            }
            return out;
          })
      .def_prop_ro("embedding_path",
                   [](const Model& model) {
                     return ModulePath(model, Point::kEmbedTokens);
                   })
      .def_prop_ro("norm_path",
                   [](const Model& model) {
                     return ModulePath(model, Point::kFinalNorm);
                   })
      .def_prop_ro(
          "head_path",
          [](const Model& model) { return ModulePath(model, Point::kHead); })
      .def_prop_ro("tied",
                   [](const Model& model) { return model.impl().weights.tied; })
      .def_prop_ro("stop_tokens",
                   [](const Model& model) { return StopTokens(model); });
}

}  // namespace pellucid::python
