#include "pages.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <utility>

#include "kernels/isa.h"
#include "render/html_page.h"
#include "render/lens_page.h"

namespace nb = nanobind;

namespace pellucid::python {

nb::bytes PageData(std::string_view kind,
                   const std::function<void(render::JsonWriter& json)>& write) {
  std::string text;
  render::JsonWriter json(render::AppendTo(&text), render::JsonStyle::kCompact);
  render::BeginPageData(json, kind);
  write(json);
  json.EndObject();
  json.Finish();
  return nb::bytes(text.data(), text.size());
}

render::RunInfo RunInfoOf(const Model& model, std::size_t edits,
                          std::optional<std::string> text) {
  render::RunInfo run;
  run.isa = kernels::NameOf(kernels::CurrentIsa());
  run.threads = model.threads();
  run.edits = edits;
  run.input_text = std::move(text);
  return run;
}

render::TokenTexts TextsOf(const Model& model, const nb::object& texts) {
  if (texts.is_none()) return render::TextsOf(model.tokenizer());
  return [texts](TokenId id) -> std::optional<std::string> {
    return nb::cast<std::string>(texts(id));
  };
}

nb::bytes LensPageData(const Lens& lens, const Model& model, std::size_t edits,
                       std::optional<std::string> text,
                       const nb::object& texts) {
  render::PageTokens tokens = render::PageTokensOf(model.tokenizer());
  if (!texts.is_none()) tokens = {TextsOf(model, texts), {}};
  const render::RunInfo run = RunInfoOf(model, edits, std::move(text));
  std::optional<std::string> label;
  if (edits > 0) label = "edited";
  return PageData("lens", [&](render::JsonWriter& json) {
    json.Key("runs");
    json.BeginArray();
    render::WritePageLens({lens, model.info(), run, tokens.texts}, tokens,
                          label, json);
    json.EndArray();
  });
}

}  // namespace pellucid::python
