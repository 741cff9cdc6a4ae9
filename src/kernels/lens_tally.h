// The sums of many cells over a part of the vocabulary, block by block: what
// ReduceLensBlock and LensSums::Fold (kernels/lens_reduce.h) give, to the bit,
// for many cells at a time. What follows a dot costs as little as it can, since
// a lens does it for each token of the vocabulary.
#ifndef PELLUCID_KERNELS_LENS_TALLY_H_
#define PELLUCID_KERNELS_LENS_TALLY_H_

#include <cstddef>
#include <span>
#include <vector>

#include "base/matrix.h"
#include "kernels/lens_reduce.h"

namespace pellucid::kernels {

class LensTally {
 public:
  // Over nothing yet. Takes 40 bytes a cell.
  explicit LensTally(std::size_t cells);

  // Adds the next block of the vocabulary to cells first, first + 1, ..., which
  // are those of one position, the final row's last: `logits` [cells, count],
  // count <= kVocabBlock. `greatest` [cells] gets what LensBlock::max is.
  void Add(ConstMatrixView logits, std::size_t first,
           std::span<float> greatest);

  LensSums SumsOf(std::size_t cell) const;

 private:
  void Set(std::size_t cell, const LensSums& sums);

  // LensSums, by cell.
  std::vector<double> exponent_, sum_exp_, sum_exp_z_;
  std::vector<double> final_exponent_, sum_final_z_;
};

}  // namespace pellucid::kernels

#endif  // PELLUCID_KERNELS_LENS_TALLY_H_
