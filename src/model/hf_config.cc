#include "model/hf_config.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cmath>
#include <map>
#include <utility>

#include "base/quote.h"
#include "formats/json_file.h"
#include "model/hf_config_keys.h"

namespace pellucid {
namespace {

namespace dom = simdjson::dom;

// With labels of a classifier or lists of modules a few hundred kilobytes.
constexpr std::size_t kMaxBytes = 16'000'000;

// The strings of an array, or nothing.
std::optional<std::vector<std::string_view>> StringsOf(
    const dom::element& value) {
  dom::array array;
  if (value.get(array) != simdjson::SUCCESS) return {};
  std::vector<std::string_view> strings;
  for (const dom::element element : array) {
    std::string_view one;
    if (element.get(one) != simdjson::SUCCESS) return {};
    strings.push_back(one);
  }
  return strings;
}

// A value as text, short enough for a message.
std::string Shown(const dom::element& value) {
  return Quote(simdjson::minify(value));
}

}  // namespace

struct HfModelConfig::Field {
  std::string_view key;
  dom::element value;
};

struct HfModelConfig::Fields {
  std::map<std::string_view, dom::element> by_key;
};

const std::string& HfModelConfig::name() const { return file_->name(); }

std::string_view HfModelConfig::text() const { return file_->text(); }

Result<HfModelConfig> HfModelConfig::Open(const std::string& path) {
  PELLUCID_ASSIGN_OR_RETURN(JsonFile file, JsonFile::Open(path, kMaxBytes));
  auto shared = std::make_shared<const JsonFile>(std::move(file));
  const dom::element root = shared->root();
  return Of(std::move(shared), root, "");
}

Result<HfModelConfig> HfModelConfig::Parse(std::string_view text,
                                           const std::string& name) {
  PELLUCID_ASSIGN_OR_RETURN(JsonFile file, JsonFile::Parse(text, name));
  auto shared = std::make_shared<const JsonFile>(std::move(file));
  const dom::element root = shared->root();
  return Of(std::move(shared), root, "");
}

Result<HfModelConfig> HfModelConfig::Of(std::shared_ptr<const JsonFile> file,
                                        const dom::element& value,
                                        std::string path) {
  HfModelConfig config;
  config.file_ = std::move(file);
  config.path_ = std::move(path);
  dom::object object;
  if (value.get(object) != simdjson::SUCCESS) {
    return ModelError(fmt::format(
        "open: {}: is no JSON object; get the file again", config.name()));
  }
  auto fields = std::make_shared<Fields>();
  config.fields_ = fields;
  for (const auto field : object) {
    if (!fields->by_key.emplace(field.key, field.value).second) {
      return config.Problem(field.key, "stands twice; remove one of them");
    }
  }
  return config;
}

Error HfModelConfig::Problem(std::string_view key,
                             const std::string& what) const {
  return ModelError(
      fmt::format("open: {}: {}{}: {}", name(), path_, Quote(key), what));
}

Error HfModelConfig::WrongType(const Field& field,
                               std::string_view wanted) const {
  return Problem(field.key,
                 fmt::format("is {}, which is no {}; the file is damaged",
                             Shown(field.value), wanted));
}

bool HfModelConfig::Has(Names names) const {
  for (const std::string_view name : names) {
    const auto it = fields_->by_key.find(name);
    if (it != fields_->by_key.end() && !it->second.is_null()) return true;
  }
  return false;
}

bool HfModelConfig::IsNull(Names names) const {
  for (const std::string_view name : names) {
    const auto it = fields_->by_key.find(name);
    if (it != fields_->by_key.end() && it->second.is_null()) return true;
  }
  return false;
}

std::string_view HfModelConfig::SpellingOf(Names names) const {
  for (const std::string_view name : names) {
    if (Has({name})) return name;
  }
  return *names.begin();
}

Result<std::optional<HfModelConfig::Field>> HfModelConfig::Find(Names names) {
  std::optional<Field> found;
  for (const std::string_view name : names) {
    read_.insert(name);
    const auto it = fields_->by_key.find(name);
    if (it == fields_->by_key.end() || it->second.is_null()) continue;
    if (!found) {
      found = {it->first, it->second};
    } else if (simdjson::minify(found->value) != simdjson::minify(it->second)) {
      return Problem(name, fmt::format("is {}, but {} is {}; they mean the "
                                       "same, remove the wrong one",
                                       Shown(it->second), found->key,
                                       Shown(found->value)));
    }
  }
  return found;
}

Result<std::size_t> HfModelConfig::Size(Names names, std::size_t low,
                                        std::size_t high,
                                        std::optional<std::size_t> fallback) {
  PELLUCID_ASSIGN_OR_RETURN(const auto field, Find(names));
  if (!field) {
    if (fallback) return *fallback;
    return Problem(*names.begin(), "is missing; get the file again");
  }
  std::uint64_t value = 0;
  if (field->value.get(value) != simdjson::SUCCESS) {
    return WrongType(*field, "whole number");
  }
  if (value < low || value > high) {
    return Problem(field->key,
                   fmt::format("is {}, which is not within {} and {}; the file "
                               "is damaged or not of this architecture",
                               value, low, high));
  }
  return static_cast<std::size_t>(value);
}

Result<float> HfModelConfig::Positive(Names names,
                                      std::optional<double> fallback) {
  PELLUCID_ASSIGN_OR_RETURN(const auto field, Find(names));
  if (!field) {
    if (fallback) return static_cast<float>(*fallback);
    return Problem(*names.begin(), "is missing; get the file again");
  }
  double value = 0;
  if (field->value.get(value) != simdjson::SUCCESS) {
    return WrongType(*field, "number");
  }
  const auto narrow = static_cast<float>(value);
  if (!(narrow > 0) || !std::isfinite(narrow)) {
    return WrongType(*field, "positive number");
  }
  return narrow;
}

Result<double> HfModelConfig::Number(Names names,
                                     std::optional<double> fallback) {
  PELLUCID_ASSIGN_OR_RETURN(const auto field, Find(names));
  if (!field) {
    if (fallback) return *fallback;
    return Problem(*names.begin(), "is missing; get the file again");
  }
  double value = 0;
  if (field->value.get(value) != simdjson::SUCCESS || !std::isfinite(value)) {
    return WrongType(*field, "number");
  }
  return value;
}

Result<std::vector<double>> HfModelConfig::Numbers(Names names) {
  PELLUCID_ASSIGN_OR_RETURN(const auto field, Find(names));
  std::vector<double> values;
  if (!field) return values;
  dom::array array;
  if (field->value.get(array) != simdjson::SUCCESS) {
    return WrongType(*field, "list of numbers");
  }
  for (const dom::element element : array) {
    double value = 0;
    if (element.get(value) != simdjson::SUCCESS || !std::isfinite(value)) {
      return WrongType(*field, "list of numbers");
    }
    values.push_back(value);
  }
  return values;
}

Result<bool> HfModelConfig::Bool(Names names, bool fallback) {
  PELLUCID_ASSIGN_OR_RETURN(const auto field, Find(names));
  if (!field) return fallback;
  bool value = false;
  if (field->value.get(value) != simdjson::SUCCESS) {
    return WrongType(*field, "true or false");
  }
  return value;
}

Result<std::string_view> HfModelConfig::String(Names names,
                                               std::string_view fallback) {
  PELLUCID_ASSIGN_OR_RETURN(const auto field, Find(names));
  if (!field) return fallback;
  std::string_view value;
  if (field->value.get(value) != simdjson::SUCCESS) {
    return WrongType(*field, "text");
  }
  return value;
}

Result<std::vector<std::string_view>> HfModelConfig::Strings(Names names) {
  PELLUCID_ASSIGN_OR_RETURN(const auto field, Find(names));
  if (!field) return std::vector<std::string_view>();
  auto strings = StringsOf(field->value);
  if (!strings) return WrongType(*field, "list of texts");
  return *std::move(strings);
}

Result<std::vector<std::string_view>> HfModelConfig::RecurringStrings(
    Names names, std::size_t most) {
  PELLUCID_ASSIGN_OR_RETURN(const auto field, Find(names));
  std::vector<std::string_view> all;
  if (!field) return all;
  const auto wrong = [&] {
    return WrongType(*field, "list of texts and how often they recur");
  };
  dom::array pairs;
  if (field->value.get(pairs) != simdjson::SUCCESS) return wrong();
  for (const dom::element element : pairs) {
    dom::array pair;
    std::uint64_t times = 0;
    if (element.get(pair) != simdjson::SUCCESS || pair.size() != 2 ||
        pair.at(1).get(times) != simdjson::SUCCESS) {
      return wrong();
    }
    const auto strings = StringsOf(pair.at(0).value_unsafe());
    if (!strings || strings->empty()) return wrong();
    if (times > (most - all.size()) / strings->size()) {
      return Problem(field->key, fmt::format("is of more than {}", most));
    }
    for (std::uint64_t i = 0; i < times; ++i) {
      all.insert(all.end(), strings->begin(), strings->end());
    }
  }
  return all;
}

Result<std::string_view> HfModelConfig::FirstString(Names names) {
  PELLUCID_ASSIGN_OR_RETURN(const auto values, Strings(names));
  return values.empty() ? std::string_view() : values.front();
}

Result<std::vector<std::int64_t>> HfModelConfig::Integers(Names names) {
  PELLUCID_ASSIGN_OR_RETURN(const auto field, Find(names));
  std::vector<std::int64_t> values;
  if (!field) return values;
  std::int64_t one = 0;
  if (field->value.get(one) == simdjson::SUCCESS) return std::vector{one};
  dom::array array;
  if (field->value.get(array) != simdjson::SUCCESS) {
    return WrongType(*field, "whole number or list of them");
  }
  for (const dom::element element : array) {
    if (element.get(one) != simdjson::SUCCESS) {
      return WrongType(*field, "list of whole numbers");
    }
    values.push_back(one);
  }
  return values;
}

Result<std::optional<dom::element>> HfModelConfig::Element(Names names) {
  PELLUCID_ASSIGN_OR_RETURN(const auto field, Find(names));
  if (!field) return std::optional<dom::element>();
  return std::optional<dom::element>(field->value);
}

Result<std::optional<HfModelConfig>> HfModelConfig::Object(Names names) {
  PELLUCID_ASSIGN_OR_RETURN(const auto field, Find(names));
  if (!field) return std::optional<HfModelConfig>();
  dom::object object;
  if (field->value.get(object) != simdjson::SUCCESS) {
    return WrongType(*field, "object");
  }
  if (object.size() == 0) return std::optional<HfModelConfig>();
  PELLUCID_ASSIGN_OR_RETURN(
      HfModelConfig nested,
      Of(file_, field->value, path_ + std::string(field->key) + "."));
  return std::optional<HfModelConfig>(std::move(nested));
}

Status HfModelConfig::CheckAllKnown() const {
  for (const auto& [key, value] : fields_->by_key) {
    if (read_.contains(key) || IsHarmlessKey(key) || IsNeutral(key, value)) {
      continue;
    }
    return Problem(key, fmt::format("is {}: not understood by this version, "
                                    "and it may change what the model computes",
                                    Shown(value)));
  }
  return {};
}

}  // namespace pellucid
