// POST /api/v1/generate: what a model writes, token after token, as server-sent
// events. The texts of the events are whole characters; one after another they
// are the continuation.
#include <fmt/format.h>

#include <memory>
#include <utility>

#include "pellucid/generate.h"
#include "render/json_writer.h"
#include "render/token_texts.h"
#include "server/api_request.h"
#include "server/engine.h"
#include "server/prepare.h"
#include "server/task.h"

namespace pellucid::server {
namespace {

struct GenerateCall {
  ServedModelPtr served;
  GenerateRequest request;
  PreparedPrompt prompt;

  const Model& model() const { return served->model; }
};

struct GenerateEvent {
  GeneratedToken token = {};
  std::string text = {};  // that the token completes; at the end, all
  bool is_end = false;
  FinishReason finish = FinishReason::kLength;
};

Result<std::shared_ptr<GenerateCall>> Prepare(const HttpRequest& request,
                                              Engine& engine) {
  auto call = std::make_shared<GenerateCall>();
  const std::size_t most = engine.limits.max_tokens;
  PELLUCID_ASSIGN_OR_RETURN(call->request, ReadGenerateRequest(request.body));
  PELLUCID_ASSIGN_OR_RETURN(call->served,
                            engine.models.Get(call->request.model));
  PELLUCID_ASSIGN_OR_RETURN(
      call->prompt,
      PreparePrompt(call->model(), call->request.prompt, "generate", most));
  GenerateOptions& options = call->request.options;
  if (options.max_tokens > most) {
    return UsageError(fmt::format(
        "generate: max_tokens: {} are more than the {} that this server "
        "writes; ask for fewer, or start with a larger --max-tokens",
        options.max_tokens, most));
  }
  PELLUCID_ASSIGN_OR_RETURN(
      options.edits,
      ParseRequestEdits(call->model(), call->request.changes.edits));
  return call;
}

Task<GenerateEvent>::Work WorkOf(std::shared_ptr<const GenerateCall> call,
                                 std::size_t max_tokens) {
  return [call = std::move(call), max_tokens](
             const Task<GenerateEvent>::Push& push,
             const std::stop_token& stop) -> Status {
    GenerateOptions options = call->request.options;
    PELLUCID_ASSIGN_OR_RETURN(
        std::vector<Edit> made,
        MakeWhatIf(call->model(), call->request.changes.what_if,
                   call->request.prompt.bos, max_tokens, stop));
    for (Edit& edit : made) options.edits.push_back(std::move(edit));
    options.stop = stop;
    std::string text;
    options.on_text = [&](std::size_t, std::string_view piece) {
      text += piece;
    };
    options.on_token = [&](std::size_t, const GeneratedToken& token) {
      push({token, std::exchange(text, {}), false, {}});
    };
    PELLUCID_ASSIGN_OR_RETURN(
        Generation generation,
        Generate(call->model(), call->prompt.ids, options));
    push({{}, std::move(generation.text), true, generation.finish});
    return {};
  };
}

// "event: NAME", and `members` of one object as its data.
template <typename Members>
std::string EventText(std::string_view name, const Members& members) {
  std::string data;
  render::JsonWriter json(render::AppendTo(&data), render::JsonStyle::kCompact);
  json.BeginObject();
  members(json);
  json.EndObject();
  json.Finish();
  return fmt::format("event: {}\ndata: {}\n", name, data);
}

std::string TextOf(const GenerateEvent& event, bool has_texts) {
  const auto text = [&](render::JsonWriter& json) {
    json.Key("text");
    if (has_texts) {
      json.String(event.text);
    } else {
      json.Null();
    }
  };
  if (event.is_end) {
    return EventText("done", [&](render::JsonWriter& json) {
      json.Key("finish");
      json.String(FinishReasonName(event.finish));
      text(json);
    });
  }
  return EventText("token", [&](render::JsonWriter& json) {
    json.Key("id");
    json.Integer(event.token.id);
    text(json);
    json.Key("logprob");
    json.Float(static_cast<double>(event.token.logprob));
  });
}

}  // namespace

HttpAnswer AnswerGenerate(const HttpRequest& request, Engine& engine) {
  auto prepared = Prepare(request, engine);
  if (!prepared.ok()) return AnswerOf(ErrorOf(prepared.error()));
  const std::shared_ptr<const GenerateCall> call = *prepared;
  const auto task = std::make_shared<Task<GenerateEvent>>(
      engine.queue, request, engine.limits.run_time,
      WorkOf(call, engine.limits.max_tokens));
  auto first = task->Next();
  if (!first) {
    return AnswerOf(task->error().value_or(
        ErrorOf(FailedError("generate: run: ended without a result"))));
  }
  HttpAnswer answer;
  answer.type = "text/event-stream";
  const bool has_texts = call->model().tokenizer() != nullptr;
  const auto event = std::make_shared<GenerateEvent>(*std::move(first));
  answer.stream = [task, event, has_texts](const BodySink& sink) {
    std::optional<GenerateEvent> next = std::move(*event);
    while (next) {
      if (!sink(TextOf(*next, has_texts))) return false;
      if (next->is_end) return true;
      next = task->Next();
    }
    // ErrorJson ends with a line feed; an event ends with an empty line.
    return task->error() &&
           sink("event: error\ndata: " + ErrorJson(*task->error()) + "\n");
  };
  return answer;
}

}  // namespace pellucid::server
