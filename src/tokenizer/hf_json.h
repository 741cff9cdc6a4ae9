// One section of a tokenizer.json, with the words for what is wrong in it.
//
// Every section is null or an object with a "type"; lists of steps are
// sections of type Sequence, which may hold one another. Readers ask for
// fields, and errors name the file and the path of the section.
#ifndef PELLUCID_TOKENIZER_HF_JSON_H_
#define PELLUCID_TOKENIZER_HF_JSON_H_

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/result.h"

namespace pellucid {

// Cheap to copy. Lives as long as the JsonFile that `value` is of; `name`
// stands for the file in messages and outlives it.
class JsonSection {
 public:
  JsonSection(const std::string& name, std::string path,
              std::optional<simdjson::dom::element> value)
      : name_(&name), path_(std::move(path)), value_(value) {}

  // Null, or not in the file.
  bool IsNull() const { return !value_ || value_->is_null(); }
  const std::string& name() const { return *name_; }
  const std::string& path() const { return path_; }

  // The field `key`; a null section where there is none.
  JsonSection Get(std::string_view key) const;

  // The field `key`, of a type. kModel: absent or of another type.
  Result<std::string_view> String(std::string_view key) const;
  Result<simdjson::dom::array> Array(std::string_view key) const;
  Result<simdjson::dom::object> Object(std::string_view key) const;
  // The same where the field may be null or absent.
  Result<std::optional<std::string_view>> OptionalString(
      std::string_view key) const;
  Result<bool> Bool(std::string_view key, bool fallback) const;

  // The section itself. kModel: of another type.
  Result<std::string_view> AsString() const;
  Result<simdjson::dom::array> AsArray() const;
  Result<simdjson::dom::object> AsObject() const;
  Result<std::int64_t> AsInteger() const;
  Result<double> AsNumber() const;

  // Its steps in order: none of a null section, of one of type Sequence those
  // of its `list`, whatever their nesting, of any other the section itself.
  Result<std::vector<JsonSection>> Steps(std::string_view list) const;

  // "open: FILE: tokenizer: PATH WHAT; get the file again".
  Error Damaged(std::string_view what) const;
  // "open: FILE: unsupported tokenizer: PATH WHAT; supported: SUPPORTED".
  Error Unsupported(std::string_view what, std::string_view supported) const;

 private:
  const std::string* name_;
  std::string path_;  // such as "pre_tokenizer.pretokenizers[1]"
  std::optional<simdjson::dom::element> value_;
};

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_HF_JSON_H_
