// Lenses compared: with one another to the bit, and with goldens within the
// distances that are promised (contract 4.4). Header only, so that only tests
// of what makes or reads lenses need their types.
#ifndef PELLUCID_TESTS_TESTUTIL_LENS_COMPARE_H_
#define PELLUCID_TESTS_TESTUTIL_LENS_COMPARE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "pellucid/lens.h"
#include "testutil/lens_golden.h"

namespace pellucid::testutil {

inline bool SameFloat(float a, float b) {
  return std::memcmp(&a, &b, sizeof(a)) == 0;
}

inline bool SameScore(const TokenScore& a, const TokenScore& b) {
  return a.id == b.id && SameFloat(a.logit, b.logit) &&
         SameFloat(a.logprob, b.logprob) && SameFloat(a.prob, b.prob);
}

inline bool SameCell(const LensCell& a, const LensCell& b) {
  const auto ranked = [](const RankedScore& x, const RankedScore& y) {
    return x.rank == y.rank && SameScore(x.score, y.score);
  };
  return a.position == b.position &&
         std::ranges::equal(a.top, b.top, SameScore) &&
         SameFloat(a.logz, b.logz) && SameFloat(a.entropy, b.entropy) &&
         SameFloat(a.kl_to_final, b.kl_to_final) &&
         a.next.has_value() == b.next.has_value() &&
         (!a.next || ranked(*a.next, *b.next)) &&
         std::ranges::equal(a.targets, b.targets, ranked);
}

// Every number of two rows, to the bit.
inline void ExpectSameRow(const LensRow& a, const LensRow& b) {
  EXPECT_EQ(a.site, b.site);
  EXPECT_EQ(a.layer, b.layer);
  EXPECT_EQ(a.own_norm, b.own_norm);
  ASSERT_EQ(a.cells.size(), b.cells.size());
  for (std::size_t i = 0; i < a.cells.size(); ++i) {
    EXPECT_TRUE(SameCell(a.cells[i], b.cells[i])) << a.site << " cell " << i;
  }
}

inline void ExpectSameLens(const Lens& a, const Lens& b) {
  ASSERT_EQ(a.rows.size(), b.rows.size());
  for (std::size_t r = 0; r < a.rows.size(); ++r) {
    ExpectSameRow(a.rows[r], b.rows[r]);
  }
}

// Everything but the times.
inline void ExpectEqualLens(const Lens& a, const Lens& b) {
  EXPECT_EQ(a.positions, b.positions);
  ExpectSameLens(a, b);
  const auto same_target = [](const LensTarget& x, const LensTarget& y) {
    return x.id == y.id && x.first_hit == y.first_hit &&
           x.stable_from == y.stable_from;
  };
  EXPECT_TRUE(std::ranges::equal(a.targets, b.targets, same_target));
  ASSERT_EQ(a.followed.has_value(), b.followed.has_value());
  if (a.followed) {
    EXPECT_TRUE(same_target(*a.followed, *b.followed));
  }
  for (std::size_t r = 0; r < a.rows.size(); ++r) {
    EXPECT_EQ(a.summary[r].kl_to_final, b.summary[r].kl_to_final);
    EXPECT_EQ(a.summary[r].next_logprob, b.summary[r].next_logprob);
    for (std::size_t i = 0; i < a.rows[r].cells.size(); ++i) {
      const auto& x = a.rows[r].cells[i].final_top1;
      const auto& y = b.rows[r].cells[i].final_top1;
      ASSERT_EQ(x.has_value(), y.has_value());
      if (!x) continue;
      EXPECT_EQ(x->rank, y->rank);
      EXPECT_TRUE(SameScore(x->score, y->score));
    }
  }
  EXPECT_EQ(a.max_abs_last_row_minus_logits, b.max_abs_last_row_minus_logits);
}

// Ids equal but where the golden's neighbours are closer than the distance
// between logits that the contract allows.
inline void ExpectGoldenTop(const LensCell& ours, const GoldenCell& theirs) {
  for (std::size_t k = 0; k < theirs.top_ids.size(); ++k) {
    const double limit = 1e-3 * std::max(1.0, std::abs(theirs.top_logits[0]));
    EXPECT_NEAR(ours.top[k].logit, theirs.top_logits[k], limit);
    EXPECT_NEAR(ours.top[k].prob, std::exp(theirs.top_logprobs[k]), 1e-4);
    const auto gap = [&](std::size_t other) {
      return std::abs(theirs.top_logits[k] - theirs.top_logits[other]);
    };
    const bool tied = (k > 0 && gap(k - 1) < limit) ||
                      k + 1 == theirs.top_ids.size() || gap(k + 1) < limit;
    if (!tied) {
      EXPECT_EQ(ours.top[k].id, theirs.top_ids[k]);
    }
  }
}

inline void ExpectGoldenRank(const RankedScore& ours,
                             const GoldenRank& theirs) {
  EXPECT_EQ(ours.score.id, theirs.id);
  EXPECT_NEAR(ours.score.logprob, theirs.logprob,
              1e-3 * std::max(1.0, std::abs(theirs.logprob)));
  EXPECT_GE(ours.rank, theirs.low);
  EXPECT_LE(ours.rank, theirs.high);
}

// `tolerance` is that of logz, entropy and KL, nats.
inline void ExpectGoldenRow(const LensRow& ours, const GoldenLensRow& theirs,
                            double tolerance) {
  EXPECT_EQ(ours.site, theirs.site);
  ASSERT_EQ(ours.cells.size(), theirs.cells.size());
  for (std::size_t i = 0; i < ours.cells.size(); ++i) {
    SCOPED_TRACE(theirs.site + " position " + std::to_string(i));
    const GoldenCell& golden = theirs.cells[i];
    const LensCell& cell = ours.cells[i];
    EXPECT_NEAR(cell.logz, golden.logz, tolerance);
    EXPECT_NEAR(cell.entropy, golden.entropy, tolerance);
    EXPECT_NEAR(cell.kl_to_final, golden.kl_to_final, tolerance);
    ExpectGoldenTop(cell, golden);
    ASSERT_EQ(cell.next.has_value(), golden.next.has_value());
    if (golden.next) ExpectGoldenRank(*cell.next, *golden.next);
    ExpectGoldenRank(cell.targets[0], golden.target);
  }
}

}  // namespace pellucid::testutil

#endif  // PELLUCID_TESTS_TESTUTIL_LENS_COMPARE_H_
