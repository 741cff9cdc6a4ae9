// One function a topic, each in bind_TOPIC.cc, that adds it to the module: a
// newcomer finds a binding by its topic.
#ifndef PELLUCID_PYTHON_SRC_BINDINGS_H_
#define PELLUCID_PYTHON_SRC_BINDINGS_H_

#include <nanobind/nanobind.h>

namespace pellucid::python {

void BindModel(nanobind::module_& m);
void BindTokenizer(nanobind::module_& m);
void BindRun(nanobind::module_& m);
void BindParts(nanobind::module_& m);
void BindEdits(nanobind::module_& m);
void BindLens(nanobind::module_& m);
void BindTune(nanobind::module_& m);
void BindPatch(nanobind::module_& m);
void BindAttention(nanobind::module_& m);
void BindAttribution(nanobind::module_& m);
void BindGradient(nanobind::module_& m);
void BindGenerate(nanobind::module_& m);
void BindSteer(nanobind::module_& m);
void BindPage(nanobind::module_& m);
void BindCli(nanobind::module_& m);

}  // namespace pellucid::python

#endif  // PELLUCID_PYTHON_SRC_BINDINGS_H_
