// The models on this machine, schema "pellucid.models/1".
// A plain copy of what was found, so that drawing opens nothing.
#ifndef PELLUCID_RENDER_MODELS_JSON_H_
#define PELLUCID_RENDER_MODELS_JSON_H_

#include <cstdint>
#include <string>
#include <vector>

#include "render/json_writer.h"

namespace pellucid::render {

struct ModelsReport {
  struct Entry {
    std::string ref;                   // what opens it
    std::string revision, commit;      // empty: null, not from the hub
    std::string path;                  // empty: null, not whole
    std::uint64_t bytes = 0;           // of its files
    std::string architecture, format;  // empty: null, cannot be opened
    std::string problem;               // empty: it can be opened

    bool ok() const { return problem.empty(); }
  };

  std::string cache;   // folder of the hub's cache
  std::string folder;  // of the built-in models
  std::vector<Entry> models;
};

// Writes {"schema", "cache", "folder", "models": [{"ref", "revision", "commit",
// "path", "bytes", "architecture", "format", "ok", "problem"}]} and a line
// feed.
void WriteModelsJson(const ModelsReport& report, JsonStyle style,
                     const TextSink& sink);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_MODELS_JSON_H_
