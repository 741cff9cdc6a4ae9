// The merges of a SentencePiece vocabulary, which has none but scores (formats
// 6.9): every way to cut a token into two tokens is one, and those that make a
// token of higher score come first.
#ifndef PELLUCID_TOKENIZER_SCORE_MERGES_H_
#define PELLUCID_TOKENIZER_SCORE_MERGES_H_

#include <span>
#include <vector>

#include "tokenizer/merge_table.h"
#include "tokenizer/vocabulary.h"

namespace pellucid {

// In the order in which `transformers` derives them: of equal scores the pair
// with the longer left part, then that with the longer right one, then the one
// of the earlier token. `scores` [ids]. A dozen look-ups for each token: some
// 0.1 s for Gemma's 262,144.
std::vector<MergeIds> MergesOfScores(const Vocabulary& vocabulary,
                                     std::span<const float> scores);

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_SCORE_MERGES_H_
