#include "tokenizer/jinja/template.h"

#include "tokenizer/jinja/ast.h"
#include "tokenizer/jinja/parser.h"

namespace pellucid::jinja {

struct Template::Parsed {
  Heap constants;
  jinja::Names names;
  Body body;
};

Template::Template(std::shared_ptr<const Parsed> parsed)
    : parsed_(std::move(parsed)) {}

Result<Template> Template::Parse(std::string_view source) {
  auto parsed = std::make_shared<Parsed>();
  PELLUCID_ASSIGN_OR_RETURN(
      parsed->body, ParseTemplate(source, parsed->names, parsed->constants));
  return Template(std::move(parsed));
}

bool Template::Names(std::string_view variable) const {
  return parsed_->names.Find(variable) >= 0;
}

Result<Rendering> Template::Render(const Variables& variables,
                                   const std::tm& now, Heap& heap) const {
  // Variables that the template names; those of its own lie above.
  Scope* outer = heap.MakeScope(nullptr);
  for (const auto& [name, value] : variables) {
    const int number = parsed_->names.Find(name);
    if (number >= 0) outer->Set(number, value);
  }
  return Interpreter(parsed_->names, now, heap)
      .Run(parsed_->body, heap.MakeScope(outer));
}

}  // namespace pellucid::jinja
