// Resolves the merges of a BPE vocabulary into a table of ids. Most of what
// opening a model takes is this, so its look-ups wait for memory together.
#ifndef PELLUCID_TOKENIZER_MERGE_READER_H_
#define PELLUCID_TOKENIZER_MERGE_READER_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "pellucid/result.h"
#include "tokenizer/merge_table.h"
#include "tokenizer/vocabulary.h"

namespace pellucid {

// Two tokens that may stand side by side.
struct MergePair {
  std::string_view left, right;
};

// `merges` [ranks]; a later duplicate of a pair overrides. The result of one is
// the token spelt like the left part and the right one, less the first
// `prefix_bytes` of that. `name` stands for the file in messages. kModel: a
// merge whose parts or result are no tokens, more merges than ids can count.
Result<MergeTable> ReadMergePairs(const Vocabulary& vocabulary,
                                  std::span<const MergePair> merges,
                                  std::size_t prefix_bytes,
                                  const std::string& name);

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_MERGE_READER_H_
