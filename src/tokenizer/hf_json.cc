#include "tokenizer/hf_json.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/quote.h"
#include "fmt/format.h"

namespace pellucid {

JsonSection JsonSection::Get(std::string_view key) const {
  std::string path = path_;
  if (!path.empty()) path += '.';
  path.append(key);
  simdjson::dom::element value;
  if (!value_ || (*value_)[key].get(value) != simdjson::SUCCESS) {
    return {*name_, std::move(path), std::nullopt};
  }
  return {*name_, std::move(path), value};
}

Result<std::string_view> JsonSection::AsString() const {
  std::string_view text;
  if (!value_ || value_->get(text) != simdjson::SUCCESS) {
    return Damaged("is no string");
  }
  return text;
}

Result<simdjson::dom::array> JsonSection::AsArray() const {
  simdjson::dom::array array;
  if (!value_ || value_->get(array) != simdjson::SUCCESS) {
    return Damaged("is no list");
  }
  return array;
}

Result<simdjson::dom::object> JsonSection::AsObject() const {
  simdjson::dom::object object;
  if (!value_ || value_->get(object) != simdjson::SUCCESS) {
    return Damaged("is no object");
  }
  return object;
}

Result<std::int64_t> JsonSection::AsInteger() const {
  std::int64_t number = 0;
  if (!value_ || value_->get(number) != simdjson::SUCCESS) {
    return Damaged("is no integer");
  }
  return number;
}

Result<double> JsonSection::AsNumber() const {
  double number = 0;
  if (!value_ || value_->get(number) != simdjson::SUCCESS) {
    return Damaged("is no number");
  }
  return number;
}

Result<std::string_view> JsonSection::String(std::string_view key) const {
  return Get(key).AsString();
}

Result<simdjson::dom::array> JsonSection::Array(std::string_view key) const {
  return Get(key).AsArray();
}

Result<simdjson::dom::object> JsonSection::Object(std::string_view key) const {
  return Get(key).AsObject();
}

Result<std::optional<std::string_view>> JsonSection::OptionalString(
    std::string_view key) const {
  const JsonSection field = Get(key);
  if (field.IsNull()) return std::optional<std::string_view>();
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view text, field.AsString());
  return std::optional(text);
}

Result<bool> JsonSection::Bool(std::string_view key, bool fallback) const {
  const JsonSection field = Get(key);
  if (field.IsNull()) return fallback;
  bool value = false;
  if (field.value_->get(value) != simdjson::SUCCESS) {
    return field.Damaged("is neither true nor false");
  }
  return value;
}

Result<std::vector<JsonSection>> JsonSection::Steps(
    std::string_view list) const {
  std::vector<JsonSection> steps;
  if (IsNull()) return steps;
  std::vector<JsonSection> open = {*this};  // the next one is the last
  while (!open.empty()) {
    const JsonSection section = std::move(open.back());
    open.pop_back();
    PELLUCID_ASSIGN_OR_RETURN(const std::string_view type,
                              section.String("type"));
    if (type != "Sequence") {
      steps.push_back(section);
      continue;
    }
    PELLUCID_ASSIGN_OR_RETURN(const auto parts, section.Array(list));
    const auto first = static_cast<std::ptrdiff_t>(open.size());
    for (const simdjson::dom::element part : parts) {
      const std::size_t i = open.size() - static_cast<std::size_t>(first);
      open.emplace_back(*name_,
                        fmt::format("{}.{}[{}]", section.path_, list, i), part);
    }
    std::reverse(open.begin() + first, open.end());
  }
  return steps;
}

Error JsonSection::Damaged(std::string_view what) const {
  const std::string_view blank = what.starts_with(':') ? "" : " ";
  return ModelError(
      fmt::format("open: {}: tokenizer: {}{}{}; get the file "
                  "again",
                  Quote(*name_), Quote(path_), blank, what));
}

Error JsonSection::Unsupported(std::string_view what,
                               std::string_view supported) const {
  return ModelError(
      fmt::format("open: {}: unsupported tokenizer: {} {}; supported: {}",
                  Quote(*name_), Quote(path_), what, supported));
}

}  // namespace pellucid
