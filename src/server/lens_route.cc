// POST /api/v1/lens: the whole lens as `lens --json` writes it, or line by line
// while it is computed, in the blocks that the page reads.
#include <fmt/format.h>

#include <memory>
#include <set>
#include <utility>

#include "pellucid/lens.h"
#include "render/lens_json.h"
#include "render/lens_page.h"
#include "server/api_request.h"
#include "server/engine.h"
#include "server/prepare.h"
#include "server/task.h"

namespace pellucid::server {
namespace {

// A request that is ready to run. Shared by the run and by who writes it out.
struct LensCall {
  ServedModelPtr served;
  LensRequest request;
  PreparedPrompt prompt;
  std::vector<std::size_t> positions;
  std::string lens_ref;  // of a trained lens, as answers call its file

  const Model& model() const { return served->model; }
};

struct LensEvent {
  Lens lens;  // cells of some positions; at the end all but the cells, or all
  bool is_end = false;
  std::size_t edits = 0;  // made in the run
};

// kUsage: more cells than one answer may hold.
Status CheckScores(const LensCall& call, std::size_t most) {
  const LensOptions& options = call.request.options;
  const std::size_t layers = call.served->info.n_layers;
  std::size_t rows = 1 + layers * options.sites.size();
  if (const auto listed = options.layers.Resolve(layers); listed.ok()) {
    rows = 1 + listed->size() * options.sites.size();
  }
  // What a cell keeps beside them weighs as much as four.
  const std::size_t a_cell = options.top_k + options.targets.size() + 4;
  const std::size_t cells = rows * call.positions.size();
  if (cells <= most / a_cell) return {};
  return UsageError(fmt::format(
      "lens: request: {} rows of {} positions with {} tokens each are more "
      "than "
      "the {} numbers of one answer; ask for fewer layers, positions or top_k",
      rows, call.positions.size(), options.top_k, most));
}

Result<std::shared_ptr<LensCall>> Prepare(const HttpRequest& request,
                                          Engine& engine) {
  auto call = std::make_shared<LensCall>();
  PELLUCID_ASSIGN_OR_RETURN(call->request, ReadLensRequest(request.body));
  LensRequest& lens = call->request;
  PELLUCID_ASSIGN_OR_RETURN(call->served, engine.models.Get(lens.model));
  PELLUCID_ASSIGN_OR_RETURN(call->prompt,
                            PreparePrompt(call->model(), lens.prompt, "lens",
                                          engine.limits.max_tokens));
  LensOptions& options = lens.options;
  PELLUCID_ASSIGN_OR_RETURN(const ServedLens* trained,
                            FindLens(call->served->lenses, lens.lens));
  if (trained != nullptr) {
    options.trained = trained->lens;
    call->lens_ref = trained->ref;
  }
  PELLUCID_ASSIGN_OR_RETURN(options.targets,
                            PrepareTargets(call->model(), lens.targets));
  PELLUCID_ASSIGN_OR_RETURN(
      options.edits, ParseRequestEdits(call->model(), lens.changes.edits));
  if (lens.stream) options.follow = FollowFinal::kEach;
  PELLUCID_RETURN_IF_ERROR(CheckLensOptions(call->model(), options));
  PELLUCID_ASSIGN_OR_RETURN(call->positions,
                            options.positions.Resolve(call->prompt.ids.size()));
  PELLUCID_RETURN_IF_ERROR(CheckScores(*call, engine.limits.scores));
  return call;
}

// A client is told a file's name, not where it lies.
Lens Named(Lens lens, const LensCall& call) {
  lens.trained_ref = call.lens_ref;
  return lens;
}

Task<LensEvent>::Work WorkOf(std::shared_ptr<const LensCall> call,
                             std::size_t max_tokens) {
  return [call = std::move(call), max_tokens](
             const Task<LensEvent>::Push& push,
             const std::stop_token& stop) -> Status {
    LensOptions options = call->request.options;
    PELLUCID_ASSIGN_OR_RETURN(
        std::vector<Edit> made,
        MakeWhatIf(call->model(), call->request.changes.what_if,
                   call->request.prompt.bos, max_tokens, stop));
    for (Edit& edit : made) options.edits.push_back(std::move(edit));
    const std::size_t edits = options.edits.size();
    options.stop = stop;
    // Whoever types, or changes the end of a prompt, asks again and again.
    options.reuse = call->served->reuse;
    if (call->request.stream) {
      options.on_part = [&](std::size_t, const Lens& part) {
        push({Named(part, *call), false, edits});
      };
    }
    PELLUCID_ASSIGN_OR_RETURN(
        Lens lens, ComputeLens(call->model(), call->prompt.ids, options));
    // Streamed, they are with the client.
    if (call->request.stream) {
      for (LensRow& row : lens.rows) row.cells.clear();
    }
    push({Named(std::move(lens), *call), true, edits});
    return {};
  };
}

// One answer of many lines.
class LensStream {
 public:
  LensStream(std::shared_ptr<const LensCall> call,
             std::shared_ptr<Task<LensEvent>> task)
      : call_(std::move(call)),
        task_(std::move(task)),
        tokens_(render::PageTokensOf(call_->model().tokenizer())) {}

