#include "formats/json_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/mapped_file.h"
#include "base/quote.h"

namespace pellucid {
namespace {

// Nesting of any file of a model is below twenty.
constexpr std::size_t kMaxDepth = 128;

Error Problem(const std::string& name, const std::string& what) {
  return ModelError(fmt::format("open: {}: {}", Quote(name), what));
}

// `json` with an exponent behind each integer of 19 digits or more, which makes
// it a floating-point number; every other byte stays. Texts are passed over.
std::string WithoutLongIntegers(std::string_view json) {
  constexpr std::size_t kLong = 19;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_of_number = [&](char c) {
    return is_digit(c) || c == '.' || c == 'e' || c == 'E' || c == '+' ||
           c == '-';
  };
  std::string out;
  out.reserve(json.size() + 64);
  std::size_t i = 0;
  while (i < json.size()) {
    const std::size_t begin = i;
    if (json[i] == '"') {
      for (++i; i < json.size() && json[i] != '"'; ++i) {
        if (json[i] == '\\') ++i;
      }
      i = std::min(i + 1, json.size());
      out += json.substr(begin, i - begin);
    } else if (is_digit(json[i])) {
      bool whole = true;
      for (; i < json.size() && is_of_number(json[i]); ++i) {
        whole = whole && is_digit(json[i]);
      }
      out += json.substr(begin, i - begin);
      if (whole && i - begin >= kLong) out += "e0";
    } else {
      out += json[i++];
    }
  }
  return out;
}

}  // namespace

Result<JsonFile> JsonFile::Open(const std::string& path,
                                std::size_t max_bytes) {
  PELLUCID_ASSIGN_OR_RETURN(const MappedFile file, MappedFile::Open(path));
  const auto bytes = file.bytes();
  if (bytes.size() > max_bytes) {
    return Problem(path, fmt::format("has {} bytes, more than the {} that such "
                                     "a file may have; it is damaged",
                                     bytes.size(), max_bytes));
  }
  return ParsePadded(
      simdjson::padded_string(reinterpret_cast<const char*>(bytes.data()),
                              bytes.size()),
      path);
}

Result<JsonFile> JsonFile::Parse(std::string_view text,
                                 const std::string& name) {
  return ParsePadded(simdjson::padded_string(text.data(), text.size()), name);
}

Result<JsonFile> JsonFile::ParsePadded(simdjson::padded_string padded,
                                       const std::string& name) {
  JsonFile file;
  file.name_ = name;
  file.padded_ = std::make_unique<simdjson::padded_string>(std::move(padded));
  file.parser_ = std::make_unique<simdjson::dom::parser>();
  const auto parse = [&](const simdjson::padded_string& text) {
    const auto error = file.parser_->allocate(text.size(), kMaxDepth);
    if (error != simdjson::SUCCESS) return error;
    return file.parser_->parse(text).get(file.root_);
  };
  auto error = parse(*file.padded_);
  if (error == simdjson::NUMBER_ERROR) {
    error = parse(simdjson::padded_string(WithoutLongIntegers(file.text())));
  }
  if (error == simdjson::MEMALLOC) {
    return Problem(name, fmt::format("{} bytes of JSON do not fit into memory",
                                     file.padded_->size()));
  }
  if (error != simdjson::SUCCESS) {
    return Problem(name,
                   fmt::format("is not valid JSON ({}); get the file again",
                               simdjson::error_message(error)));
  }
  return file;
}

}  // namespace pellucid
