#include "analysis/lens_blocks.h"

#include <algorithm>
#include <utility>

namespace pellucid {

std::vector<LensBlock> CutBlocks(const LensLayout& layout,
                                 const LensCells& cells,
                                 std::span<const std::vector<TokenId>> prompts,
                                 const LensCut& cut) {
  std::vector<LensPlaces> split =
      SplitPlaces(layout, {cut.first, layout.places.size()}, cut.most_cells);
  if (cut.first_part_apart && cut.in_order && !cut.whole_prompts &&
      split.front().last - split.front().first > 2 * kLensPartPlaces) {
    const LensPlaces some = {split.front().first,
                             LensPartEnd(split.front().first)};
    split.front().first = some.last;
    split.insert(split.begin(), some);
  }
  std::vector<LensBlock> blocks;
  for (const LensPlaces places : split) {
    LensBlock block;
    block.places = places;
    block.first_prompt = layout.places[places.first].prompt;
    const LensPlace& end = layout.places[places.last - 1];
    std::vector<std::vector<TokenId>> run(
        prompts.begin() + static_cast<std::ptrdiff_t>(block.first_prompt),
        prompts.begin() + static_cast<std::ptrdiff_t>(end.prompt) + 1);
    std::vector<std::size_t> whole;
    for (const auto& prompt : run) whole.push_back(prompt.size());
    if (!end.last && !cut.whole_prompts) run.back().resize(end.position + 1);
    if (cut.cache != nullptr) {
      run[0].erase(run[0].begin(),
                   run[0].begin() + static_cast<std::ptrdiff_t>(places.first));
    }
    block.packed = Pack(run);
    if (cut.cache != nullptr) block.packed.caches = {cut.cache};
    block.packed.whole_lengths = std::move(whole);
    const std::size_t first_cell = cells.offsets[places.first];
    for (std::size_t i = places.first; i <= places.last; ++i) {
      block.offsets.push_back(cells.offsets[i] - first_cell);
    }
    blocks.push_back(std::move(block));
  }
  if (!cut.in_order) std::ranges::reverse(blocks);
  return blocks;
}

// Multiply-adds of a forward pass, roughly, for progress.
double ForwardCost(const Model::Impl& model, const PackedPrompts& packed) {
  double a_token = 0;
  for (const LayerWeights& w : model.weights.layers) {
    for (const LinearWeights* linear : {&w.qkv, &w.query, &w.key, &w.value,
                                        &w.attn_out, &w.gate, &w.up, &w.down}) {
      a_token += static_cast<double>(linear->weight.rows) *
                 static_cast<double>(linear->weight.cols);
    }
  }
  double cost = a_token * static_cast<double>(packed.tokens());
  const double a_pair = static_cast<double>(model.spec.n_layers) *
                        static_cast<double>(model.spec.QueryWidth());
  for (std::size_t p = 0; p < packed.count(); ++p) {
    const auto length = static_cast<double>(packed.length(p));
    cost += a_pair * length * length;  // scores and values, half of each
  }
  return cost;
}

}  // namespace pellucid
