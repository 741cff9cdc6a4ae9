#include "errors.h"

#include <nanobind/nanobind.h>

namespace nb = nanobind;

namespace pellucid::python {
namespace {

// What base/out_of_memory.h and the tokenizer write.
constexpr std::string_view kOutOfMemory = ": memory: ";

const char* NameOf(Exception kind) {
  switch (kind) {
    case Exception::kUsage:
      return "UsageError";
    case Exception::kModel:
      return "ModelError";
    case Exception::kUnknownSite:
      return "UnknownSiteError";
    case Exception::kError:
    case Exception::kMemory:
      break;
  }
  return "Error";
}

}  // namespace

void Raise(Exception kind, const std::string& message) {
  if (kind == Exception::kMemory) {
    PyErr_SetString(PyExc_MemoryError, message.c_str());
    throw nb::python_error();
  }
  const nb::object type =
      nb::module_::import_("pellucid.errors").attr(NameOf(kind));
  PyErr_SetString(type.ptr(), message.c_str());
  throw nb::python_error();
}

void Raise(const Error& error) {
  switch (error.code) {
    case ErrorCode::kUsage:
      Raise(Exception::kUsage, error.message);
    case ErrorCode::kModel:
      Raise(Exception::kModel, error.message);
    case ErrorCode::kCancelled:
      PyErr_SetNone(PyExc_KeyboardInterrupt);
      throw nb::python_error();
    case ErrorCode::kFailed:
      break;
  }
  const bool memory = error.message.find(kOutOfMemory) != std::string::npos;
  Raise(memory ? Exception::kMemory : Exception::kError, error.message);
}

void Check(const Status& status) {
  if (!status.ok()) Raise(status.error());
}

}  // namespace pellucid::python
