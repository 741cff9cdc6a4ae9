#include "model/edit_fields.h"

#include <gtest/gtest.h>

#include <set>

namespace pellucid {
namespace {

TEST(EditFieldsTest, NamesLeadBackToFields) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kEditFieldCount; ++i) {
    const auto field = static_cast<EditField>(i);
    EXPECT_EQ(EditFieldNamed(NameOf(field)), field);
    names.insert(NameOf(field));
  }
  EXPECT_EQ(names.size(), kEditFieldCount);
  EXPECT_EQ(EditFieldNamed("sites"), std::nullopt);
  EXPECT_EQ(EditFieldNamed(""), std::nullopt);
  EXPECT_EQ(EditFieldNames(),
            "site, kind, factor, positions, text, keys, heads, features, "
            "prompts, when, seed, low, high and values");
}

TEST(EditFieldsTest, EveryKindButAFunctionCanBeWritten) {
  std::set<std::string_view> names;
  for (const EditKind kind : kWrittenKinds) names.insert(EditKindName(kind));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(EditKind::kCustom));
  EXPECT_FALSE(names.contains("custom"));
  EXPECT_EQ(NameOf(EditWhen::kPrompt), "prompt");
  EXPECT_EQ(NameOf(EditWhen::kGenerated), "generated");
  EXPECT_EQ(NameOf(EditWhen::kBoth), "both");
}

TEST(EditFieldsTest, FieldsSaySomethingOfTheirKinds) {
  EXPECT_TRUE(Uses(EditKind::kZero, EditField::kHeads));
  EXPECT_FALSE(Uses(EditKind::kZero, EditField::kFactor));
  EXPECT_FALSE(Uses(EditKind::kReplace, EditField::kFactor));
  EXPECT_TRUE(Uses(EditKind::kNoise, EditField::kSeed));
  EXPECT_FALSE(Uses(EditKind::kNoise, EditField::kValues));
  EXPECT_TRUE(Uses(EditKind::kResample, EditField::kSeed));
  EXPECT_TRUE(Uses(EditKind::kClamp, EditField::kLow));
  EXPECT_FALSE(Uses(EditKind::kScale, EditField::kHigh));
  EXPECT_TRUE(Uses(EditKind::kMean, EditField::kValues));
}

}  // namespace
}  // namespace pellucid
