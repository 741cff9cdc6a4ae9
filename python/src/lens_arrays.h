// A lens as arrays: what C++ holds cell by cell, Python reads as one array a
// statistic, of the shape [rows, positions] or with what a cell has several of
// behind them.
#ifndef PELLUCID_PYTHON_SRC_LENS_ARRAYS_H_
#define PELLUCID_PYTHON_SRC_LENS_ARRAYS_H_

#include <nanobind/nanobind.h>

#include "pellucid/lens.h"

namespace pellucid::python {

// The fields of pellucid.Lens (python/pellucid/lens.py).
nanobind::dict ArraysOf(const Lens& lens);

}  // namespace pellucid::python

#endif  // PELLUCID_PYTHON_SRC_LENS_ARRAYS_H_
