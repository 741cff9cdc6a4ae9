// A lens as one JSON object, schema "pellucid.lens/1": rows of cells with
// their statistics, the summary, targets where they were asked for, the
// self-check and the times; of another lens of the same prompt, where there is
// one, the same under "compare". Key order is part of the schema.
#ifndef PELLUCID_RENDER_LENS_JSON_H_
#define PELLUCID_RENDER_LENS_JSON_H_

#include <string>
#include <string_view>

#include "render/json_writer.h"
#include "render/lens_report.h"

namespace pellucid::render {

// Writes the object and a line feed. kCompact is one line, a record of JSON
// lines; kIndented has a line for each cell. Streams: memory does not grow
// with the lens. Where a model has no tokenizer, texts are null.
void WriteLensJson(const LensReport& report, JsonStyle style,
                   const TextSink& sink);

// Parts of the object that the page of a lens has too; each writes members of
// an object that is open. "run" and "lens"; "summary" to "timing", where
// `targets_key` names the targets, left out if there are none.
void WriteLensRun(const LensReport& report, JsonWriter& json);
void WriteLensEnd(const LensReport& report, std::string_view targets_key,
                  JsonWriter& json);

// The same as a string.
std::string LensJson(const LensReport& report,
                     JsonStyle style = JsonStyle::kIndented);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_LENS_JSON_H_
