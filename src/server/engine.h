// What all routes share: models, the queue of runs, and how much one request
// may ask for.
#ifndef PELLUCID_SERVER_ENGINE_H_
#define PELLUCID_SERVER_ENGINE_H_

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "render/run_info.h"
#include "server/http_message.h"
#include "server/job_queue.h"
#include "server/model_store.h"

namespace pellucid::server {

struct ServeLimits {
  std::size_t max_tokens = 2048;       // of a prompt, and of a continuation
  std::chrono::seconds run_time{300};  // of one request, once it runs
  std::size_t body_bytes = std::size_t{4} << 20;
  std::size_t waiting = 128;  // requests in the queue
  std::size_t waiting_of_client = 16;
  std::size_t scores = 2'000'000;  // tokens that all cells of a lens keep
  std::size_t trace_bytes = std::size_t{256} << 20;
  std::size_t json_numbers = 1'000'000;  // of a trace as JSON
};

class Engine {
 public:
  Engine(Model model, double load_ms, std::size_t threads,
         const std::vector<TrainedLensPtr>& lenses, const ServeLimits& bounds)
      : models(std::move(model), load_ms, threads, lenses),
        queue(bounds.waiting, bounds.waiting_of_client),
        limits(bounds) {}

  ModelStore models;
  JobQueue queue;
  const ServeLimits limits;
};

// The machine's part of a report.
render::RunInfo RunInfoOf(const ServedModel& served,
                          std::optional<std::string> text, std::size_t edits);

// Routes: each reads request.body or request.query, and waits for its turn
// where it runs a model.
HttpAnswer AnswerLens(const HttpRequest& request, Engine& engine);
HttpAnswer AnswerTrace(const HttpRequest& request, Engine& engine);
HttpAnswer AnswerGenerate(const HttpRequest& request, Engine& engine);
HttpAnswer AnswerTokenize(const HttpRequest& request, Engine& engine);
HttpAnswer AnswerInfo(const HttpRequest& request, Engine& engine);
HttpAnswer AnswerModels(const HttpRequest& request, Engine& engine);

}  // namespace pellucid::server

#endif  // PELLUCID_SERVER_ENGINE_H_
