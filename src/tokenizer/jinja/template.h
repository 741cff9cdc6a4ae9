// A Jinja template as transformers renders chat templates: in a sandbox that
// changes nothing, with trim_blocks and lstrip_blocks.
//
//   Heap heap;
//   Template t = Template::Parse("{% for m in messages %}...").value();
//   t.Render({{"messages", messages}}, now, heap)->text.bytes
#ifndef PELLUCID_TOKENIZER_JINJA_TEMPLATE_H_
#define PELLUCID_TOKENIZER_JINJA_TEMPLATE_H_

#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pellucid/result.h"
#include "tokenizer/jinja/interpreter.h"
#include "tokenizer/jinja/value.h"

namespace pellucid::jinja {

using Variables = std::vector<std::pair<std::string, Value>>;

// Cheap to copy; safe to use from many threads.
class Template {
 public:
  // kModel, "line 3: WHAT": no template, or beyond what is supported.
  static Result<Template> Parse(std::string_view source);

  // Whether a variable of that name stands in it.
  bool Names(std::string_view variable) const;

  // `now` is local time, for strftime_now. Values that the result marks are
  // those of `variables`, which `heap` owns. kModel, "line 3: WHAT". kUsage:
  // what the template's raise_exception says.
  Result<Rendering> Render(const Variables& variables, const std::tm& now,
                           Heap& heap) const;

 private:
  struct Parsed;
  explicit Template(std::shared_ptr<const Parsed> parsed);

  std::shared_ptr<const Parsed> parsed_;
};

}  // namespace pellucid::jinja

#endif  // PELLUCID_TOKENIZER_JINJA_TEMPLATE_H_
