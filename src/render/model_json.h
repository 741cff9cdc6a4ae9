// The "model" object that every report carries.
// One place, so that all commands name the model alike.
#ifndef PELLUCID_RENDER_MODEL_JSON_H_
#define PELLUCID_RENDER_MODEL_JSON_H_

#include "pellucid/model.h"  // ModelInfo
#include "render/json_writer.h"

namespace pellucid::render {

// Writes {"ref", "architecture", "format", "n_layers", "d_model", "vocab_size",
// "hash"} as the next value.
void WriteModel(const ModelInfo& model, JsonWriter& json);

// The same members into an object that is open.
void WriteModelKeys(const ModelInfo& model, JsonWriter& json);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_MODEL_JSON_H_
