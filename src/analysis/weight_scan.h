// Weights that are no numbers: an infinity or a NaN poisons what is computed
// from it, and one in a row of the embedding that no test prompt touches stays
// unseen for long.
#ifndef PELLUCID_ANALYSIS_WEIGHT_SCAN_H_
#define PELLUCID_ANALYSIS_WEIGHT_SCAN_H_

#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "base/task_pool.h"
#include "model/checkpoint.h"
#include "pellucid/result.h"

namespace pellucid {

struct NonFiniteWeights {
  std::string tensor;              // as in the file
  std::vector<std::size_t> index;  // of the first; [] of a scalar
  float value = 0;                 // of the first
  std::uint64_t count = 0;         // in the tensor
};

// Decodes every tensor that holds weights, a piece at a time, and lists those
// with an element that is not finite, in the order of the file. Reads the whole
// file once: as long as the disk takes where it is not cached. Memory: 64 KiB a
// thread, 16 bytes for each 16384 elements of the largest tensor. kCancelled.
Result<std::vector<NonFiniteWeights>> FindNonFiniteWeights(
    const Checkpoint& checkpoint, const TaskPool& pool,
    const std::stop_token& stop = {});

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_WEIGHT_SCAN_H_
