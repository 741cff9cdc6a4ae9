#include "server/object_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/quote.h"

namespace pellucid::server {
namespace {

namespace dom = simdjson::dom;

// Objects of more keys than any request has are not even looked through.
constexpr std::size_t kMaxKeys = 64;

}  // namespace

ObjectReader::ObjectReader(dom::element element, std::string where)
    : where_(std::move(where)) {
  dom::object object;
  if (element.get(object) == simdjson::SUCCESS) {
    Read(object);
  } else {
    Problem("is no JSON object; write {\"key\": ...}");
  }
}

void ObjectReader::Read(dom::object object) {
  for (const dom::key_value_pair pair : object) {
    if (fields_.size() == kMaxKeys) {
      return Problem(
          fmt::format("has more than {} keys; leave some out", kMaxKeys));
    }
    if (std::ranges::find(fields_, pair.key, &Field::key) != fields_.end()) {
      return Problem(pair.key, "stands twice; leave one out");
    }
    fields_.push_back({pair.key, pair.value});
  }
}

std::optional<dom::element> ObjectReader::Value(std::string_view key) {
  asked_.push_back(key);
  const auto field = std::ranges::find(fields_, key, &Field::key);
  if (!ok() || field == fields_.end()) return std::nullopt;
  field->taken = true;
  return field->value;
}

bool ObjectReader::Text(std::string_view key, std::string* to) {
  const auto value = Value(key);
  if (!value) return false;
  std::string_view text;
  if (value->get(text) != simdjson::SUCCESS) {
    Problem(key, "is no text; write it in double quotes");
    return false;
  }
  *to = std::string(text);
  return true;
}

bool ObjectReader::Text(std::string_view key, std::optional<std::string>* to) {
  std::string text;
  if (!Text(key, &text)) return false;
  *to = std::move(text);
  return true;
}

bool ObjectReader::Flag(std::string_view key, bool* to) {
  const auto value = Value(key);
  if (!value) return false;
  if (value->get(*to) == simdjson::SUCCESS) return true;
  Problem(key, "is neither true nor false");
  return false;
}

bool ObjectReader::Integer(std::string_view key, std::int64_t low,
                           std::int64_t high, std::int64_t* to) {
  const auto value = Value(key);
  if (!value) return false;
  std::int64_t number = 0;
  if (value->get(number) != simdjson::SUCCESS || number < low ||
      number > high) {
    Problem(key, fmt::format("is no whole number from {} to {}", low, high));
    return false;
  }
  *to = number;
  return true;
}

bool ObjectReader::Count(std::string_view key, std::size_t low,
                         std::size_t high, std::size_t* to) {
  std::int64_t number = 0;
  if (!Integer(key, static_cast<std::int64_t>(low),
               static_cast<std::int64_t>(high), &number)) {
    return false;
  }
  *to = static_cast<std::size_t>(number);
  return true;
}

bool ObjectReader::Unsigned(std::string_view key, std::uint64_t* to) {
  const auto value = Value(key);
  if (!value) return false;
  if (value->get(*to) == simdjson::SUCCESS) return true;
  Problem(key, "is no whole number from 0 to 2^64 - 1");
  return false;
}

bool ObjectReader::Real(std::string_view key, double low, double high,
                        double* to) {
  const auto value = Value(key);
  if (!value) return false;
  double number = 0;
  if (value->get(number) != simdjson::SUCCESS || !(number >= low) ||
      !(number <= high)) {
    Problem(key, fmt::format("is no number from {:g} to {:g}", low, high));
    return false;
  }
  *to = number;
  return true;
}

bool ObjectReader::Choice(std::string_view key,
                          std::vector<std::string_view> choices,
                          std::size_t* to) {
  std::string text;
  if (!Text(key, &text)) return false;
  const auto found = std::ranges::find(choices, text);
  if (found == choices.end()) {
    Problem(key, fmt::format("is \"{}\"; write one of {}", Quote(text),
                             fmt::join(choices, ", ")));
    return false;
  }
  *to = static_cast<std::size_t>(found - choices.begin());
  return true;
}

bool ObjectReader::List(std::string_view key, dom::array* to) {
  const auto value = Value(key);
  if (!value) return false;
  if (value->get(*to) == simdjson::SUCCESS) return true;
  Problem(key, "is no list; write [...]");
  return false;
}

bool ObjectReader::Texts(std::string_view key, std::size_t most,
                         std::vector<std::string>* to) {
  dom::array list;
  if (!List(key, &list)) return false;
  for (const dom::element item : list) {
    std::string_view text;
    if (item.get(text) != simdjson::SUCCESS) {
      Problem(key, fmt::format("element {} is no text", to->size()));
      return false;
    }
    if (to->size() == most) {
      Problem(key, fmt::format("has more than {} elements", most));
      return false;
    }
    to->emplace_back(text);
  }
  return true;
}

void ObjectReader::Problem(const std::string& what) {
  if (ok()) status_ = UsageError(where_ + ": " + what);
}

void ObjectReader::Problem(std::string_view key, const std::string& what) {
  Problem(fmt::format("\"{}\" {}", Quote(key), what));
}

void ObjectReader::Take(const Status& status) {
  if (ok()) status_ = status;
}

void ObjectReader::Require(std::string_view key, bool given) {
  if (!given) Problem(key, "is missing; give it");
}

Status ObjectReader::Finish() {
  for (const Field& field : fields_) {
    if (field.taken) continue;
    Problem(field.key,
            fmt::format("is unknown; there are {}", fmt::join(asked_, ", ")));
  }
  return status_;
}

}  // namespace pellucid::server
