// Shares rows of a matrix out over threads, for work that treats each row by
// itself.
#ifndef PELLUCID_MODEL_ROW_BLOCKS_H_
#define PELLUCID_MODEL_ROW_BLOCKS_H_

#include <algorithm>
#include <cstddef>

#include "base/task_pool.h"

namespace pellucid {

// Calls work(begin, count) for blocks that cover `rows`. A block of 16 rows of
// a small model is a few microseconds of work: enough to be worth a task.
template <typename Work>
void ForRowBlocks(const TaskPool& pool, std::size_t rows, const Work& work) {
  constexpr std::size_t kBlock = 16;
  pool.For((rows + kBlock - 1) / kBlock, [&](std::size_t i) {
    work(i * kBlock, std::min(kBlock, rows - i * kBlock));
  });
}

}  // namespace pellucid

#endif  // PELLUCID_MODEL_ROW_BLOCKS_H_
