// What the page of a result shows of it (docs/page.md), as JSON: made with the
// result, while all of it is at hand, and kept by the Python object, which
// needs neither the model nor the C++ result to show itself later.
#ifndef PELLUCID_PYTHON_SRC_PAGES_H_
#define PELLUCID_PYTHON_SRC_PAGES_H_

#include <nanobind/nanobind.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "pellucid/lens.h"
#include "pellucid/model.h"
#include "render/json_writer.h"
#include "render/run_info.h"
#include "render/token_texts.h"

namespace pellucid::python {

// The data of a page of a kind; `write` writes the member that it asks for.
nanobind::bytes PageData(
    std::string_view kind,
    const std::function<void(render::JsonWriter& json)>& write);

// How a run of Python's came about; `text`: its prompt, unless that was ids.
render::RunInfo RunInfoOf(const Model& model, std::size_t edits = 0,
                          std::optional<std::string> text = std::nullopt);

// Those of a function of Python's, `texts(id) -> str`; of None, the model's.
// To be called with the GIL held.
render::TokenTexts TextsOf(const Model& model, const nanobind::object& texts);

// Of kind "lens", one run; with edits it is called "edited".
nanobind::bytes LensPageData(const Lens& lens, const Model& model,
                             std::size_t edits, std::optional<std::string> text,
                             const nanobind::object& texts);

}  // namespace pellucid::python

#endif  // PELLUCID_PYTHON_SRC_PAGES_H_
