// What `pellucid bench` measured.
// Times are milliseconds of the repeats after one warm-up run.
#ifndef PELLUCID_RENDER_BENCH_JSON_H_
#define PELLUCID_RENDER_BENCH_JSON_H_

#include <cstddef>
#include <optional>
#include <string>

#include "render/json_writer.h"

namespace pellucid::render {

struct BenchReport {
  std::string what;  // "forward", "lens", "decode" or "load"
  std::size_t tokens = 0;
  std::size_t threads = 1;
  std::string isa;
  double median_ms = 0, min_ms = 0, max_ms = 0;  // of a repetition
  std::optional<double> tokens_per_s;            // decode only
};

// Writes {"what", "tokens", "threads", "isa", "median_ms", "min_ms", "max_ms"}
// and, where known, "tokens_per_s", then a line feed.
void WriteBenchJson(const BenchReport& report, JsonStyle style,
                    const TextSink& sink);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_BENCH_JSON_H_
