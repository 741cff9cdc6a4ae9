#include "render/info_json.h"

#include "render/model_json.h"

namespace pellucid::render {
namespace {

void WriteConfig(const ModelInfo& model, JsonWriter& json) {
  json.BeginObject(JsonWrap::kLines);
  const auto integer = [&](std::string_view key, std::size_t value) {
    json.Key(key);
    json.Integer(value);
  };
  integer("n_heads", model.n_heads);
  integer("n_kv_heads", model.n_kv_heads);
  integer("head_dim", model.head_dim);
  integer("d_mlp", model.d_mlp);
  integer("context_length", model.context_length);
  for (const auto& [key, value] : model.details) {
    json.Key(key);
    json.Scalar(value);
  }
  json.EndObject();
}

void WriteId(std::string_view key, std::optional<TokenId> id,
             JsonWriter& json) {
  json.Key(key);
  if (id) {
    json.Integer(*id);
  } else {
    json.Null();
  }
}

void WriteTokenizer(const TokenizerInfo& tokenizer, JsonWriter& json) {
  json.BeginObject();
  json.Key("kind");
  json.String(tokenizer.kind);
  json.Key("vocab_size");
  json.Integer(tokenizer.vocab_size);
  WriteId("bos_id", tokenizer.bos_id, json);
  WriteId("eos_id", tokenizer.eos_id, json);
  json.Key("adds_bos");
  json.Bool(tokenizer.adds_bos);
  json.EndObject();
}

void WriteTensors(const std::vector<TensorInfo>& tensors, JsonWriter& json) {
  json.BeginArray(JsonWrap::kLines);
  for (const TensorInfo& tensor : tensors) {
    json.BeginObject();
    json.Key("name");
    json.String(tensor.name);
    json.Key("dtype");
    json.String(tensor.dtype);
    json.Key("shape");
    json.BeginArray();
    for (const std::size_t dim : tensor.shape) json.Integer(dim);
    json.EndArray();
    json.Key("bytes");
    json.Integer(tensor.bytes);
    json.EndObject();
  }
  json.EndArray();
}

void WriteSites(const std::vector<SiteInfo>& sites, JsonWriter& json) {
  json.BeginArray(JsonWrap::kLines);
  for (const SiteInfo& site : sites) {
    json.BeginObject();
    json.Key("name");
    json.String(site.name);
    json.Key("shape");
    json.String(site.shape);
    json.Key("aliases");
    json.BeginArray();
    for (const std::string& alias : site.aliases) json.String(alias);
    json.EndArray();
    json.EndObject();
  }
  json.EndArray();
}

}  // namespace

void WriteInfoJson(const InfoReport& report, JsonStyle style,
                   const TextSink& sink) {
  JsonWriter json(sink, style);
  json.BeginObject(JsonWrap::kLines);
  json.Key("schema");
  json.String("pellucid.info/1");
  json.Key("model");
  json.BeginObject();
  WriteModelKeys(report.model, json);
  if (report.serve) {
    json.Key("n_heads");
    json.Integer(report.model.n_heads);
    json.Key("context");
    json.Integer(report.model.context_length);
  }
  json.EndObject();
  json.Key("config");
  WriteConfig(report.model, json);
  json.Key("tokenizer");
  if (report.tokenizer) {
    WriteTokenizer(*report.tokenizer, json);
  } else {
    json.Null();
    json.Key("tokenizer_error");
    json.String(report.tokenizer_error);
  }
  if (report.tensors) {
    json.Key("tensors");
    WriteTensors(*report.tensors, json);
  }
  if (report.sites) {
    json.Key("sites");
    WriteSites(*report.sites, json);
  }
  if (report.serve) {
    json.Key("serve");
    json.BeginObject();
    json.Key("max_tokens");
    json.Integer(report.serve->max_tokens);
    json.Key("lenses");
    json.BeginArray();
    for (const std::string& name : report.serve->lenses) json.String(name);
    json.EndArray();
    json.EndObject();
  }
  json.EndObject();
  json.Finish();
}

}  // namespace pellucid::render
