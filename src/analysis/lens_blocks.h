// How a run of the lens is cut: blocks of places, each behind a forward pass of
// its own, and parts of them, which are handed over one by one.
#ifndef PELLUCID_ANALYSIS_LENS_BLOCKS_H_
#define PELLUCID_ANALYSIS_LENS_BLOCKS_H_

#include <cstddef>
#include <span>
#include <vector>

#include "analysis/lens_layout.h"
#include "analysis/lens_pass.h"
#include "analysis/top_logits.h"
#include "base/buffer.h"
#include "base/matrix.h"
#include "model/forward.h"
#include "model/kv_cache.h"
#include "model/model_impl.h"
#include "pellucid/tokenizer.h"

namespace pellucid {

// Places that LensOptions::on_part gets at once: enough that the weights of the
// vocabulary, decoded once a part, are shared by hundreds of cells. Of a long
// prompt the first ones have a forward pass of their own, over them alone,
// which costs little and is soon done.
inline constexpr std::size_t kLensPartPlaces = 16;

// The end of the part that holds a place.
constexpr std::size_t LensPartEnd(std::size_t place) {
  return (place / kLensPartPlaces + 1) * kLensPartPlaces;
}

// Places that are decoded behind one forward pass, and what that runs on.
struct LensBlock {
  LensPlaces places;
  std::size_t first_prompt = 0;  // of the batch: packed prompt 0
  PackedPrompts packed;
  std::vector<std::size_t> offsets;  // cells by place, from 0
  MatrixView vectors;                // [cells, d_model], normed
  Buffer embedded;                   // [cells, d_embed], where that differs
  ConstMatrixView unembedded;        // of both what the pass multiplies
  // Places whose tokens by the plain head are needed, counted from the block's
  // first, their final states, and those tokens, best first.
  std::vector<std::size_t> headed;
  Buffer final_residuals;  // [headed, d_model], before the norm
  std::vector<std::vector<TopLogit>> best;

  std::size_t count() const { return places.last - places.first; }
  // The final row's vector at the block's i-th place.
  std::size_t FinalCell(std::size_t i) const { return offsets[i + 1] - 1; }
};

struct LensCut {
  std::size_t first = 0;          // place: those before it are decoded already
  std::size_t most_cells = 0;     // of a block, or those of one place
  bool in_order = false;          // else the last block first
  bool whole_prompts = false;     // each block runs its prompts to their ends
  bool first_part_apart = false;  // with in_order and unless whole_prompts
  KvCache* cache = nullptr;       // of the one prompt: holds the tokens before
};

// Each block has its prompts up to the last place that it holds of them: what a
// token's numbers are depends on the tokens before it alone. (A cache of keys
// and values would spare the tokens of the blocks before, but it can be twice
// the size of all residuals, which are too many by then. That of a short prompt
// may be there: then blocks go on behind it.) Each prompt is run whole the
// first time it is met, with tokens behind its last place, so that numbers
// which are not finite are found wherever they are, before a cell is decoded of
// it; and each time where there are edits, since a mean is over all of its
// tokens.
std::vector<LensBlock> CutBlocks(const LensLayout& layout,
                                 const LensCells& cells,
                                 std::span<const std::vector<TokenId>> prompts,
                                 const LensCut& cut);

// Multiply-adds of a forward pass, roughly, for progress.
double ForwardCost(const Model::Impl& model, const PackedPrompts& packed);

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_LENS_BLOCKS_H_
