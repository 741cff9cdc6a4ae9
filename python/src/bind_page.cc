// The page of a result.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <string>
#include <string_view>

#include "bindings.h"
#include "render/html_page.h"

namespace nb = nanobind;

namespace pellucid::python {
namespace {

std::string HtmlPage(std::string_view data) {
  std::string text;
  render::HtmlPage::Write(render::AppendTo(&text), data);
  return text;
}

}  // namespace

void BindPage(nb::module_& m) {
  m.def(
      "html_page",
      [](const nb::bytes& data) {
        return HtmlPage({data.c_str(), data.size()});
      },
      nb::arg("data"), "One file, of data that a result keeps.");
}

}  // namespace pellucid::python
