#include "formats/json_file.h"

#include <fmt/format.h>

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
  if (file.parser_->allocate(file.padded_->size(), kMaxDepth) !=
      simdjson::SUCCESS) {
    return Problem(name, fmt::format("{} bytes of JSON do not fit into memory",
                                     file.padded_->size()));
  }
  const auto error = file.parser_->parse(*file.padded_).get(file.root_);
  if (error != simdjson::SUCCESS) {
    return Problem(name,
                   fmt::format("is not valid JSON ({}); get the file again",
                               simdjson::error_message(error)));
  }
  return file;
}

}  // namespace pellucid
