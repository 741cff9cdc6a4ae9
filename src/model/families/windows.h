// Which blocks look at no more than the last keys, as config.json says it:
// "sliding_window" with its switch "use_sliding_window", "layer_types" by name,
// "max_window_layers" by number.
#ifndef PELLUCID_MODEL_FAMILIES_WINDOWS_H_
#define PELLUCID_MODEL_FAMILIES_WINDOWS_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "model/arch_spec.h"
#include "model/hf_config.h"
#include "pellucid/result.h"

namespace pellucid::families {

// Keys that a query sees, itself among them; 0 where it sees all: where the key
// is null, or absent and `fallback` is 0. kModel.
Result<std::size_t> ReadWindow(HfModelConfig& config, std::size_t fallback);

// The same where "use_sliding_window" is to be true.
Result<std::size_t> ReadSwitchedWindow(HfModelConfig& config,
                                       std::size_t fallback);

// One entry a block: whether it slides. kModel: a kind of attention that is
// neither full nor sliding, or not one entry a block.
Result<std::optional<std::vector<bool>>> ReadLayerTypes(HfModelConfig& config,
                                                        std::size_t n_layers);

// Gives the window to the blocks that slide. kModel: there is none to give.
Status SetWindows(const HfModelConfig& config, std::size_t window,
                  const std::vector<bool>& slides, ArchSpec& spec);

// Qwen 2 and 3: layer_types, else the blocks from max_window_layers on.
Status ReadQwenWindows(HfModelConfig& config, ArchSpec& spec);

}  // namespace pellucid::families

#endif  // PELLUCID_MODEL_FAMILIES_WINDOWS_H_
