#include "render/model_json.h"

namespace pellucid::render {

void WriteModelKeys(const ModelInfo& model, JsonWriter& json) {
  json.Key("ref");
  json.String(model.ref);
  json.Key("architecture");
  json.String(model.architecture);
  json.Key("format");
  json.String(model.format);
  json.Key("n_layers");
  json.Integer(model.n_layers);
  json.Key("d_model");
  json.Integer(model.d_model);
  json.Key("vocab_size");
  json.Integer(model.vocab_size);
  json.Key("hash");
  json.String(model.hash);
}

void WriteModel(const ModelInfo& model, JsonWriter& json) {
  json.BeginObject();
  WriteModelKeys(model, json);
  json.EndObject();
}

}  // namespace pellucid::render
