// Merges as the lines "left right" that GGUF, merges.txt and older
// tokenizer.json files hold. Newer files hold pairs, because parts may have
// spaces of their own.
#ifndef PELLUCID_TOKENIZER_MERGE_LINES_H_
#define PELLUCID_TOKENIZER_MERGE_LINES_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/result.h"
#include "tokenizer/bpe.h"  // MergePair

namespace pellucid {

// Splits each of `lines` [ranks] at its one space. The parts are views of the
// lines. kModel, with the rank and `name`, the file: a line with none or more.
Result<std::vector<MergePair>> SplitMergeLines(
    std::span<const std::string_view> lines, const std::string& name);

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_MERGE_LINES_H_
