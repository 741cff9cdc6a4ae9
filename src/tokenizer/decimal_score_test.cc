#include "tokenizer/decimal_score.h"

#include "gtest/gtest.h"

namespace pellucid {
namespace {

// The values that serde_json 1.0 gives for the numbers of T5's file.
TEST(DecimalScoreTest, RoundsTwice) {
  EXPECT_EQ(DecimalScore(-2.0122928619384766), -0x1.0192d00000001p+1);
  EXPECT_EQ(DecimalScore(-3.9598512649536133), -0x1.fadc680000001p+1);
  EXPECT_EQ(DecimalScore(-7.4974141120910645), -0x1.dfd5a1fffffffp+2);
  EXPECT_EQ(DecimalScore(7.6733808517456055), 0x1.eb18abfffffffp+2);
}

// Up to 15 digits and a power of ten that is exact, one rounding is left.
TEST(DecimalScoreTest, ShortNumbersStayWhatTheyAre) {
  for (const double score :
       {0.0, -1.5, 1e22, 123456.789, -100.0, 0.1, -0.001, -12.25, 1e15 + 1}) {
    EXPECT_EQ(DecimalScore(score), score);
  }
}

TEST(DecimalScoreTest, TheEndsOfTheRange) {
  EXPECT_EQ(DecimalScore(1.7976931348623157e+308), 0x1.fffffffffffffp+1023);
  EXPECT_EQ(DecimalScore(5e-324), 5e-324);
  EXPECT_EQ(DecimalScore(-1e300), -1e300);
  EXPECT_EQ(DecimalScore(1e-320), 1e-320);
}

}  // namespace
}  // namespace pellucid
