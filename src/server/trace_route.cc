// POST /api/v1/trace: activations by site name, as the file that `trace --out`
// writes, or as JSON where they are few.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/quote.h"
#include "model/model_impl.h"
#include "render/json_writer.h"
#include "server/api_request.h"
#include "server/engine.h"
#include "server/prepare.h"
#include "server/task.h"
#include "trace/plan.h"
#include "trace/trace_writer.h"

namespace pellucid::server {
namespace {

struct TraceCall {
  ServedModelPtr served;
  TraceRequest request;
  PreparedPrompt prompt;
  std::vector<Edit> edits;

  const Model& model() const { return served->model; }
};

struct TraceFound {
  Trace trace;
  std::size_t edits = 0;
};

// kUsage: unknown sites, more numbers than an answer may hold, a name that an
// .npz file has for something else.
Status CheckSites(const TraceCall& call, const ServeLimits& limits) {
  const SiteTable& table = call.model().impl().table;
  PELLUCID_ASSIGN_OR_RETURN(const Plan plan,
                            Plan::Make(table, call.request.sites));
  const std::size_t numbers = plan.Numbers(table, call.prompt.ids.size());
  const bool is_json = call.request.form == TraceForm::kJson;
  const std::size_t most =
      is_json ? limits.json_numbers : limits.trace_bytes / sizeof(float);
  if (numbers > most) {
    return UsageError(
        fmt::format("trace: sites: {} numbers are more than the {} of one "
                    "answer{}; ask for "
                    "fewer sites, or for a shorter prompt",
                    numbers, most, is_json ? " as JSON" : ""));
  }
  if (call.request.form != TraceForm::kNpz) return {};
  for (const std::string& site : call.request.sites) {
    if (std::ranges::find(kMetadataNames, site) == kMetadataNames.end()) {
      continue;
    }
    return UsageError(fmt::format(
        "trace: sites: \"{}\" is an array of metadata in an .npz file; ask for "
        "safetensors, or use the site's canonical name",
        Quote(site)));
  }
  return {};
}

Result<std::shared_ptr<TraceCall>> Prepare(const HttpRequest& request,
                                           Engine& engine) {
  auto call = std::make_shared<TraceCall>();
  PELLUCID_ASSIGN_OR_RETURN(call->request, ReadTraceRequest(request.body));
  PELLUCID_ASSIGN_OR_RETURN(call->served,
                            engine.models.Get(call->request.model));
  PELLUCID_ASSIGN_OR_RETURN(
      call->prompt, PreparePrompt(call->model(), call->request.prompt, "trace",
                                  engine.limits.max_tokens));
  PELLUCID_ASSIGN_OR_RETURN(
      call->edits,
      ParseRequestEdits(call->model(), call->request.changes.edits));
  PELLUCID_RETURN_IF_ERROR(CheckSites(*call, engine.limits));
  return call;
}

Task<TraceFound>::Work WorkOf(std::shared_ptr<const TraceCall> call,
                              std::size_t max_tokens) {
  return [call = std::move(call), max_tokens](
             const Task<TraceFound>::Push& push,
             const std::stop_token& stop) -> Status {
    RunOptions options;
    options.sites = call->request.sites;
    options.edits = call->edits;
    options.stop = stop;
    PELLUCID_ASSIGN_OR_RETURN(
        std::vector<Edit> made,
        MakeWhatIf(call->model(), call->request.changes.what_if,
                   call->request.prompt.bos, max_tokens, stop));
    for (Edit& edit : made) options.edits.push_back(std::move(edit));
    PELLUCID_ASSIGN_OR_RETURN(Trace trace,
                              call->model().Run(call->prompt.ids, options));
    push({std::move(trace), options.edits.size()});
    return {};
  };
}

void WriteJson(const TraceCall& call, const TraceFound& found,
               const render::TextSink& sink) {
  render::JsonWriter json(sink, render::JsonStyle::kCompact);
  json.BeginObject();
  json.Key("model");
  json.String(call.served->info.ref);
  json.Key("ids");
  json.BeginArray();
  for (const TokenId id : found.trace.ids) json.Integer(id);
  json.EndArray();
  json.Key("text");
  json.StringOrNull(call.prompt.text);
  json.Key("edits");
  json.Integer(found.edits);
  json.Key("tensors");
  json.BeginObject();
  for (const auto& [name, tensor] : found.trace.sites) {
    json.Key(name);
    json.BeginObject();
    json.Key("shape");
    json.BeginArray();
    for (const std::size_t dim : tensor.shape) json.Integer(dim);
    json.EndArray();
    json.Key("data");
    json.BeginArray();
    for (const float value : tensor.data) {
      json.Float(static_cast<double>(value));
    }
    json.EndArray();
    json.EndObject();
  }
  json.EndObject();
  json.EndObject();
  json.Finish();
}

bool Write(const TraceCall& call, const TraceFound& found,
           const BodySink& sink) {
  if (call.request.form == TraceForm::kJson) {
    bool open = true;
    WriteJson(call, found,
              [&](std::string_view part) { open = open && sink(part); });
    return open;
  }
  const ByteSink bytes = [&](std::span<const std::byte> part) -> Status {
    if (sink({reinterpret_cast<const char*>(part.data()), part.size()})) {
      return {};
    }
    return CancelledError("trace: client: has gone");
  };
  const TraceOrigin origin{call.prompt.text, call.served->info.ref,
                           found.edits};
  return call.request.form == TraceForm::kNpz
             ? WriteTraceNpz(found.trace, origin, bytes).ok()
             : WriteTraceSafetensors(found.trace, origin, bytes).ok();
}

}  // namespace

HttpAnswer AnswerTrace(const HttpRequest& request, Engine& engine) {
  auto prepared = Prepare(request, engine);
  if (!prepared.ok()) return AnswerOf(ErrorOf(prepared.error()));
  const std::shared_ptr<const TraceCall> call = *prepared;
  Task<TraceFound> task(engine.queue, request, engine.limits.run_time,
                        WorkOf(call, engine.limits.max_tokens));
  auto first = task.Next();
  if (!first) {
    return AnswerOf(task.error().value_or(
        ErrorOf(FailedError("trace: run: ended without a result"))));
  }
  HttpAnswer answer;
  if (call->request.form != TraceForm::kJson) {
    answer.type = "application/octet-stream";
    answer.headers.emplace_back(
        "Content-Disposition",
        call->request.form == TraceForm::kNpz
            ? "attachment; filename=\"trace.npz\""
            : "attachment; filename=\"trace.safetensors\"");
  }
  const auto found = std::make_shared<TraceFound>(*std::move(first));
  answer.stream = [call, found](const BodySink& sink) {
    return Write(*call, *found, sink);
  };
  return answer;
}

}  // namespace pellucid::server
