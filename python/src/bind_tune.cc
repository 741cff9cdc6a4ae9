// Lenses that learn: reading, writing, fitting and measuring them.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "analysis/lens_translation.h"
#include "arrays.h"
#include "base/float_environment.h"
#include "bindings.h"
#include "formats/npy_reader.h"
#include "formats/npz.h"
#include "formats/zip_reader.h"
#include "model/model_impl.h"
#include "pellucid/depth.h"
#include "pellucid/jacobian_lens.h"
#include "pellucid/tune.h"
#include "trained.h"
#include "watched.h"

namespace nb = nanobind;

namespace pellucid::python {
namespace {

using Windows = std::vector<std::vector<TokenId>>;
using Record = std::vector<std::pair<std::string, std::string>>;

LensKind KindOf(const std::string& name) {
  for (const LensKind kind : {LensKind::kTuned, LensKind::kJacobian}) {
    if (name == LensKindName(kind)) return kind;
  }
  Raise(Exception::kUsage, "lens: \"" + name +
                               "\" is no kind of a trained lens; give tuned or "
                               "jacobian");
}

Trained Make(
    const std::string& kind, const std::string& ref,
    const std::vector<std::tuple<std::string, FloatArray, FloatArray>>& maps,
    const Record& record) {
  TrainedLens lens{.kind = KindOf(kind), .ref = ref};
  for (const auto& [site, weight, bias] : maps) {
    lens.translators.push_back({site, TensorOf(weight), TensorOf(bias).data});
  }
  lens.record = record;
  return {std::make_shared<const TrainedLens>(std::move(lens))};
}

// (site, weight [d, d], bias [d] or [0]) of each map.
nb::list MapsOf(const Trained& trained) {
  nb::list out;
  for (const LensTranslator& map : trained.lens->translators) {
    const std::size_t size = map.bias.size();
    out.append(nb::make_tuple(map.site, Own(Tensor(map.weight)),
                              Own(std::vector<float>(map.bias), {size})));
  }
  return out;
}

nb::object MapStates(const Trained& trained, const Model& model,
                     const std::string& site, const FloatArray& states) {
  Tensor rows = TensorOf(states);
  const std::size_t d = model.info().d_model;
  if (rows.shape.size() != 2 || rows.shape[1] != d) {
    Raise(Exception::kUsage,
          "lens: the array must be [rows, " + std::to_string(d) + "]");
  }
  Check(CheckTrainedLens(*trained.lens, model.impl().table, trained.lens->ref));
  for (const LensTranslator& map : trained.lens->translators) {
    if (map.site != site || rows.shape[0] == 0) continue;
    const FloatEnvironment environment;
    Translate(model.impl().pool, trained.lens->kind, map,
              MatrixView(rows.data.data(), rows.shape[0], d));
  }
  return Own(std::move(rows));
}

Trained Fit(const Model& model, const Windows& windows,
            const std::string& method, std::size_t steps, double learning_rate,
            double momentum, double clip, double ridge, std::size_t cells,
            std::size_t tokens_per_step, std::size_t skip_first,
            std::uint64_t seed, const nb::object& report) {
  if (method != "closed-form" && method != "recipe") {
    Raise(Exception::kUsage, "tune: method: \"" + method +
                                 "\" is none; give closed-form or recipe");
  }
  Watch watch;
  TuneOptions options{.method = method == "recipe" ? TuneMethod::kRecipe
                                                   : TuneMethod::kClosedForm,
                      .skip_first = skip_first,
                      .ridge = ridge,
                      .steps = steps,
                      .cells = cells,
                      .learning_rate = learning_rate,
                      .tokens_per_step = tokens_per_step,
                      .momentum = momentum,
                      .clip = clip,
                      .seed = seed,
                      .stop = watch.token()};
  if (!report.is_none()) {
    options.report = [&](std::size_t step, std::span<const float> loss) {
      if (watch.failed()) return;
      const nb::gil_scoped_acquire gil;
      try {
        report(step, std::vector<float>(loss.begin(), loss.end()));
      } catch (...) {
        watch.Fail();
      }
    };
  }
  return {std::make_shared<const TrainedLens>(
      Watched(watch, [&](const std::stop_token&) {
        return FitTunedLens(model, windows, options);
      }))};
}

nb::dict DictOf(const LensQuality& row) {
  nb::dict out;
  out["site"] = row.site;
  out["layer"] = row.layer;
  out["kl_to_final"] = row.kl_to_final;
  out["ce"] = row.ce;
  out["entropy"] = row.entropy;
  out["bias"] = row.bias;
  out["top1_agree"] = row.top1_agree;
  return out;
}

nb::list Evaluate(const Model& model, const Windows& windows,
                  const Trained* trained, std::size_t skip_first) {
  const LensEvaluation made = Watched([&](const std::stop_token& stop) {
    return EvaluateLens(model, windows, LensOf(trained).get(),
                        {.skip_first = skip_first, .stop = stop});
  });
  nb::list out;
  for (const LensQuality& row : made.rows) out.append(DictOf(row));
  return out;
}

nb::object Layers(const std::vector<TokenDepth>& depths,
                  std::optional<std::size_t> TokenDepth::*member) {
  std::vector<std::int64_t> out;
  for (const TokenDepth& depth : depths) {
    const auto& layer = depth.*member;
    out.push_back(layer ? static_cast<std::int64_t>(*layer) : -1);
  }
  const std::size_t size = out.size();
  return Own(std::move(out), {size});
}

nb::dict Depths(const Model& model, const Windows& windows,
                const Trained* trained, const std::string& token,
                std::size_t skip_first) {
  if (token != "predicted" && token != "next") {
    Raise(Exception::kUsage,
          "depth: token: \"" + token + "\" is none; give predicted or next");
  }
  const std::vector<TokenDepth> made =
      Watched([&](const std::stop_token& stop) {
        return MeasureDepths(model, windows,
                             {.token = token == "next" ? DepthToken::kNext
                                                       : DepthToken::kPredicted,
                              .trained = LensOf(trained),
                              .skip_first = skip_first,
                              .stop = stop});
      });
  std::vector<std::int64_t> window, position, ids;
  std::vector<std::string> classes;
  for (const TokenDepth& depth : made) {
    window.push_back(static_cast<std::int64_t>(depth.window));
    position.push_back(static_cast<std::int64_t>(depth.position));
    ids.push_back(depth.id);
    classes.emplace_back(TokenClassName(depth.token_class));
  }
  const std::size_t size = made.size();
  nb::dict out;
  out["window"] = Own(std::move(window), {size});
  out["position"] = Own(std::move(position), {size});
  out["id"] = Own(std::move(ids), {size});
  out["class"] = nb::cast(classes);
  out["first_hit"] = Layers(made, &TokenDepth::first_hit);
  out["stable_from"] = Layers(made, &TokenDepth::stable_from);
  return out;
}

void BindTrained(nb::module_& m) {
  nb::class_<Trained>(m, "TrainedLens")
      .def_static("make", &Make, nb::arg("kind"), nb::arg("ref"),
                  nb::arg("maps"), nb::arg("record"))
      .def_static(
          "read",
          [](const std::string& kind, const std::string& path,
             const Model& model) {
            return Trained{Take(ReadTrainedLens(KindOf(kind), path, model))};
          },
          nb::arg("kind"), nb::arg("path"), nb::arg("model"))
      .def(
          "write",
          [](const Trained& trained, const std::string& path,
             const Model& model) {
            Check(WriteTrainedLens(path, *trained.lens, model));
          },
          nb::arg("path"), nb::arg("model"))
      .def(
          "export_tuned_lens",
          [](const Trained& trained, const std::string& folder,
             const Model& model) {
            Check(ExportTunedLens(folder, *trained.lens, model,
                                  model.info().ref));
          },
          nb::arg("folder"), nb::arg("model"))
      .def_prop_ro("kind",
                   [](const Trained& trained) {
                     return std::string(LensKindName(trained.lens->kind));
                   })
      .def_prop_ro("ref",
                   [](const Trained& trained) { return trained.lens->ref; })
      .def_prop_ro("record",
                   [](const Trained& trained) { return trained.lens->record; })
      .def("map", &MapStates, nb::arg("model"), nb::arg("site"),
           nb::arg("states"), "Of [rows, d_model]; without a map, as they are.")
      .def("maps", &MapsOf, "(site, weight [d, d], bias [d]) of each.");
}

// The arrays of an .npz file by name, as float32.
nb::dict ReadNpz(const std::string& path) {
  const ZipFile zip = Take(ZipFile::Open(path));
  nb::dict out;
  for (const ZipEntry& entry : zip.entries()) {
    const ZipData data = Take(zip.Read(entry));
    const std::string name(entry.name);
    const std::string key = name.substr(0, name.rfind(".npy"));
    out[key.c_str()] =
        Own(Take(pellucid::ReadNpy(data.bytes(), path + "/" + name)));
  }
  return out;
}

void WriteNpz(const std::string& path,
              const std::vector<std::pair<std::string, FloatArray>>& arrays) {
  NpzWriter npz = Take(NpzWriter::Create(path));
  for (const auto& [name, array] : arrays) {
    const Tensor tensor = TensorOf(array);
    Check(npz.AddFloats(name, tensor.shape, tensor.data));
  }
  Check(npz.Finish());
}

}  // namespace

void BindTune(nb::module_& m) {
  BindTrained(m);
  m.def("read_npz", &ReadNpz, nb::arg("path"));
  m.def("write_npz", &WriteNpz, nb::arg("path"), nb::arg("arrays"));
  m.def(
      "cut_windows",
      [](const Model& model, const std::vector<std::string>& documents,
         std::size_t window) {
        return Watched([&](const std::stop_token&) {
          return CutWindows(model, documents, window);
        });
      },
      nb::arg("model"), nb::arg("documents"), nb::arg("window"));
  m.def("fit_tuned_lens", &Fit, nb::arg("model"), nb::arg("windows"),
        nb::arg("method"), nb::arg("steps"), nb::arg("learning_rate"),
        nb::arg("momentum"), nb::arg("clip"), nb::arg("ridge"),
        nb::arg("cells"), nb::arg("tokens_per_step"), nb::arg("skip_first"),
        nb::arg("seed"), nb::arg("report").none());
  m.def(
      "fit_jacobian_lens",
      [](const Model& model, const Windows& prompts, std::size_t skip_first,
         std::size_t copies) {
        JacobianFit made = Watched([&](const std::stop_token& stop) {
          return FitJacobianLens(
              model, prompts,
              {.skip_first = skip_first, .copies = copies, .stop = stop});
        });
        return Trained{
            std::make_shared<const TrainedLens>(std::move(made.lens))};
      },
      nb::arg("model"), nb::arg("prompts"), nb::arg("skip_first"),
      nb::arg("copies"));
  m.def("evaluate_lens", &Evaluate, nb::arg("model"), nb::arg("windows"),
        nb::arg("lens").none(), nb::arg("skip_first"));
  m.def("measure_depths", &Depths, nb::arg("model"), nb::arg("windows"),
        nb::arg("lens").none(), nb::arg("token"), nb::arg("skip_first"));
}

}  // namespace pellucid::python
