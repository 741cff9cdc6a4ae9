#include "server/model_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include "base/float_environment.h"
#include "base/out_of_memory.h"
#include "base/quote.h"
#include "hub/cached_models.h"
#include "hub/reference.h"
#include "hub/settings.h"
#include "model/checkpoint.h"

namespace pellucid::server {
namespace {

namespace fs = std::filesystem;

using Clock = std::chrono::steady_clock;

// A file of the folder of built-in models goes by its name there.
std::string NameOf(const hub::LocalModel& model) {
  if (model.reference != model.path) return model.reference;
  return fs::path(model.path).filename().string();
}

std::vector<hub::LocalModel> LocalModels() {
  std::vector<hub::LocalModel> models =
      hub::ModelsInFolder(hub::PellucidHome() + "/models");
  if (auto settings = hub::SettingsFromEnvironment(); settings.ok()) {
    std::ranges::move(hub::ModelsInCache(*settings),
                      std::back_inserter(models));
  }
  std::erase_if(models, [](const auto& model) { return model.path.empty(); });
  return models;
}

// `message` without the path, which is nobody's business.
Error Without(Error error, const std::string& path, const std::string& name) {
  for (std::size_t at = error.message.find(path); at != std::string::npos;
       at = error.message.find(path, at + name.size())) {
    error.message.replace(at, path.size(), name);
  }
  return error;
}

ServedModelPtr Served(Model model, std::string ref, double load_ms,
                      std::vector<ServedLens> lenses = {}) {
  ModelInfo info = model.info();
  info.ref = std::move(ref);
  info.path.clear();
  auto reuse = std::make_shared<LensReuse>(model);
  return std::make_shared<const ServedModel>(
      ServedModel{std::move(model), std::move(info), load_ms, std::move(lenses),
                  std::move(reuse)});
}

// kModel: it cannot be run.
Result<std::string> ArchitectureOf(const std::string& path) {
  return CatchOutOfMemory("open", [&]() -> Result<std::string> {
    const FloatEnvironment environment;
    PELLUCID_ASSIGN_OR_RETURN(const Checkpoint checkpoint,
                              Checkpoint::Open(path));
    PELLUCID_ASSIGN_OR_RETURN(const LoadedModel loaded, checkpoint.Load());
    return loaded.spec.architecture;
  });
}

std::uint64_t BytesOf(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    const auto size = fs::file_size(path, error);
    return error ? 0 : size;
  }
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    std::error_code ignored;
    if (entry.is_regular_file(ignored)) bytes += entry.file_size(ignored);
  }
  return bytes;
}

}  // namespace

ModelStore::ModelStore(Model served, double load_ms, std::size_t threads,
                       const std::vector<TrainedLensPtr>& lenses,
                       std::size_t kept)
    : served_(Served(served, served.info().ref, load_ms, NameLenses(lenses))),
      threads_(threads),
      kept_(kept) {}

Result<ServedModelPtr> ModelStore::Get(const std::optional<std::string>& ref) {
  if (!ref || *ref == served_->info.ref) return served_;
  const std::lock_guard lock(mutex_);
  const auto open = std::ranges::find_if(
      open_, [&](const auto& one) { return one->info.ref == *ref; });
  if (open != open_.end()) {
    open_.splice(open_.begin(), open_, open);
    return open_.front();
  }
  const std::vector<hub::LocalModel> models = LocalModels();
  const auto found = std::ranges::find(models, *ref, NameOf);
  if (found == models.end()) {
    return UsageError(
        fmt::format("serve: model: there is no \"{}\" here; GET /api/v1/models "
                    "lists those that there are",
                    Quote(*ref)));
  }
  const Clock::time_point start = Clock::now();
  auto model = Model::Open(found->path, {.threads = threads_});
  if (!model.ok()) return Without(model.error(), found->path, *ref);
  const double load_ms =
      std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  open_.push_front(Served(*std::move(model), *ref, load_ms));
  if (open_.size() > kept_) open_.pop_back();
  return open_.front();
}

std::vector<ModelChoice> ModelStore::List() const {
  const std::string& path = served_->model.info().path;
  std::vector<ModelChoice> choices = {
      {served_->info.ref, served_->info.architecture, BytesOf(path)}};
  for (const hub::LocalModel& model : LocalModels()) {
    std::error_code ignored;
    const std::string name = NameOf(model);
    if (name == served_->info.ref ||
        fs::equivalent(model.path, path, ignored)) {
      continue;
    }
    const auto architecture = ArchitectureOf(model.path);
    if (!architecture.ok()) continue;
    choices.push_back({name, *architecture, model.bytes});
  }
  return choices;
}

}  // namespace pellucid::server
