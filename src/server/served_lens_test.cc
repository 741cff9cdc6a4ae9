#include "server/served_lens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pellucid::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TrainedLensPtr LensOf(LensKind kind, const std::string& path) {
  auto lens = std::make_shared<TrainedLens>();
  lens->kind = kind;
  lens->ref = path;
  return lens;
}

TEST(ServedLensTest, NamesSayTheKindAndTheLastPartOfThePath) {
  const auto lenses = NameLenses(
      {LensOf(LensKind::kTuned, "/home/me/a"), LensOf(LensKind::kTuned, "b/a/"),
       LensOf(LensKind::kJacobian, "a"), LensOf(LensKind::kTuned, "a")});
  EXPECT_THAT(LensNames(lenses), ElementsAre("logit", "tuned:a", "tuned:a (2)",
                                             "jacobian:a", "tuned:a (3)"));
  for (const ServedLens& lens : lenses) EXPECT_EQ(lens.ref, "a");
}

TEST(ServedLensTest, OnlyWhatIsThereIsFound) {
  const auto lenses = NameLenses({LensOf(LensKind::kTuned, "/x/a")});
  EXPECT_EQ(*FindLens(lenses, "logit"), nullptr);
  const auto tuned = FindLens(lenses, "tuned:a");
  ASSERT_TRUE(tuned.ok());
  EXPECT_EQ(*tuned, lenses.data());
  const auto path = FindLens(lenses, "tuned:/x/a");
  ASSERT_FALSE(path.ok());
  EXPECT_EQ(path.error().code, ErrorCode::kUsage);
  EXPECT_THAT(path.error().message, HasSubstr("logit, tuned:a"));
}

}  // namespace
}  // namespace pellucid::server
