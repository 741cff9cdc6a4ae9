// Text generation behind a cache.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrays.h"
#include "bindings.h"
#include "edits.h"
#include "lens_arrays.h"
#include "pages.h"
#include "pellucid/generate.h"
#include "recording.h"
#include "trained.h"
#include "watched.h"

namespace nb = nanobind;

namespace pellucid::python {
namespace {

nb::dict DictOf(Generation generation, const Model& model, std::size_t edits,
                const nb::object& texts) {
  std::vector<std::int64_t> ids;
  std::vector<float> logprobs;
  for (const GeneratedToken& token : generation.tokens) {
    ids.push_back(token.id);
    logprobs.push_back(token.logprob);
  }
  nb::dict out;
  out["prompt"] = nb::cast(generation.prompt);
  out["ids"] = nb::cast(ids);
  const std::size_t count = logprobs.size();
  out["logprobs"] = Own(std::move(logprobs), {count});
  out["text"] = nb::bytes(generation.text.data(), generation.text.size());
  out["finish"] = std::string(FinishReasonName(generation.finish));
  out["prompt_ms"] = generation.prompt_ms;
  out["tokens_ms"] = generation.tokens_ms;
  out["recording"] = nb::cast(Recording(std::move(generation.trace)));
  if (generation.lens) {
    nb::dict lens = ArraysOf(*generation.lens);
    lens["page"] =
        LensPageData(*generation.lens, model, edits, std::nullopt, texts);
    out["lens"] = lens;
  }
  return out;
}

nb::list GenerateAll(const Model& model,
                     const std::vector<std::vector<TokenId>>& prompts,
                     std::size_t max_tokens, std::optional<double> temperature,
                     std::optional<std::size_t> top_k,
                     std::optional<double> top_p, std::optional<double> min_p,
                     double repetition_penalty,
                     std::optional<std::uint64_t> seed,
                     const std::vector<std::string>& stop_texts,
                     const std::optional<std::vector<TokenId>>& stop_tokens,
                     const nb::sequence& edits,
                     const std::vector<std::string>& sites, bool lens,
                     std::size_t lens_top_k, const Trained* trained,
                     const nb::object& on_text, const nb::object& texts) {
  Watch watch;
  GenerateOptions options{.max_tokens = max_tokens,
                          .sampling = {.repetition_penalty = repetition_penalty,
                                       .temperature = temperature,
                                       .top_k = top_k,
                                       .top_p = top_p,
                                       .min_p = min_p,
                                       .seed = seed},
                          .stop_texts = stop_texts,
                          .stop_tokens = stop_tokens,
                          .edits = EditsOf(edits, model, watch),
                          .sites = sites,
                          .stop = watch.token()};
  if (lens) {
    options.lens.emplace();
    options.lens->top_k = lens_top_k;
    options.lens->follow = FollowFinal::kEach;
    options.lens->trained = LensOf(trained);
  }
  if (!on_text.is_none()) {
    options.on_text = [&](std::size_t prompt, std::string_view text) {
      if (watch.failed()) return;
      const nb::gil_scoped_acquire gil;
      try {
        on_text(prompt, nb::str(text.data(), text.size()));
      } catch (...) {
        watch.Fail();
      }
    };
  }
  std::vector<Generation> made = WatchedRun(
      watch, model, sites, options.edits, [&](const std::stop_token&) {
        return GenerateBatch(model, prompts, options);
      });
  nb::list out;
  for (Generation& generation : made) {
    out.append(
        DictOf(std::move(generation), model, options.edits.size(), texts));
  }
  return out;
}

}  // namespace

void BindGenerate(nb::module_& m) {
  m.def("generate", &GenerateAll, nb::arg("model"), nb::arg("prompts"),
        nb::arg("max_tokens"), nb::arg("temperature").none(),
        nb::arg("top_k").none(), nb::arg("top_p").none(),
        nb::arg("min_p").none(), nb::arg("repetition_penalty"),
        nb::arg("seed").none(), nb::arg("stop_texts"),
        nb::arg("stop_tokens").none(), nb::arg("edits"), nb::arg("sites"),
        nb::arg("lens"), nb::arg("lens_top_k"), nb::arg("trained").none(),
        nb::arg("on_text").none(), nb::arg("texts") = nb::none());
}

}  // namespace pellucid::python
