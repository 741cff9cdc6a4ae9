// Reads a template: the grammar of Jinja 3.1 less what needs other templates
// (extends, block, include, import), recursive loops and autoescape, which no
// chat template has; with break, continue and transformers' generation tag.
#ifndef PELLUCID_TOKENIZER_JINJA_PARSER_H_
#define PELLUCID_TOKENIZER_JINJA_PARSER_H_

#include <string>
#include <string_view>
#include <vector>

#include "pellucid/result.h"
#include "tokenizer/jinja/ast.h"
#include "tokenizer/jinja/value.h"

namespace pellucid::jinja {

// Names of variables as numbers.
class Names {
 public:
  int NumberOf(std::string_view name);    // a new one where it has none
  int Find(std::string_view name) const;  // -1: it has none
  const std::string& NameOf(int number) const {
    return names_[static_cast<std::size_t>(number)];
  }

 private:
  std::vector<std::string> names_;
  std::unordered_map<std::string, int> numbers_;
};

// Adds the names to `names`; constants live in `heap`. kModel, "line 3: ...":
// what is no template, or one that is nested too deep or not supported.
Result<Body> ParseTemplate(std::string_view source, Names& names, Heap& heap);

}  // namespace pellucid::jinja

#endif  // PELLUCID_TOKENIZER_JINJA_PARSER_H_
