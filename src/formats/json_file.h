// A JSON file of a model folder (config.json, tokenizer.json), parsed as one
// document that the readers above walk.
//
// Integers beyond 64 bits, which Python writes and simdjson's document cannot
// hold (a "model_max_length" of 10^30), are read as floating-point numbers.
//
// simdjson checks UTF-8 and bounds the nesting; the size is bounded before a
// byte is read, so a hostile file costs no more than its limit. Where a key
// stands twice in an object, look-ups find the first: readers for which that
// matters walk the fields.
#ifndef PELLUCID_FORMATS_JSON_FILE_H_
#define PELLUCID_FORMATS_JSON_FILE_H_

#include <simdjson.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "pellucid/result.h"

namespace pellucid {

class JsonFile {
 public:
  // kModel: cannot be read, more than `max_bytes`, not UTF-8, not JSON. Costs
  // about five times the file's bytes in memory while it lives.
  static Result<JsonFile> Open(const std::string& path, std::size_t max_bytes);

  // The same on a text in memory, which is copied. `name` stands for the path
  // in messages.
  static Result<JsonFile> Parse(std::string_view text, const std::string& name);

  const std::string& name() const { return name_; }

  // The document's value; lives as long as this object or one moved from it.
  simdjson::dom::element root() const { return root_; }

  // The text itself, as it lies in the file.
  std::string_view text() const { return {padded_->data(), padded_->size()}; }

 private:
  JsonFile() = default;
  static Result<JsonFile> ParsePadded(simdjson::padded_string padded,
                                      const std::string& name);

  std::string name_;
  std::unique_ptr<simdjson::padded_string> padded_;
  std::unique_ptr<simdjson::dom::parser> parser_;
  simdjson::dom::element root_;
};

}  // namespace pellucid

#endif  // PELLUCID_FORMATS_JSON_FILE_H_
