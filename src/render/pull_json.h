// What `pellucid pull` did, schema "pellucid.pull/1".
// A plain copy of the hub's result, so that drawing needs no network.
#ifndef PELLUCID_RENDER_PULL_JSON_H_
#define PELLUCID_RENDER_PULL_JSON_H_

#include <cstdint>
#include <string>
#include <vector>

#include "render/json_writer.h"

namespace pellucid::render {

struct PullReport {
  struct File {
    std::string name;
    std::uint64_t bytes = 0;
    bool downloaded = false;  // now; false: it was there
  };

  std::string ref;  // as it was asked for
  std::string repo, revision, commit;
  std::string path;         // to be opened
  bool is_current = true;   // false: the cache's word, not the hub's
  std::vector<File> files;  // none where the hub was not asked
};

// Writes {"schema", "ref", "repo", "revision", "commit", "path", "current",
// "files"} and a line feed.
void WritePullJson(const PullReport& report, JsonStyle style,
                   const TextSink& sink);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_PULL_JSON_H_
