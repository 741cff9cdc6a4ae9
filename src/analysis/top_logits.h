// The best few of many logits, which come block by block: for the cells of a
// lens, and for what the head itself predicts.
#ifndef PELLUCID_ANALYSIS_TOP_LOGITS_H_
#define PELLUCID_ANALYSIS_TOP_LOGITS_H_

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "pellucid/tokenizer.h"

namespace pellucid {

struct TopLogit {
  float logit;
  TokenId id;

  // Better: the higher logit, on ties the lower id.
  friend bool operator<(const TopLogit& a, const TopLogit& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
  }
  friend bool operator==(const TopLogit& a, const TopLogit& b) = default;
};

// The best k of what is offered. A heap whose front is the worst kept.
class TopHeap {
 public:
  // Logits below `floor` are not among those that are looked for, and are left
  // out even while there are less than k.
  explicit TopHeap(std::size_t k,
                   float floor = -std::numeric_limits<float>::infinity())
      : k_(k), worst_(floor) {}

  // Whether logits with this maximum can hold anything better. Ids come in
  // rising order, so a tie with the worst kept never enters. Reads nothing but
  // this object: it is asked for every block, and mostly says no.
  bool MayEnter(float maximum) const {
    return maximum > worst_ || (!full_ && !(maximum < worst_));
  }

  // Up to kVocabBlock logits of the ids from `first` on, which are higher than
  // those of all offers before. NaN enters only while there are less than k.
  void Offer(std::span<const float> logits, std::size_t first);

  // In no order.
  std::span<const TopLogit> kept() const { return kept_; }

  bool full() const { return full_; }
  // The k-th best of what was offered, if full; else the floor.
  float worst() const { return worst_; }

 private:
  void Push(float logit, std::size_t id);

  std::size_t k_;
  float worst_;  // of the kept, once there are k; else the floor
  bool full_ = false;
  std::vector<TopLogit> kept_;
};

// The best `count` of `some`, best first.
std::vector<TopLogit> BestFirst(std::vector<TopLogit> some, std::size_t count);

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_TOP_LOGITS_H_
