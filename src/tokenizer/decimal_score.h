// The scores of a Unigram vocabulary as `tokenizers` reads them.
//
// Its JSON reader, serde_json, does not round a decimal number once: it takes
// the digits as an integer, rounds that to a double, and divides it by a power
// of ten, which rounds again. One score in four of T5's comes out a bit lower
// or higher so. That decides between segmentations whose sums are equal but for
// rounding, such as those of a long row of dashes.
#ifndef PELLUCID_TOKENIZER_DECIMAL_SCORE_H_
#define PELLUCID_TOKENIZER_DECIMAL_SCORE_H_

namespace pellucid {

// What the shortest decimal that stands for `score`, a finite number, is read
// as. Files hold that one: whoever writes them writes the shortest.
double DecimalScore(double score);

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_DECIMAL_SCORE_H_
