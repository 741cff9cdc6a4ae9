#include "model/edits_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "base/quote.h"
#include "model/edit_fields.h"

namespace pellucid {
namespace {

namespace dom = simdjson::dom;

// Of any site: [heads, queries, keys], [tokens, heads, head_dim].
constexpr std::size_t kMaxDimensions = 3;

// A list of numbers, or nested lists of them, as an array.
class ValuesReader {
 public:
  // Nothing: the array. Else what is wrong with the list.
  std::string Read(dom::array list) {
    std::string problem = Fill(list, 0);
    values_.shape = std::move(shape_);
    return problem;
  }
  Tensor Take() { return std::move(values_); }

 private:
  std::string Fill(dom::array list, std::size_t depth);
  std::string AddNumber(dom::element item, std::size_t depth);

  Tensor values_;
  std::vector<std::size_t> shape_;
  std::vector<bool> known_;           // by depth: the length there
  std::optional<std::size_t> depth_;  // of the lists that hold numbers
};

constexpr const char* kRagged =
    "is no array: lists of one depth must be of one length";

std::string ValuesReader::Fill(dom::array list, std::size_t depth) {
  if (depth == kMaxDimensions) {
    return fmt::format("is nested deeper than {} lists", kMaxDimensions);
  }
  if (depth == shape_.size()) {
    shape_.push_back(0);
    known_.push_back(false);
  }
  std::size_t length = 0;
  for (const dom::element item : list) {
    ++length;
    dom::array inner;
    if (item.get(inner) == simdjson::SUCCESS) {
      if (depth_ && depth + 1 > *depth_) return kRagged;
      if (std::string problem = Fill(inner, depth + 1); !problem.empty()) {
        return problem;
      }
    } else if (std::string problem = AddNumber(item, depth); !problem.empty()) {
      return problem;
    }
  }
  if (length == 0) return "holds an empty list";
  if (known_[depth] && shape_[depth] != length) return kRagged;
  shape_[depth] = length;
  known_[depth] = true;
  return {};
}

std::string ValuesReader::AddNumber(dom::element item, std::size_t depth) {
  double number = 0;
  if (item.get(number) != simdjson::SUCCESS) {
    return "holds something that is neither a number nor a list";
  }
  if (depth_.value_or(depth) != depth || depth + 1 != shape_.size()) {
    return kRagged;
  }
  depth_ = depth;
  const auto value = static_cast<float>(number);
  if (!std::isfinite(value)) {
    return fmt::format("holds {:g}, which is beyond float32", number);
  }
  values_.data.push_back(value);
  return {};
}

// Reads one edit. Errors name the file and the edit's number.
class EditReader {
 public:
  EditReader(const std::string& name, std::size_t number,
             const ReadTensor& read_tensor)
      : where_(fmt::format("edits: {}: edit {}", Quote(name), number)),
        read_tensor_(read_tensor) {}

  Result<Edit> Read(dom::element element);

 private:
  Error Problem(const std::string& what) const {
    return ModelError(where_ + ": " + what);
  }
  Error Problem(EditField field, const std::string& what) const {
    return Problem(fmt::format("\"{}\" {}", NameOf(field), what));
  }
  Status ReadField(EditField field, dom::element value);
  Status ReadKind(dom::element value);
  Status ReadWhen(dom::element value);
  Status ReadValues(dom::element value);
  Status ReadStoredValues(dom::object object);
  Status Check() const;

  Result<std::string> Text(EditField field, dom::element value) const;
  Result<float> Number(EditField field, dom::element value) const;
  Result<Selection> Choice(EditField field, dom::element value) const;
  Result<std::vector<std::size_t>> Indices(EditField field,
                                           dom::element value) const;

