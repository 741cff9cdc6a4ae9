// What needs no turn in the queue: models, their description, and tokens.
#include <fmt/format.h>

#include "base/quote.h"
#include "render/info_json.h"
#include "render/tokenize_json.h"
#include "server/api_error.h"
#include "server/api_request.h"
#include "server/engine.h"

namespace pellucid::server {
namespace {

// What ?model=REF&sites=true asks for.
struct InfoQuery {
  std::optional<std::string> model;
  bool sites = false, tensors = false;
};

Result<InfoQuery> ReadInfoQuery(const HttpRequest& request) {
  InfoQuery query;
  for (const auto& [name, value] : request.query) {
    if (name == "model") {
      query.model = value;
      continue;
    }
    bool* flag = name == "sites"     ? &query.sites
                 : name == "tensors" ? &query.tensors
                                     : nullptr;
    if (flag == nullptr) {
      return UsageError(
          fmt::format("info: query: \"{}\" is unknown; there are model, sites "
                      "and tensors",
                      Quote(name)));
    }
    if (value != "true" && value != "false") {
      return UsageError(
          fmt::format("info: query: \"{}\" is \"{}\"; write true or false",
                      name, Quote(value)));
    }
    *flag = value == "true";
  }
  return query;
}

}  // namespace

HttpAnswer AnswerTokenize(const HttpRequest& request, Engine& engine) {
  const auto encode = [&]() -> Result<std::string> {
    PELLUCID_ASSIGN_OR_RETURN(const TokenizeRequest wanted,
                              ReadTokenizeRequest(request.body));
    PELLUCID_ASSIGN_OR_RETURN(const ServedModelPtr served,
                              engine.models.Get(wanted.model));
    PELLUCID_ASSIGN_OR_RETURN(const Tokenizer* tokenizer,
                              served->model.RequireTokenizer());
    PELLUCID_ASSIGN_OR_RETURN(
        const Encoding encoding,
        tokenizer->Encode(wanted.text, {.bos = wanted.bos}));
    std::string json;
    render::WriteTokenizeJson(encoding.ids, render::TextsOf(tokenizer),
                              render::JsonStyle::kCompact,
                              render::AppendTo(&json));
    return json;
  };
  auto json = encode();
  if (!json.ok()) return AnswerOf(ErrorOf(json.error()));
  HttpAnswer answer;
  answer.body = *std::move(json);
  return answer;
}

HttpAnswer AnswerInfo(const HttpRequest& request, Engine& engine) {
  const auto query = ReadInfoQuery(request);
  if (!query.ok()) return AnswerOf(ErrorOf(query.error()));
  const auto served = engine.models.Get(query->model);
  if (!served.ok()) return AnswerOf(ErrorOf(served.error()));
  const Model& model = (*served)->model;
  render::InfoReport report;
  report.model = (*served)->info;
  report.serve = {engine.limits.max_tokens, LensNames((*served)->lenses)};
  if (const Tokenizer* tokenizer = model.tokenizer()) {
    report.tokenizer = {tokenizer->Kind(), tokenizer->VocabSize(),
                        tokenizer->BosId(), tokenizer->EosId(),
                        tokenizer->AddsBos()};
  } else {
    report.tokenizer_error = "the model has no tokenizer that can be used";
  }
  if (query->tensors) report.tensors = model.Tensors();
  if (query->sites) report.sites = model.Sites();
  HttpAnswer answer;
  render::WriteInfoJson(report, render::JsonStyle::kCompact,
                        render::AppendTo(&answer.body));
  return answer;
}

HttpAnswer AnswerModels(const HttpRequest&, Engine& engine) {
  HttpAnswer answer;
  render::JsonWriter json(render::AppendTo(&answer.body),
                          render::JsonStyle::kCompact);
  json.BeginObject();
  json.Key("models");
  json.BeginArray();
  for (const ModelChoice& choice : engine.models.List()) {
    json.BeginObject();
    json.Key("ref");
    json.String(choice.ref);
    json.Key("architecture");
    json.String(choice.architecture);
    json.Key("bytes");
    json.Integer(choice.bytes);
    json.EndObject();
  }
  json.EndArray();
  json.Key("default");
  json.String(engine.models.served()->info.ref);
  json.EndObject();
  json.Finish();
  return answer;
}

}  // namespace pellucid::server