  bool Write(LensEvent first, const BodySink& sink) {
    render::RunInfo run =
        RunInfoOf(*call_->served, call_->prompt.text, first.edits);
    run.turns = call_->prompt.turns;
    if (!sink(Head(first.lens, run))) return false;
    std::optional<LensEvent> event = std::move(first);
    while (event) {
      if (event->is_end) return sink(End(event->lens, run));
      if (!sink(Block(event->lens))) return false;
      event = task_->Next();
    }
    // A run that was cut short says why, unless nobody listens any more.
    return task_->error() && sink(ErrorJson(*task_->error()));
  }

 private:
  std::string Head(const Lens& part, const render::RunInfo& run) const {
    return Line([&](render::JsonWriter& json) {
      json.Key("kind");
      json.String("lens");
      json.Key("run");
      json.BeginObject();
      render::WritePageRun({part, call_->served->info, run, tokens_.texts},
                           std::nullopt, call_->positions, json);
      json.BeginArray();
      json.EndArray();
      json.EndObject();
    });
  }
  std::string Block(const Lens& part) {
    return Line([&](render::JsonWriter& json) {
      json.Key("block");
      json.BeginObject();
      render::WritePageBlock(part, tokens_, &named_, json);
      json.EndObject();
    });
  }
  std::string End(const Lens& lens, const render::RunInfo& run) const {
    return Line([&](render::JsonWriter& json) {
      json.Key("done");
      json.Bool(true);
      render::WritePageEnd({lens, call_->served->info, run, tokens_.texts},
                           json);
    });
  }
  template <typename Members>
  static std::string Line(const Members& members) {
    std::string line;
    render::JsonWriter json(render::AppendTo(&line),
                            render::JsonStyle::kCompact);
    json.BeginObject();
    members(json);
    json.EndObject();
    json.Finish();
    return line;
  }

  std::shared_ptr<const LensCall> call_;
  std::shared_ptr<Task<LensEvent>> task_;
  render::PageTokens tokens_;
  std::set<TokenId> named_;
};

bool WriteWhole(const LensCall& call, const LensEvent& found,
                const BodySink& sink) {
  render::RunInfo run = RunInfoOf(*call.served, call.prompt.text, found.edits);
  run.turns = call.prompt.turns;
  const auto texts = render::TextsOf(call.model().tokenizer());
  bool open = true;
  render::WriteLensJson(
      {found.lens, call.served->info, run, texts}, render::JsonStyle::kCompact,
      [&](std::string_view part) { open = open && sink(part); });
  return open;
}

}  // namespace

HttpAnswer AnswerLens(const HttpRequest& request, Engine& engine) {
  auto prepared = Prepare(request, engine);
  if (!prepared.ok()) return AnswerOf(ErrorOf(prepared.error()));
  const std::shared_ptr<const LensCall> call = *prepared;
  const auto task = std::make_shared<Task<LensEvent>>(
      engine.queue, request, engine.limits.run_time,
      WorkOf(call, engine.limits.max_tokens));
  // An error before the first cells has a status of its own.
  auto first = task->Next();
  if (!first) {
    return AnswerOf(task->error().value_or(
        ErrorOf(FailedError("lens: run: ended without a result"))));
  }
  HttpAnswer answer;
  const auto event = std::make_shared<LensEvent>(*std::move(first));
  if (call->request.stream) {
    answer.type = "application/x-ndjson";
    answer.stream = [call, task, event](const BodySink& sink) {
      return LensStream(call, task).Write(std::move(*event), sink);
    };
  } else {
    answer.stream = [call, event](const BodySink& sink) {
      return WriteWhole(*call, *event, sink);
    };
  }
  return answer;
}

}  // namespace pellucid::server
