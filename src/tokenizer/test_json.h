// A section of a tokenizer.json written out in a test, and the message of a
// reader that refuses it.
#ifndef PELLUCID_TOKENIZER_TEST_JSON_H_
#define PELLUCID_TOKENIZER_TEST_JSON_H_

#include <string>
#include <string_view>
#include <utility>

#include "formats/json_file.h"
#include "tokenizer/hf_json.h"

namespace pellucid::testutil {

// Keeps the text that its section lies in.
class SectionText {
 public:
  explicit SectionText(std::string_view json, std::string path = "section")
      : file_(JsonFile::Parse(json, "t.json").value()),
        path_(std::move(path)) {}

  JsonSection section() const { return {file_.name(), path_, file_.root()}; }

 private:
  JsonFile file_;
  std::string path_;
};

// What read(section) says of `json`; "no error" if it takes it.
template <typename Read>
std::string ErrorOf(const Read& read, std::string_view json) {
  const SectionText text(json);
  const auto result = read(text.section());
  return result.ok() ? "no error" : result.error().message;
}

}  // namespace pellucid::testutil

#endif  // PELLUCID_TOKENIZER_TEST_JSON_H_