  std::string where_;
  const ReadTensor& read_tensor_;
  std::array<bool, kEditFieldCount> given_ = {};
  bool Given(EditField field) const {
    return given_[static_cast<std::size_t>(field)];
  }
  Edit edit_;
};

Result<Edit> EditReader::Read(dom::element element) {
  dom::object object;
  if (element.get(object) != simdjson::SUCCESS) {
    return Problem(
        "is no object; write {\"site\": \"...\", \"kind\": \"...\"}");
  }
  edit_.low = -std::numeric_limits<float>::infinity();
  edit_.high = std::numeric_limits<float>::infinity();
  for (const dom::key_value_pair pair : object) {
    const std::optional<EditField> field = EditFieldNamed(pair.key);
    if (!field) {
      return Problem(fmt::format("unknown key \"{}\"; there are {}",
                                 Quote(pair.key), EditFieldNames()));
    }
    bool& given = given_[static_cast<std::size_t>(*field)];
    if (given) return Problem(*field, "stands twice; leave one out");
    given = true;
    PELLUCID_RETURN_IF_ERROR(ReadField(*field, pair.value));
  }
  PELLUCID_RETURN_IF_ERROR(Check());
  return std::move(edit_);
}

Status EditReader::ReadField(EditField field, dom::element value) {
  EditScope& scope = edit_.scope;
  const auto take = [](auto result, auto* to) -> Status {
    if (!result.ok()) return result.error();
    *to = std::move(*result);
    return {};
  };
  switch (field) {
    case EditField::kSite:
      return take(Text(field, value), &edit_.site);
    case EditField::kKind:
      return ReadKind(value);
    case EditField::kFactor:
      return take(Number(field, value), &edit_.factor);
    case EditField::kPositions:
      return take(Choice(field, value), &scope.positions);
    case EditField::kText:
      return take(Text(field, value), &scope.text);
    case EditField::kKeys:
      return take(Choice(field, value), &scope.keys);
    case EditField::kHeads:
      return take(Indices(field, value), &scope.heads);
    case EditField::kFeatures:
      return take(Indices(field, value), &scope.features);
    case EditField::kPrompts:
      return take(Indices(field, value), &scope.prompts);
    case EditField::kWhen:
      return ReadWhen(value);
    case EditField::kSeed:
      if (value.get(edit_.seed) != simdjson::SUCCESS) {
        return Problem(field, "is no whole number from 0 to 2^64 - 1");
      }
      return {};
    case EditField::kLow:
      return take(Number(field, value), &edit_.low);
    case EditField::kHigh:
      return take(Number(field, value), &edit_.high);
    case EditField::kValues:
      return ReadValues(value);
  }
  return {};
}

Status EditReader::ReadKind(dom::element value) {
  PELLUCID_ASSIGN_OR_RETURN(const std::string name,
                            Text(EditField::kKind, value));
  std::string known;
  for (const EditKind kind : kWrittenKinds) {
    if (name == EditKindName(kind)) {
      edit_.kind = kind;
      return {};
    }
    known += (known.empty() ? "" : ", ") + std::string(EditKindName(kind));
  }
  return Problem(EditField::kKind,
                 fmt::format("is \"{}\", which is none; there are {}",
                             Quote(name), known));
}

Status EditReader::ReadWhen(dom::element value) {
  PELLUCID_ASSIGN_OR_RETURN(const std::string name,
                            Text(EditField::kWhen, value));
  for (const EditWhen when :
       {EditWhen::kPrompt, EditWhen::kGenerated, EditWhen::kBoth}) {
    if (name != NameOf(when)) continue;
    edit_.scope.when = when;
    return {};
  }
  return Problem(
      EditField::kWhen,
      fmt::format("is \"{}\"; write prompt, generated or both", Quote(name)));
}

Status EditReader::ReadValues(dom::element value) {
  constexpr EditField kField = EditField::kValues;
  dom::object object;
  if (value.get(object) == simdjson::SUCCESS) return ReadStoredValues(object);
  dom::array list;
  if (value.get(list) != simdjson::SUCCESS) {
    return Problem(kField,
                   "is neither a list of numbers nor {\"file\": \"...\", "
                   "\"tensor\": \"...\"}");
  }
  ValuesReader values;
  if (const std::string problem = values.Read(list); !problem.empty()) {
    return Problem(kField, problem);
  }
  edit_.values = values.Take();
  return {};
}

Status EditReader::ReadStoredValues(dom::object object) {
  constexpr EditField kField = EditField::kValues;
  std::optional<std::string> file, tensor;
  for (const dom::key_value_pair pair : object) {
    std::optional<std::string>* to = pair.key == "file"     ? &file
                                     : pair.key == "tensor" ? &tensor
                                                            : nullptr;
    std::string_view text;
    if (to == nullptr || *to || pair.value.get(text) != simdjson::SUCCESS) {
      return Problem(kField,
                     fmt::format("has a key \"{}\" that is unknown, stands "
                                 "twice or is no text; write {{\"file\": "
                                 "\"...\", \"tensor\": \"...\"}}",
                                 Quote(pair.key)));
    }
    *to = std::string(text);
  }
  if (!file || !tensor) {
    return Problem(kField, fmt::format("names no {}; write {{\"file\": "
                                       "\"...\", \"tensor\": \"...\"}}",
                                       file ? "tensor" : "file"));
  }
  auto values = read_tensor_(*file, *tensor);
  if (!values.ok()) return values.error();
  if (values->data.empty()) {
    return Problem(kField,
                   fmt::format("names tensor \"{}\", which has no elements",
                               Quote(*tensor)));
  }
  edit_.values = std::move(*values);
  return {};
}

// What the keys say together. The rest depends on the site.
Status EditReader::Check() const {
  for (const EditField field : {EditField::kSite, EditField::kKind}) {
    if (!Given(field)) return Problem(field, "is missing; give it");
  }
  const EditKind kind = edit_.kind;
  for (std::size_t i = 0; i < kEditFieldCount; ++i) {
    const auto field = static_cast<EditField>(i);
    if (given_[i] && !Uses(kind, field)) {
      return Problem(field, fmt::format("says nothing of the kind {}; leave it "
                                        "out",
                                        EditKindName(kind)));
    }
  }
  const bool needs_factor =
      kind == EditKind::kScale || kind == EditKind::kSetComponent ||
      (kind == EditKind::kAdd && !Given(EditField::kValues));
  if (needs_factor && !Given(EditField::kFactor)) {
    return Problem(EditField::kFactor,
                   fmt::format("is missing, and {} needs one; give it",
                               EditKindName(kind)));
  }
  if (Given(EditField::kText) && Given(EditField::kPositions)) {
    return Problem("names positions and a text; leave one out");
  }
  return {};
}

Result<std::string> EditReader::Text(EditField field,
                                     dom::element value) const {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) {
    return Problem(field, "is no text; write it in double quotes");
  }
  if (text.empty()) return Problem(field, "is empty; leave it out, or fill it");
  return std::string(text);
}

Result<float> EditReader::Number(EditField field, dom::element value) const {
  double number = 0;
  if (value.get(number) != simdjson::SUCCESS) {
    return Problem(field, "is no number; write one");
  }
  const auto narrow = static_cast<float>(number);
  if (!std::isfinite(narrow)) {
    return Problem(field,
                   fmt::format("is {:g}, which is beyond float32; write a "
                               "smaller number",
                               number));
  }
  return narrow;
}

Result<Selection> EditReader::Choice(EditField field,
                                     dom::element value) const {
  PELLUCID_ASSIGN_OR_RETURN(const std::string text, Text(field, value));
  auto chosen = Selection::Parse(text, NameOf(field));
  if (!chosen.ok()) return Problem(chosen.error().message);
  return chosen;
}

Result<std::vector<std::size_t>> EditReader::Indices(EditField field,
                                                     dom::element value) const {
  dom::array list;
  if (value.get(list) != simdjson::SUCCESS) {
    return Problem(field, "is no list; write it as [0, 3]");
  }
  std::vector<std::size_t> out;
  for (const dom::element item : list) {
    std::uint64_t index = 0;
    if (item.get(index) != simdjson::SUCCESS) {
      return Problem(field, fmt::format("element {} is no whole number from 0",
                                        out.size()));
    }
    out.push_back(index);
  }
  // An empty list would be everything.
  if (out.empty()) {
    return Problem(field, "is empty; leave it out, or name some");
  }
  return out;
}

// "gpt2, hash 0123..."
std::string Describe(std::string_view architecture, std::string_view hash) {
  std::string out(architecture.empty() ? "a model" : Quote(architecture));
  if (!hash.empty()) out += " with hash " + Quote(hash);
  return out;
}

// Reads the whole document.
class EditsReader {
 public:
  EditsReader(const JsonFile& json, const ModelInfo& model,
              const ReadTensor& read_tensor)
      : json_(json), model_(model), read_tensor_(read_tensor) {}

