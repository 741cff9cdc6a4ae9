// How edits are written as JSON, one a line.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "base/quote.h"
#include "base/utf8.h"
#include "formats/json_text.h"
#include "model/edit_fields.h"
#include "model/edits_json.h"

namespace pellucid {
namespace {

// 9 significant digits give the same float32 back. "-0" would be an integer.
void AppendNumber(float value, std::string& out) {
  if (value == 0 && std::signbit(value)) {
    out += "-0.0";
    return;
  }
  fmt::format_to(std::back_inserter(out), "{:.9g}", value);
}

bool AllFinite(const std::vector<float>& values) {
  return std::ranges::all_of(values, [](float v) { return std::isfinite(v); });
}

// Whether the shape is that of the numbers; its product may overflow.
bool ShapeHolds(const Tensor& values) {
  if (values.shape.empty()) return false;
  std::size_t left = values.data.size();
  for (const std::size_t dim : values.shape) {
    if (dim == 0 || left % dim != 0) return false;
    left /= dim;
  }
  return left == 1;
}

class EditWriter {
 public:
  EditWriter(const Edit& edit, std::size_t number,
             const std::string& tensor_file, EditsText& to)
      : edit_(edit), number_(number), tensor_file_(tensor_file), to_(to) {}

  Status Write();

 private:
  Error Problem(const std::string& what) const {
    return UsageError(fmt::format("edits: edit {} ({} of {}): {}", number_,
                                  EditKindName(edit_.kind), Quote(edit_.site),
                                  what));
  }
  void Key(EditField field) {
    to_.json += to_.json.back() == '{' ? "\"" : ", \"";
    to_.json += NameOf(field);
    to_.json += "\": ";
  }
  void Text(EditField field, std::string_view text) {
    Key(field);
    AppendJsonString(text, to_.json);
  }
  Status Number(EditField field, float value);
  Status Choice(EditField field, const Selection& selection);
  void Indices(EditField field, const std::vector<std::size_t>& indices);
  Status Scope();
  Status Values();
  void List(std::size_t depth, const float** next);

