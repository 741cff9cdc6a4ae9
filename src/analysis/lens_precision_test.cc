// The lens at LensPrecision::kFast, as its readers see it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "kernels/integer_product.h"
#include "kernels/isa.h"
#include "pellucid/lens.h"
#include "testutil/hf_goldens.h"

namespace pellucid {
namespace {

using ::testing::HasSubstr;

TEST(LensPrecisionTest, HasNames) {
  for (const LensPrecision p : {LensPrecision::kExact, LensPrecision::kFast}) {
    EXPECT_EQ(ParseLensPrecision(LensPrecisionName(p), "x").value(), p);
  }
  const auto other = ParseLensPrecision("quick", "lens: --precision");
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().message,
            "lens: --precision: quick: is no precision of the lens; choose "
            "exact or fast");
}

// On the plain loops, which run everywhere.
class LensPrecisionRunTest : public ::testing::Test {
 protected:
  LensPrecisionRunTest() {
    EXPECT_TRUE(kernels::SelectIsa(kernels::Isa::kReference).ok());
  }
  ~LensPrecisionRunTest() override {
    EXPECT_TRUE(kernels::SelectIsa(before_).ok());
  }
  Lens Compute(LensPrecision precision) const {
    return ComputeLens(model_, ids_,
                       {.top_k = 3, .targets = {4}, .precision = precision})
        .value();
  }

  const kernels::Isa before_ = kernels::CurrentIsa();
  const Model model_ =
      Model::Open(testutil::FamilyGoldenPath("gemma2_plain")).value();
  const std::vector<TokenId> ids_ = {3, 14, 1, 5, 9, 2};
};

TEST_F(LensPrecisionRunTest, FastSaysHowFarItIsFromExact) {
  const Lens exact = Compute(LensPrecision::kExact);
  const Lens fast = Compute(LensPrecision::kFast);
  EXPECT_FALSE(exact.error);
  ASSERT_TRUE(fast.error);
  EXPECT_EQ(fast.error->cells, 8u);
  EXPECT_LE(fast.error->max_abs_prob, 1e-4);
  EXPECT_EQ(fast.error->top_k_equal, 1);
  EXPECT_EQ(fast.max_abs_last_row_minus_logits, 0);
  ASSERT_EQ(fast.rows.size(), exact.rows.size());
  for (std::size_t r = 0; r < exact.rows.size(); ++r) {
    for (std::size_t p = 0; p < ids_.size(); ++p) {
      const LensCell &a = exact.rows[r].cells[p], &b = fast.rows[r].cells[p];
      for (std::size_t k = 0; k < 3; ++k) {
        EXPECT_EQ(b.top[k].id, a.top[k].id);
        EXPECT_EQ(b.top[k].logit, a.top[k].logit);
        EXPECT_NEAR(b.top[k].prob, a.top[k].prob, 1e-4);
      }
      EXPECT_NEAR(b.targets[0].score.prob, a.targets[0].score.prob, 1e-4);
      EXPECT_NEAR(b.kl_to_final, a.kl_to_final, 1e-3);
    }
  }
}

TEST_F(LensPrecisionRunTest, WithoutTileRegistersItIsRefused) {
  for (const kernels::Isa isa : kernels::SupportedIsas()) {
    ASSERT_TRUE(kernels::SelectIsa(isa).ok());
    const auto lens =
        ComputeLens(model_, ids_, {.precision = LensPrecision::kFast});
    const bool runs =
        kernels::UsesReference() || kernels::HasFastIntegerProducts();
    EXPECT_EQ(lens.ok(), runs);
    if (lens.ok()) continue;
    EXPECT_EQ(lens.error().code, ErrorCode::kUsage);
    EXPECT_THAT(lens.error().message, HasSubstr("leave it at exact"));
    EXPECT_THAT(lens.error().message,
                HasSubstr(std::string(kernels::NameOf(isa))));
  }
}

}  // namespace
}  // namespace pellucid
