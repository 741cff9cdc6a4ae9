// A continuation as one JSON object, schema "pellucid.generate/1"
// (docs/generate.md). Key order is part of the schema.
#ifndef PELLUCID_RENDER_GENERATE_JSON_H_
#define PELLUCID_RENDER_GENERATE_JSON_H_

#include <optional>

#include "pellucid/generate.h"
#include "render/json_writer.h"
#include "render/token_texts.h"

namespace pellucid::render {

// A bundle of views: what they name must outlive the call it is passed to.
struct GenerateReport {
  const Generation& made;
  const TokenTexts& texts;      // empty: the model has no tokenizer
  std::optional<double> scale;  // of steering vectors, where there are any
};

// Writes the object and a line feed. Where there is no tokenizer, texts are
// null.
void WriteGenerateJson(const GenerateReport& report, JsonStyle style,
                       const TextSink& sink);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_GENERATE_JSON_H_