  const Edit& edit_;
  std::size_t number_;
  const std::string& tensor_file_;
  EditsText& to_;
};

Status EditWriter::Write() {
  const EditKind kind = edit_.kind;
  if (kind == EditKind::kCustom || kind == EditKind::kCustomSite) {
    return Problem("a function cannot be written; leave it out");
  }
  to_.json += "{";
  Text(EditField::kSite, edit_.site);
  Text(EditField::kKind, EditKindName(kind));
  if (Uses(kind, EditField::kFactor)) {
    PELLUCID_RETURN_IF_ERROR(Number(EditField::kFactor, edit_.factor));
  }
  PELLUCID_RETURN_IF_ERROR(Scope());
  if (Uses(kind, EditField::kSeed)) {
    Key(EditField::kSeed);
    fmt::format_to(std::back_inserter(to_.json), "{}", edit_.seed);
  }
  // What is left out is no bound.
  if (kind == EditKind::kClamp && !(std::isinf(edit_.low) && edit_.low < 0)) {
    PELLUCID_RETURN_IF_ERROR(Number(EditField::kLow, edit_.low));
  }
  if (kind == EditKind::kClamp && !(std::isinf(edit_.high) && edit_.high > 0)) {
    PELLUCID_RETURN_IF_ERROR(Number(EditField::kHigh, edit_.high));
  }
  if (Uses(kind, EditField::kValues)) PELLUCID_RETURN_IF_ERROR(Values());
  to_.json += "}";
  return {};
}

Status EditWriter::Scope() {
  const EditScope& scope = edit_.scope;
  if (!scope.text.empty()) {
    if (const auto bad = FirstInvalidUtf8(scope.text)) {
      return Problem(
          fmt::format("its text is invalid UTF-8 at byte {}; name "
                      "positions instead",
                      *bad));
    }
    Text(EditField::kText, scope.text);
  } else {
    PELLUCID_RETURN_IF_ERROR(Choice(EditField::kPositions, scope.positions));
  }
  PELLUCID_RETURN_IF_ERROR(Choice(EditField::kKeys, scope.keys));
  Indices(EditField::kHeads, scope.heads);
  Indices(EditField::kFeatures, scope.features);
  Indices(EditField::kPrompts, scope.prompts);
  if (scope.when) Text(EditField::kWhen, NameOf(*scope.when));
  return {};
}

Status EditWriter::Number(EditField field, float value) {
  if (!std::isfinite(value)) {
    return Problem(
        fmt::format("its {} is not finite; give a number", NameOf(field)));
  }
  Key(field);
  AppendNumber(value, to_.json);
  return {};
}

Status EditWriter::Choice(EditField field, const Selection& selection) {
  if (selection.IsDefault()) return {};
  if (selection.HasEmbed()) {
    return Problem(
        fmt::format("its {} name embed, which is a layer; leave it "
                    "out",
                    NameOf(field)));
  }
  Text(field, selection.Text());
  return {};
}

void EditWriter::Indices(EditField field,
                         const std::vector<std::size_t>& indices) {
  if (indices.empty()) return;
  Key(field);
  fmt::format_to(std::back_inserter(to_.json), "[{}]",
                 fmt::join(indices, ", "));
}

Status EditWriter::Values() {
  const Tensor& values = edit_.values;
  if (values.data.empty()) return {};
  if (!ShapeHolds(values)) {
    return Problem(
        fmt::format("{} values are none of shape [{}]; correct the shape",
                    values.data.size(), fmt::join(values.shape, ", ")));
  }
  Key(EditField::kValues);
  if (values.data.size() <= kMaxInlineValues && values.shape.size() <= 3 &&
      AllFinite(values.data)) {
    const float* next = values.data.data();
    List(0, &next);
    return {};
  }
  to_.apart.push_back({fmt::format("edits.{}", number_), &values});
  to_.json += "{\"file\": ";
  AppendJsonString(tensor_file_, to_.json);
  to_.json += ", \"tensor\": ";
  AppendJsonString(to_.apart.back().name, to_.json);
  to_.json += "}";
  return {};
}

void EditWriter::List(std::size_t depth, const float** next) {
  const std::vector<std::size_t>& shape = edit_.values.shape;
  to_.json += "[";
  for (std::size_t i = 0; i < shape[depth]; ++i) {
    if (i > 0) to_.json += ", ";
    if (depth + 1 < shape.size()) {
      List(depth + 1, next);
    } else {
      AppendNumber(*(*next)++, to_.json);
    }
  }
  to_.json += "]";
}

}  // namespace

Result<EditsText> FormatEdits(std::span<const Edit> edits,
                              const ModelInfo& model,
                              const std::string& tensor_file) {
  EditsText out;
  out.json = fmt::format("{{\"schema\": \"{}\",\n", kEditsSchema);
  std::vector<std::pair<std::string_view, std::string_view>> of;
  if (!model.architecture.empty()) {
    of.emplace_back("architecture", model.architecture);
  }
  if (!model.hash.empty()) of.emplace_back("hash", model.hash);
  if (!of.empty()) {
    out.json += " \"model\": {";
    for (const auto& [key, text] : of) {
      out.json +=
          fmt::format("{}\"{}\": ", key == of[0].first ? "" : ", ", key);
      AppendJsonString(text, out.json);
    }
    out.json += "},\n";
  }
  out.json += " \"edits\": [";
  for (std::size_t i = 0; i < edits.size(); ++i) {
    out.json += i == 0 ? "\n  " : ",\n  ";
    PELLUCID_RETURN_IF_ERROR(EditWriter(edits[i], i, tensor_file, out).Write());
  }
  out.json += edits.empty() ? "]}\n" : "\n ]}\n";
  return out;
}

}  // namespace pellucid
