// The command line, for `python -m pellucid` and the console script.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <vector>

#include "bindings.h"
#include "cli/main.h"

namespace nb = nanobind;

namespace pellucid::python {

void BindCli(nb::module_& m) {
  m.def(
      "main",
      [](std::vector<std::string> args) {
        std::vector<char*> argv;
        for (std::string& arg : args) argv.push_back(arg.data());
        return cli::Main(static_cast<int>(argv.size()), argv.data());
      },
      nb::arg("argv"), nb::call_guard<nb::gil_scoped_release>(),
      "Run a command with the standard streams; argv[0] is the program.");
}

}  // namespace pellucid::python
