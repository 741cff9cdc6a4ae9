// Grids of patching and attribution as dicts of arrays, which Python makes
// classes of.
#ifndef PELLUCID_PYTHON_SRC_GRID_DICT_H_
#define PELLUCID_PYTHON_SRC_GRID_DICT_H_

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arrays.h"
#include "pellucid/patch.h"

namespace pellucid::python {

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// [rows, columns] of what `value` says of an entry.
template <typename Cells, typename Value>
nb::object Grid(const Cells& cells, const Value& value) {
  std::vector<double> out;
  for (const auto& row : cells) {
    for (const auto& cell : row) out.push_back(value(cell));
  }
  const std::size_t rows = cells.size();
  return Own(std::move(out), {rows, rows == 0 ? 0 : cells[0].size()});
}

inline nb::dict DictOf(const PatchGrid& grid) {
  nb::dict out;
  const auto name = [](std::string_view text) { return std::string(text); };
  out["metric"] = name(PatchMetricName(grid.metric));
  out["axes"] = name(PatchAxesName(grid.axes));
  out["site"] = grid.site;
  out["rows"] = nb::cast(grid.rows);
  out["columns"] = nb::cast(grid.columns);
  out["clean"] = grid.clean;
  out["corrupt"] = grid.corrupt;
  out["values"] = Grid(grid.values, [](double v) { return v; });
  out["recovery"] = Grid(grid.recovery, [](const std::optional<double>& v) {
    return v.value_or(kNaN);
  });
  out["ids"] = nb::cast(grid.ids);
  out["share_of_full_runs"] = grid.share_of_full_runs;
  return out;
}

}  // namespace pellucid::python

#endif  // PELLUCID_PYTHON_SRC_GRID_DICT_H_
