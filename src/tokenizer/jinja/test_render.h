// A template rendered in a test, in one call: variables are JSON, and the clock
// stands still.
#ifndef PELLUCID_TOKENIZER_JINJA_TEST_RENDER_H_
#define PELLUCID_TOKENIZER_JINJA_TEST_RENDER_H_

#include <simdjson.h>

#include <ctime>
#include <string>
#include <string_view>

#include "tokenizer/jinja/from_json.h"
#include "tokenizer/jinja/template.h"

namespace pellucid::testutil {

// 4 July 2025, 15:06:07, as in the goldens.
inline std::tm GoldenTime() {
  std::tm now = {};
  now.tm_year = 125;
  now.tm_mon = 6;
  now.tm_mday = 4;
  now.tm_hour = 15;
  now.tm_min = 6;
  now.tm_sec = 7;
  now.tm_wday = 5;
  now.tm_yday = 184;
  return now;
}

// What comes out with the variables of a JSON object.
inline Result<std::string> Rendered(std::string_view source,
                                    std::string_view variables = "{}") {
  PELLUCID_ASSIGN_OR_RETURN(const jinja::Template parsed,
                            jinja::Template::Parse(source));
  jinja::Heap heap;
  jinja::Variables values;
  simdjson::dom::parser parser;
  const simdjson::padded_string json(variables);
  const simdjson::dom::object object(parser.parse(json).value());
  for (const auto& [name, value] : object) {
    PELLUCID_ASSIGN_OR_RETURN(const jinja::Value made,
                              jinja::FromJson(value, std::nullopt, heap));
    values.emplace_back(std::string(name), made);
  }
  PELLUCID_ASSIGN_OR_RETURN(const jinja::Rendering rendering,
                            parsed.Render(values, GoldenTime(), heap));
  return rendering.text.bytes;
}

// The message of the error; "no error" if there is none.
inline std::string ErrorOfTemplate(std::string_view source,
                                   std::string_view variables = "{}") {
  const auto text = Rendered(source, variables);
  return text.ok() ? "no error" : text.error().message;
}

}  // namespace pellucid::testutil

#endif  // PELLUCID_TOKENIZER_JINJA_TEST_RENDER_H_