  Result<std::vector<Edit>> Read();

 private:
  Error Problem(const std::string& what) const {
    return ModelError(fmt::format("edits: {}: {}", Quote(json_.name()), what));
  }
  Status CheckSchema(dom::element value) const;
  Status CheckModel(dom::element value) const;
  Status ReadEdits(dom::element value);

  const JsonFile& json_;
  const ModelInfo& model_;
  const ReadTensor& read_tensor_;
  std::vector<Edit> edits_;
};

Result<std::vector<Edit>> EditsReader::Read() {
  dom::object object;
  if (json_.root().get(object) != simdjson::SUCCESS) {
    return Problem(
        fmt::format("is no object; write {{\"schema\": \"{}\", "
                    "\"edits\": [...]}}",
                    kEditsSchema));
  }
  std::set<std::string_view> seen;
  std::optional<dom::element> edits;
  for (const dom::key_value_pair pair : object) {
    if (!seen.insert(pair.key).second) {
      return Problem(
          fmt::format("\"{}\" stands twice; leave one out", Quote(pair.key)));
    }
    if (pair.key == "schema") {
      PELLUCID_RETURN_IF_ERROR(CheckSchema(pair.value));
    } else if (pair.key == "model") {
      PELLUCID_RETURN_IF_ERROR(CheckModel(pair.value));
    } else if (pair.key == "edits") {
      edits = pair.value;
    } else {
      return Problem(
          fmt::format("unknown key \"{}\"; there are schema, model and edits",
                      Quote(pair.key)));
    }
  }
  if (!seen.contains("schema")) {
    return Problem(
        fmt::format("has no \"schema\"; write \"{}\" if it is a "
                    "file of edits",
                    kEditsSchema));
  }
  if (!edits) return Problem("has no \"edits\"; give them as a list");
  PELLUCID_RETURN_IF_ERROR(ReadEdits(*edits));
  return std::move(edits_);
}

Status EditsReader::CheckSchema(dom::element value) const {
  std::string_view schema;
  const bool is_text = value.get(schema) == simdjson::SUCCESS;
  if (is_text && schema == kEditsSchema) return {};
  return Problem(fmt::format("is of schema \"{}\"; this program reads \"{}\"",
                             is_text ? Quote(schema) : std::string("(no text)"),
                             kEditsSchema));
}

Status EditsReader::CheckModel(dom::element value) const {
  dom::object object;
  if (value.get(object) != simdjson::SUCCESS) {
    return Problem("\"model\" is no object; leave it out");
  }
  std::string_view architecture, hash;
  for (const dom::key_value_pair pair : object) {
    std::string_view* to = pair.key == "architecture" ? &architecture
                           : pair.key == "hash"       ? &hash
                                                      : nullptr;
    if (to == nullptr || !to->empty() ||
        pair.value.get(*to) != simdjson::SUCCESS) {
      return Problem(
          fmt::format("\"model\" has a key \"{}\" that is unknown, stands "
                      "twice or is no text; there are architecture and hash",
                      Quote(pair.key)));
    }
  }
  const auto differs = [](std::string_view theirs, const std::string& ours) {
    return !theirs.empty() && !ours.empty() && theirs != ours;
  };
  if (!differs(architecture, model_.architecture) &&
      !differs(hash, model_.hash)) {
    return {};
  }
  return Problem(fmt::format(
      "was saved for another model: {}, not {}; open that model, or take "
      "\"model\" out of the file",
      Describe(architecture, hash),
      Describe(architecture.empty() ? "" : model_.architecture,
               hash.empty() ? "" : model_.hash)));
}

Status EditsReader::ReadEdits(dom::element value) {
  dom::array list;
  if (value.get(list) != simdjson::SUCCESS) {
    return Problem("\"edits\" is no list; write [{...}, {...}]");
  }
  for (const dom::element item : list) {
    PELLUCID_ASSIGN_OR_RETURN(
        Edit edit,
        EditReader(json_.name(), edits_.size(), read_tensor_).Read(item));
    edits_.push_back(std::move(edit));
  }
  return {};
}

}  // namespace

Result<std::vector<Edit>> ParseEdits(const JsonFile& json,
                                     const ModelInfo& model,
                                     const ReadTensor& read_tensor) {
  return EditsReader(json, model, read_tensor).Read();
}

}  // namespace pellucid
