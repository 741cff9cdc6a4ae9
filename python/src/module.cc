// pellucid._core: the library as Python sees it, one small call each. What
// users meet is the Python around it (python/pellucid).
#include <nanobind/nanobind.h>

#include <string>

#include "bindings.h"
#include "pellucid/version.h"

NB_MODULE(_core, m) {
  namespace python = pellucid::python;
  m.doc() = "The C++ library. Programs use the package around it.";
  m.attr("__version__") = std::string(pellucid::Version()).c_str();
  python::BindTokenizer(m);
  python::BindModel(m);
  python::BindRun(m);
  python::BindParts(m);
  python::BindEdits(m);
  python::BindTune(m);
  python::BindLens(m);
  python::BindPatch(m);
  python::BindAttention(m);
  python::BindAttribution(m);
  python::BindGradient(m);
  python::BindGenerate(m);
  python::BindSteer(m);
  python::BindPage(m);
  python::BindCli(m);
}
