#include "trace/edit_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "testutil/modules.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kBlock = "model.layers.1";
constexpr const char* kQuery = "model.layers.0.self_attn.q_proj";
constexpr const char* kZ = "model.layers.0.self_attn.z";
constexpr const char* kScores = "model.layers.0.self_attn.scores";
constexpr const char* kPattern = "model.layers.0.self_attn.pattern";
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

Tensor Values(std::vector<std::size_t> shape, float value = 1) {
  Tensor values(std::move(shape));
  for (float& v : values.data) v = value;
  return values;
}

Selection Choose(std::string_view text) {
  return Selection::Parse(text, "test").value();
}

// Two prompts, of five and of three tokens.
class EditPlanTest : public ::testing::Test {
 protected:
  Result<EditPlan> Make(const Edit& edit) const {
    return EditPlan::Make(table_, {&edit, 1}, lengths_, find_text_);
  }
  // The one edit of a plan, which holds.
  ResolvedEdit Resolved(const Edit& edit) const {
    const auto plan = Make(edit);
    if (!plan.ok()) {
      ADD_FAILURE() << plan.error().message;
      return {};
    }
    return *plan->Of(table_.Find(edit.site).value()->key).front();
  }
  std::string Problem(const Edit& edit) const {
    const auto plan = Make(edit);
    if (plan.ok()) return "no error";
    EXPECT_EQ(plan.error().code, ErrorCode::kUsage);
    return plan.error().message;
  }

  SiteTable table_{testutil::TinyModules(), testutil::TinySizes()};
  std::vector<std::size_t> lengths_ = {5, 3};
  FindText find_text_ = [](const std::string& text,
                           std::size_t prompt) -> Result<std::vector<size_t>> {
    if (text != "cat") return UsageError("text: no");
    return std::vector<std::size_t>{prompt, prompt + 1};
  };
};

TEST_F(EditPlanTest, NothingIsEditedWithoutEdits) {
  const auto plan = EditPlan::Make(table_, {}, lengths_, find_text_);
  ASSERT_TRUE(plan.ok());
  EXPECT_TRUE(plan->empty());
  EXPECT_FALSE(plan->Edits({Point::kResidPost, 1}));
  EXPECT_FALSE(EditPlan().Edits({Point::kResidPost, 1}));
}

TEST_F(EditPlanTest, EditsOfASiteKeepTheirOrderUnderAllItsNames) {
  const std::vector<Edit> edits = {
      {.site = "blocks.1.hook_resid_post", .kind = EditKind::kZero},
      {.site = kZ, .kind = EditKind::kZero},
      {.site = "model.model.layers.1", .kind = EditKind::kScale, .factor = 2},
      {.site = kBlock, .kind = EditKind::kAdd}};
  const auto plan = EditPlan::Make(table_, edits, lengths_, find_text_);
  ASSERT_TRUE(plan.ok()) << plan.error().message;
  const auto of = plan->Of({Point::kResidPost, 1});
  ASSERT_THAT(of, SizeIs(3));
  EXPECT_EQ(of[0]->edit.kind, EditKind::kZero);
  EXPECT_EQ(of[1]->edit.kind, EditKind::kScale);
  EXPECT_EQ(of[2]->edit.kind, EditKind::kAdd);
  for (const auto& edit : of) EXPECT_EQ(edit->site, kBlock);
  EXPECT_THAT(plan->Of({Point::kZ, 0}), SizeIs(1));
  EXPECT_THAT(plan->Of({Point::kResidPost, 0}), IsEmpty());
}

