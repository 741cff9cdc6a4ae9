#include "edits.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "arrays.h"
#include "model/model_impl.h"

namespace pellucid::python {
namespace {

constexpr EditKind kKinds[] = {
    EditKind::kZero,         EditKind::kScale, EditKind::kAdd,
    EditKind::kReplace,      EditKind::kMean,  EditKind::kResample,
    EditKind::kNoise,        EditKind::kClamp, EditKind::kProjectOut,
    EditKind::kSetComponent, EditKind::kMask,  EditKind::kCustomSite};

EditKind KindOf(const std::string& name) {
  std::string known;
  for (const EditKind kind : kKinds) {
    if (name == EditKindName(kind)) return kind;
    known += (known.empty() ? "" : ", ") + std::string(EditKindName(kind));
  }
  Raise(Exception::kUsage,
        "edit: kind: \"" + name + "\" is none; kinds are " + known);
}

EditWhen WhenOf(const std::string& name) {
  if (name == "prompt") return EditWhen::kPrompt;
  if (name == "generated") return EditWhen::kGenerated;
  if (name == "both") return EditWhen::kBoth;
  Raise(Exception::kUsage,
        "edit: when: \"" + name + "\" is none; give prompt, generated or both");
}

// A Python function that is copied and destroyed wherever the library does so.
std::shared_ptr<nb::object> Shared(nb::object function) {
  return {new nb::object(std::move(function)), [](nb::object* held) {
            const nb::gil_scoped_acquire gil;
            delete held;
          }};
}

// Calls function(site, prompts, positions, arrays) -> arrays, each [tokens,
// ...features], and writes what it returns.
void CallOnSite(const nb::object& function, std::string_view site,
                std::span<const EditPart> parts,
                const std::vector<std::size_t>& features) {
  nb::list prompts, positions, arrays;
  for (const EditPart& part : parts) {
    prompts.append(part.prompt);
    positions.append(part.position);
    Tensor rows;
    rows.shape = {part.rows.size()};
    rows.shape.insert(rows.shape.end(), features.begin(), features.end());
    for (const std::span<float> row : part.rows) {
      rows.data.insert(rows.data.end(), row.begin(), row.end());
    }
    arrays.append(Own(std::move(rows)));
  }
  const nb::object made =
      function(nb::str(site.data(), site.size()), prompts, positions, arrays);
  const auto out = nb::cast<std::vector<FloatArray>>(made);
  if (out.size() != parts.size()) {
    Raise(Exception::kUsage, "edit: function: gave another number of arrays");
  }
  for (std::size_t p = 0; p < parts.size(); ++p) {
    const std::size_t width =
        parts[p].rows.empty() ? 0 : parts[p].rows[0].size();
    if (out[p].size() != parts[p].rows.size() * width) {
      Raise(Exception::kUsage, "edit: function: gave an array of another size");
    }
    const float* next = out[p].data();
    for (const std::span<float> row : parts[p].rows) {
      std::copy_n(next, width, row.begin());
      next += width;
    }
  }
}

std::vector<std::size_t> FeaturesOf(const Model& model,
                                    const std::string& site) {
  const SiteTable& table = model.impl().table;
  const auto found = table.Find(site);
  if (!found.ok()) Raise(Exception::kUnknownSite, found.error().message);
  return table.FeatureShape(**found);
}

void SetFunction(const nb::object& function, const Model& model, Watch& watch,
                 Edit* edit) {
  edit->custom_site = [shared = Shared(function), &watch,
                       features = FeaturesOf(model, edit->site)](
                          std::string_view site,
                          std::span<const EditPart> parts) {
    // What failed stays failed: the work is being stopped.
    if (watch.failed()) return;
    const nb::gil_scoped_acquire gil;
    try {
      CallOnSite(*shared, site, parts, features);
    } catch (...) {
      watch.Fail();
    }
  };
}

template <typename T>
T Get(const nb::handle& from, const char* name) {
  return nb::cast<T>(from.attr(name));
}

EditScope ScopeOf(const nb::handle& from) {
  using Text = std::optional<std::string>;
  using Indices = std::vector<std::size_t>;
  EditScope scope;
  if (const auto text = Get<Text>(from, "positions")) {
    scope.positions = SelectionOf(*text, "positions");
  }
  scope.text = Get<Text>(from, "text").value_or("");
  if (const auto text = Get<Text>(from, "keys")) {
    scope.keys = SelectionOf(*text, "keys");
  }
  scope.heads = Get<Indices>(from, "heads");
  scope.features = Get<Indices>(from, "features");
  scope.prompts = Get<Indices>(from, "prompts");
  if (const auto when = Get<Text>(from, "when")) scope.when = WhenOf(*when);
  return scope;
}

Edit EditOf(const nb::handle& from, const Model& model, Watch& watch) {
  Edit edit;
  edit.site = Get<std::string>(from, "site");
  edit.kind = KindOf(Get<std::string>(from, "kind"));
  edit.scope = ScopeOf(from);
  edit.factor = Get<float>(from, "factor");
  edit.seed = Get<std::uint64_t>(from, "seed");
  edit.low = Get<float>(from, "low");
  edit.high = Get<float>(from, "high");
  if (const nb::object values = from.attr("values"); !values.is_none()) {
    edit.values = TensorOf(nb::cast<FloatArray>(values));
  }
  if (edit.kind == EditKind::kCustomSite) {
    SetFunction(from.attr("function"), model, watch, &edit);
  }
  return edit;
}

}  // namespace

Selection SelectionOf(const std::string& text, std::string_view what,
                      bool allow_embed) {
  return Take(Selection::Parse(text, what, allow_embed));
}

std::vector<Edit> EditsOf(const nb::sequence& list, const Model& model,
                          Watch& watch) {
  std::vector<Edit> edits;
  for (const nb::handle& item : list) {
    edits.push_back(EditOf(item, model, watch));
  }
  return edits;
}

nb::dict DictOf(const Edit& edit) {
  nb::dict out;
  out["site"] = edit.site;
  const std::string_view kind = EditKindName(edit.kind);
  out["kind"] = nb::str(kind.data(), kind.size());
  const EditScope& scope = edit.scope;
  if (!scope.positions.IsDefault()) out["positions"] = scope.positions.Text();
  if (!scope.text.empty()) out["text"] = scope.text;
  if (!scope.keys.IsDefault()) out["keys"] = scope.keys.Text();
  if (!scope.heads.empty()) out["heads"] = nb::cast(scope.heads);
  if (!scope.features.empty()) out["features"] = nb::cast(scope.features);
  if (!scope.prompts.empty()) out["prompts"] = nb::cast(scope.prompts);
  if (scope.when) {
    out["when"] = *scope.when == EditWhen::kPrompt      ? "prompt"
                  : *scope.when == EditWhen::kGenerated ? "generated"
                                                        : "both";
  }
  out["factor"] = edit.factor;
  out["seed"] = edit.seed;
  out["low"] = edit.low;
  out["high"] = edit.high;
  if (!edit.values.data.empty()) out["values"] = Own(edit.values);
  return out;
}

void CheckNames(const Model& model, const std::vector<std::string>& sites,
                const std::vector<Edit>& edits) {
  const SiteTable& table = model.impl().table;
  for (const std::string& site : sites) {
    const auto found = table.Match(site);
    if (!found.ok()) Raise(Exception::kUnknownSite, found.error().message);
  }
  for (const Edit& edit : edits) {
    const auto found = table.Find(edit.site);
    if (!found.ok()) Raise(Exception::kUnknownSite, found.error().message);
  }
}

}  // namespace pellucid::python
