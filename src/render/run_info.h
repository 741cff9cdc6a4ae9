// How a result came about: the machine's part of a report. Filled by the
// command line, shown in JSON and in captions.
#ifndef PELLUCID_RENDER_RUN_INFO_H_
#define PELLUCID_RENDER_RUN_INFO_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "pellucid/chat.h"

namespace pellucid::render {

struct RunInfo {
  std::string isa;  // e.g. "avx512"
  std::size_t threads = 1;
  std::string precision = "exact";
  std::size_t edits = 0;                  // made in the run
  double load_ms = 0;                     // opening model and tokenizer
  std::optional<std::string> input_text;  // empty: the input was ids
  std::vector<TokenTurn> turns = {};      // of a conversation
};

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_RUN_INFO_H_