TEST_F(EditPlanTest, ScopesBecomeIndices) {
  Edit edit{.site = kBlock};
  EXPECT_THAT(Resolved(edit).positions[0], ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(Resolved(edit).positions[1], ElementsAre(0, 1, 2));
  EXPECT_THAT(Resolved(edit).columns, IsEmpty());
  EXPECT_EQ(Resolved(edit).width, 6u);
  edit.scope.positions = Choose("-1,1");
  EXPECT_THAT(Resolved(edit).positions[0], ElementsAre(1, 4));
  EXPECT_THAT(Resolved(edit).positions[1], ElementsAre(1, 2));
  edit.scope.prompts = {1};
  EXPECT_THAT(Resolved(edit).prompts, ElementsAre(false, true));
  edit.scope.text = "cat";  // instead of the positions
  EXPECT_THAT(Resolved(edit).positions[1], ElementsAre(1, 2));
  edit.scope.features = {4, 0, 4};
  EXPECT_THAT(Resolved(edit).columns, ElementsAre(0, 4));
  EXPECT_EQ(Resolved(edit).width, 2u);
}

TEST_F(EditPlanTest, HeadsAndTheirFeaturesAreColumns) {
  Edit edit{.site = kQuery};
  edit.scope.heads = {1};
  EXPECT_THAT(Resolved(edit).columns, ElementsAre(3, 4, 5));
  edit.scope.features = {0, 2};
  EXPECT_THAT(Resolved(edit).columns, ElementsAre(3, 5));
  edit.scope.heads = {1, 0};
  EXPECT_THAT(Resolved(edit).columns, ElementsAre(0, 2, 3, 5));
  edit.scope.heads = {};
  edit.scope.features = {5};
  EXPECT_THAT(Resolved(edit).columns, ElementsAre(5));
}

TEST_F(EditPlanTest, AHeadsOwnSiteIsThatHeadsColumns) {
  const SiteTable table(testutil::ModulesWithHeads(), testutil::TinySizes());
  Edit edit{.site = "model.layers.0.self_attn.q_norm.norms.1",
            .kind = EditKind::kReplace};
  edit.values = Values({3});
  const auto plan = EditPlan::Make(table, {&edit, 1}, lengths_, find_text_);
  ASSERT_TRUE(plan.ok()) << plan.error().message;
  const ResolvedEdit& resolved = *plan->Of({Point::kQueryNorm, 0}).front();
  EXPECT_THAT(resolved.columns, ElementsAre(3, 4, 5));
  edit.scope.heads = {0};
  const auto twice = EditPlan::Make(table, {&edit, 1}, lengths_, find_text_);
  ASSERT_FALSE(twice.ok());
  EXPECT_THAT(twice.error().message, HasSubstr("leave the heads out"));
}

TEST_F(EditPlanTest, KeysAreOfScoresAndPattern) {
  Edit edit{.site = kPattern};
  EXPECT_THAT(Resolved(edit).heads, ElementsAre(true, true));
  EXPECT_THAT(Resolved(edit).keys[0], IsEmpty());
  edit.scope.heads = {1};
  edit.scope.keys = Choose("0,-1");
  EXPECT_THAT(Resolved(edit).heads, ElementsAre(false, true));
  EXPECT_THAT(Resolved(edit).keys[0],
              ElementsAre(true, false, false, false, true));
  EXPECT_THAT(Resolved(edit).keys[1], ElementsAre(true, false, true));
}

// Generated tokens are in scope unless positions are named, or what is made is
// known of the prompt alone.
TEST_F(EditPlanTest, WhenFollowsFromTheScope) {
  const auto on = [&](const Edit& edit) {
    const ResolvedEdit resolved = Resolved(edit);
    return std::pair(resolved.on_prompt, resolved.on_generated);
  };
  const std::pair both(true, true), prompt(true, false), after(false, true);
  Edit edit{.site = kBlock};
  EXPECT_EQ(on(edit), both);
  edit.scope.features = {1};
  EXPECT_EQ(on(edit), both);
  edit.scope.positions = Selection::Last();
  EXPECT_EQ(on(edit), prompt);
  edit.scope.when = EditWhen::kBoth;
  EXPECT_EQ(on(edit), both);
  edit.scope = {.when = EditWhen::kGenerated};
  EXPECT_EQ(on(edit), after);
  EXPECT_THAT(Resolved(edit).positions[0], IsEmpty());
  EXPECT_EQ(on({.site = kBlock, .kind = EditKind::kMean}), prompt);
  EXPECT_EQ(
      on({.site = kBlock, .kind = EditKind::kMean, .values = Values({6})}),
      both);
  EXPECT_EQ(on({.site = kBlock,
                .kind = EditKind::kAdd,
                .scope = {.prompts = {0}},
                .values = Values({5, 6})}),
            prompt);
}

TEST_F(EditPlanTest, ValuesAreRowsOfThePartInScope) {
  Edit edit{.site = kZ, .kind = EditKind::kReplace};
  edit.scope.heads = {1};
  edit.scope.positions = Choose(":2");
  // A row of the part, of the site, or one a position.
  edit.values = Values({3});
  EXPECT_EQ(Resolved(edit).value_rows, 1u);
  edit.values.data = {7, 8, 9};
  EXPECT_THAT(Resolved(edit).ValueRow(0), ElementsAre(7, 8, 9));
  edit.values = Values({6});
  edit.values.data = {1, 2, 3, 4, 5, 6};
  EXPECT_EQ(Resolved(edit).value_rows, 1u);
  EXPECT_THAT(Resolved(edit).ValueRow(0), ElementsAre(4, 5, 6));
  edit.values = Values({2, 3});
  EXPECT_EQ(Resolved(edit).value_rows, 2u);
  // As a trace holds them: [tokens, heads, head_dim].
  edit.values = Values({2, 2, 3});
  for (std::size_t i = 0; i < 12; ++i) {
    edit.values.data[i] = static_cast<float>(i);
  }
  EXPECT_EQ(Resolved(edit).value_rows, 2u);
  EXPECT_THAT(Resolved(edit).ValueRow(1), ElementsAre(9, 10, 11));
  edit.scope.prompts = {0};
  edit.values = Values({5, 2, 3});
  EXPECT_EQ(Resolved(edit).value_rows, 5u);
}

TEST_F(EditPlanTest, OfARowThatCouldBeBothTheShapeDecides) {
  Edit edit{.site = kBlock, .kind = EditKind::kAdd};
  edit.scope.features = {0, 1, 2};
  edit.scope.positions = Choose(":2");
  edit.values = Values({2, 3});
  EXPECT_EQ(Resolved(edit).value_rows, 2u);
  edit.values = Values({2, 6});
  EXPECT_EQ(Resolved(edit).value_rows, 2u);
  edit.values = Values({6});
  EXPECT_EQ(Resolved(edit).value_rows, 1u);
}

TEST_F(EditPlanTest, DirectionsBecomeAnOrthonormalBasis) {
  Edit edit{.site = kBlock, .kind = EditKind::kProjectOut};
  edit.values = Values({3, 6}, 0);
  edit.values.data[0] = 3;  // 3 e0
  edit.values.data[6] = 1;  // e0 + 2 e1
  edit.values.data[7] = 2;
  edit.values.data[12] = -5;  // in the span of these
  edit.values.data[13] = 1;
  EXPECT_THAT(Resolved(edit).basis,
              ElementsAre(1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0));
}

TEST_F(EditPlanTest, SitesThatCannotBeEdited) {
  EXPECT_THAT(Problem({.site = "model.layers.9"}),
              HasSubstr("edits: edit 0 (zero of model.layers.9): this "
                        "model has no such site; nearest: model.layers."));
  EXPECT_THAT(Problem({.site = "model.layers.*"}), HasSubstr("no such site"));
  EXPECT_EQ(Problem({.site = kPattern, .kind = EditKind::kMask}),
            "edits: edit 0 (mask of model.layers.0.self_attn.pattern): "
            "only scores can be masked; zero the pattern instead");
  EXPECT_THAT(Problem({.site = kScores, .kind = EditKind::kMean}),
              HasSubstr("is not for scores or pattern"));
  EXPECT_THAT(Problem({.site = kBlock, .kind = EditKind::kMask}),
              HasSubstr("only scores can be masked"));
}

TEST_F(EditPlanTest, WhatAKindNeeds) {
  EXPECT_EQ(Problem({.site = kBlock, .kind = EditKind::kReplace}),
            "edits: edit 0 (replace of model.layers.1): has no values; "
            "give them");
  EXPECT_THAT(Problem({.site = kBlock, .kind = EditKind::kCustom}),
              HasSubstr("has no function; set Edit::custom"));
  EXPECT_THAT(Problem({.site = kBlock, .kind = EditKind::kCustomSite}),
              HasSubstr("has no function; set Edit::custom_site"));
  Edit whole{.site = kPattern, .kind = EditKind::kCustomSite};
  whole.custom_site = [](std::string_view, std::span<const EditPart>) {};
  EXPECT_THAT(Problem(whole), HasSubstr("is not for scores or pattern"));
  whole.site = kBlock;
  whole.scope.positions = Selection::Last();
  EXPECT_THAT(Problem(whole), HasSubstr("its scope may name prompts only"));
  EXPECT_THAT(Problem({.site = kBlock, .values = Values({6})}),
              HasSubstr("takes no values; leave them out"));
  EXPECT_THAT(
      Problem({.site = kBlock, .kind = EditKind::kClamp, .low = 2, .high = 1}),
      HasSubstr("low 2 is not below high 1; swap them"));
  EXPECT_THAT(
      Problem(
          {.site = kBlock, .kind = EditKind::kClamp, .low = kNaN, .high = 1}),
      HasSubstr("is not below high 1"));
  EXPECT_THAT(
      Problem({.site = kBlock, .kind = EditKind::kScale, .factor = kInfinity}),
      HasSubstr("its factor is not finite"));
  for (const float bad : {0.0f, kNaN, kInfinity}) {
    EXPECT_THAT(Problem({.site = kBlock,
                         .kind = EditKind::kProjectOut,
                         .values = Values({6}, bad)}),
                HasSubstr("its direction is 0 or not finite; give another"));
  }
  EXPECT_THAT(Problem({.site = kBlock,
                       .kind = EditKind::kSetComponent,
                       .values = Values({2, 6})}),
              HasSubstr("2 rows of values: one direction is set"));
}

TEST_F(EditPlanTest, ScopesThatNameWhatIsNotThere) {
  const auto problem = [&](const char* site, const EditScope& scope) {
    return Problem({.site = site, .scope = scope});
  };
  EXPECT_EQ(problem(kBlock, {.positions = Choose("4")}),
            "edits: edit 0 (zero of model.layers.1): positions: index 4 is "
            "out of range; there are 3, numbered 0 to 2 or -3 to -1");
  EXPECT_EQ(problem(kPattern, {.keys = Choose("-4")}),
            "edits: edit 0 (zero of model.layers.0.self_attn.pattern): "
            "keys: index -4 is out of range; there are 3, numbered 0 to 2 or "
            "-3 to -1");
  EXPECT_THAT(problem(kBlock, {.positions = Selection::Of({})}),
              HasSubstr("nothing is chosen out of 5"));
  EXPECT_THAT(problem(kBlock, {.text = "dog"}), HasSubstr("text: no"));
  EXPECT_THAT(problem(kBlock, {.keys = Choose("1")}),
              HasSubstr("only scores and pattern have keys"));
  EXPECT_THAT(problem(kBlock, {.heads = {0}}),
              HasSubstr("this site has no heads; name features, or edit z"));
  EXPECT_THAT(problem(kQuery, {.heads = {2}}),
              HasSubstr("head 2: is not there; name one of 0 to 1"));
  EXPECT_THAT(problem(kPattern, {.heads = {2}}),
              HasSubstr("head 2: is not there; name one of 0 to 1"));
  EXPECT_THAT(problem(kPattern, {.features = {0}}),
              HasSubstr("have no features; name keys"));
  EXPECT_THAT(problem(kBlock, {.features = {6}}),
              HasSubstr("feature 6: is not there; name one of 0 to 5"));
  EXPECT_THAT(problem(kQuery, {.heads = {0}, .features = {3}}),
              HasSubstr("feature 3: is not there; name one of 0 to 2"));
  EXPECT_THAT(problem(kBlock, {.prompts = {2}}),
              HasSubstr("prompt 2: is not in the batch; name one of 0 to 1"));
  EXPECT_THAT(problem(kBlock, {.positions = Selection::Last(),
                               .when = EditWhen::kGenerated}),
              HasSubstr("are of the prompt, but \"when\" is \"generated\""));
}

TEST_F(EditPlanTest, ValuesOfAnotherShape) {
  Edit edit{.site = kBlock, .kind = EditKind::kAdd, .values = Values({7})};
  EXPECT_EQ(Problem(edit),
            "edits: edit 0 (add of model.layers.1): 7 values: are no rows "
            "of 6 numbers; give rows of the site, or of the part in scope");
  edit.values = Values({2, 6});
  EXPECT_EQ(Problem(edit),
            "edits: edit 0 (add of model.layers.1): 2 rows of values: "
            "prompt 0 has 5 tokens, 5 of them in scope; give one row, or as "
            "many");
  edit.scope.features = {1, 2};
  edit.values = Values({5});
  EXPECT_THAT(Problem(edit), HasSubstr("are no rows of 6 or 2 numbers"));
  edit = {.site = kPattern, .kind = EditKind::kReplace};
  edit.scope.prompts = {1};
  for (const std::vector<std::size_t>& shape :
       {std::vector<std::size_t>{3, 3}, {1, 3, 3}, {2, 3, 4}, {2, 5, 5}}) {
    edit.values = Values(shape);
    EXPECT_THAT(Problem(edit),
                HasSubstr("must be [2, 3, 3], heads, queries and keys"));
  }
  edit.values = Values({2, 3, 3});
  EXPECT_EQ(Resolved(edit).value_rows, 2u);
  edit.scope.heads = {1};
  edit.values = Values({1, 3, 3});
  EXPECT_EQ(Resolved(edit).value_rows, 1u);
}

TEST_F(EditPlanTest, WhatIsOfThePromptDoesNotHoldBehindIt) {
  Edit edit{.site = kBlock, .kind = EditKind::kMean};
  edit.scope.when = EditWhen::kBoth;
  EXPECT_THAT(Problem(edit),
              HasSubstr("a mean over the prompt cannot hold on generated "
                        "tokens; say \"when\": \"prompt\", or give one row"));
  edit.kind = EditKind::kAdd;
  edit.scope.prompts = {0};
  edit.values = Values({5, 6});
  EXPECT_THAT(Problem(edit), HasSubstr("5 rows of values cannot hold on"));
  edit.values = Values({1, 6});
  EXPECT_EQ(Problem(edit), "no error");
  edit = {.site = kScores,
          .kind = EditKind::kAdd,
          .scope = {.prompts = {1}, .when = EditWhen::kBoth},
          .values = Values({2, 3, 3})};
  EXPECT_THAT(Problem(edit), HasSubstr("values of the prompt's queries cannot "
                                       "hold on generated tokens"));
}

// A softmax over no key is no number.
TEST_F(EditPlanTest, AMaskLeavesEachQueryAKey) {
  Edit edit{.site = kScores, .kind = EditKind::kMask};
  EXPECT_THAT(Problem(edit), HasSubstr("would leave no key to any query; name "
                                       "keys, or zero the pattern"));
  edit.scope.keys = Choose("0");
  EXPECT_THAT(Problem(edit), HasSubstr("query 0: would be left without a key"));
  edit.scope.positions = Choose("1:");
  EXPECT_EQ(Problem(edit), "no error");
  edit.scope.keys = Choose(":2");
  EXPECT_THAT(Problem(edit), HasSubstr("query 1: "));
  edit.scope = {.when = EditWhen::kGenerated};
  EXPECT_THAT(Problem(edit), HasSubstr("would leave no key"));
}

TEST_F(EditPlanTest, CheckAsksForNoPrompt) {
  const auto check = [&](const Edit& edit) {
    const Status status = EditPlan::Check(table_, {&edit, 1});
    return status.ok() ? "no error" : status.error().message;
  };
  EXPECT_EQ(check({.site = kBlock,
                   .scope = {.positions = Choose("99"), .prompts = {7}}}),
            "no error");
  EXPECT_EQ(check({.site = kBlock, .scope = {.text = "dog"}}), "no error");
  EXPECT_EQ(
      check(
          {.site = kBlock, .kind = EditKind::kAdd, .values = Values({40, 6})}),
      "no error");
  EXPECT_THAT(check({.site = "model.layers.9"}), HasSubstr("no such site"));
  EXPECT_THAT(check({.site = kBlock, .scope = {.features = {6}}}),
              HasSubstr("feature 6"));
  EXPECT_THAT(
      check({.site = kBlock, .kind = EditKind::kAdd, .values = Values({7})}),
      HasSubstr("are no rows of 6"));
}

TEST_F(EditPlanTest, ErrorsNameTheEdit) {
  const std::vector<Edit> edits = {{.site = kBlock}, {.site = "x"}};
  const auto plan = EditPlan::Make(table_, edits, lengths_, find_text_);
  ASSERT_FALSE(plan.ok());
  EXPECT_THAT(plan.error().message, HasSubstr("edits: edit 1 (zero of x)"));
}

}  // namespace
}  // namespace pellucid
