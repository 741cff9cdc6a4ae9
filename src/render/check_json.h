// What `pellucid check` found, schema "pellucid.check/1".
// A plain copy of the analysis result, so that drawing needs no model.
#ifndef PELLUCID_RENDER_CHECK_JSON_H_
#define PELLUCID_RENDER_CHECK_JSON_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pellucid/model.h"
#include "render/json_writer.h"

namespace pellucid::render {

// One self-check: `value` held against `limit`, in the unit that `note` names.
struct Check {
  std::string name;
  bool ok = false;
  std::optional<double> value, limit;  // empty: null
  std::string note;
};

struct CheckReport {
  ModelInfo model;
  // What alters the model's maths, e.g. {"final_logit_softcapping", "30"}.
  std::vector<std::pair<std::string, std::string>> in_force;
  std::vector<Check> checks;

  bool Ok() const;  // every check holds
};

// Writes {"schema", "model", "in_force", "checks", "ok"} and a line feed.
void WriteCheckJson(const CheckReport& report, JsonStyle style,
                    const TextSink& sink);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_CHECK_JSON_H_
