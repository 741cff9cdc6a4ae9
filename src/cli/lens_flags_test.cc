#include "cli/lens_flags.h"

#include <gtest/gtest.h>

namespace pellucid::cli {
namespace {

struct Planned {
  LensPlan plan;
  std::string error;
};

Planned Plan(std::vector<std::string> args) {
  args.emplace_back("--ids");
  args.emplace_back("1,2");
  Arguments arguments("lens", "");
  LensFlags flags;
  AddLensFlags(arguments, &flags);
  if (const auto parsed = arguments.Parse(args); !parsed.ok()) {
    return {{}, parsed.error().message};
  }
  auto plan = PlanLens(arguments, flags);
  if (!plan.ok()) {
    EXPECT_EQ(plan.error().code, ErrorCode::kUsage);
    return {{}, plan.error().message};
  }
  return {std::move(*plan), ""};
}

TEST(LensFlagsTest, TheTableIsTheDefaultAndFollowsTheLast) {
  const Planned p = Plan({});
  EXPECT_EQ(p.error, "");
  EXPECT_TRUE(p.plan.table);
  EXPECT_EQ(p.plan.options.follow, FollowFinal::kLast);
  EXPECT_EQ(p.plan.options.top_k, 5u);
  EXPECT_TRUE(p.plan.options.embed_row);
  EXPECT_FALSE(Plan({"--json", "-"}).plan.table);
  EXPECT_FALSE(Plan({"--csv", "f.csv"}).plan.table);
  EXPECT_TRUE(Plan({"--csv", "f.csv", "--table"}).plan.table);
  EXPECT_EQ(Plan({"--json", "-"}).plan.options.follow, FollowFinal::kNone);
  EXPECT_EQ(Plan({"--json", "-", "--plot", "f.svg"}).plan.options.follow,
            FollowFinal::kLast);
}

TEST(LensFlagsTest, RanksFollowEachPositionUnlessThereIsATarget) {
  EXPECT_EQ(Plan({"--metric", "rank"}).plan.options.follow, FollowFinal::kEach);
  EXPECT_EQ(Plan({"--metric", "rank", "--target", "id=1"}).plan.options.follow,
            FollowFinal::kLast);
}

TEST(LensFlagsTest, TwoResultsDoNotShareAPlace) {
  EXPECT_EQ(Plan({"--table", "--json", "-"}).error,
            "lens: --json: goes to standard output, as --table does; write one "
            "of them elsewhere");
  EXPECT_NE(Plan({"--csv", "-", "--json", "-"}).error, "");
  EXPECT_NE(Plan({"--csv", "f", "--json", "f"}).error, "");
  EXPECT_EQ(Plan({"--csv", "-", "--json", "f"}).error, "");
}

TEST(LensFlagsTest, OnlySvgIsDrawn) {
  EXPECT_EQ(Plan({"--plot", "f.png"}).error,
            "lens: --plot: \"f.png\" does not end in .svg, the one format that "
            "this version draws; name a .svg file");
  EXPECT_NE(Plan({"--plot", "-"}).error, "");
  EXPECT_EQ(Plan({"--plot", "f.svg"}).error, "");
}

TEST(LensFlagsTest, OneKindOfRow) {
  EXPECT_EQ(Plan({"--sites", "resid_post"}).error, "");
  EXPECT_EQ(Plan({"--sites", "attn_out"}).error,
            "lens: --sites: \"attn_out\" is not in this version; give "
            "resid_post or leave it out");
}

TEST(LensFlagsTest, BadChoicesOfCells) {
  EXPECT_TRUE(Plan({"--layers", "x"}).error.starts_with("lens: --layers: "));
  EXPECT_TRUE(
      Plan({"--positions", "1:2:0"}).error.starts_with("lens: --positions: "));
  EXPECT_EQ(Plan({"--layers", "embed,1", "--no-embed"}).error,
            "lens: --no-embed: contradicts embed in --layers; leave one out");
  EXPECT_EQ(Plan({"--layers", "embed,-1", "--positions", "-3:"}).error, "");
}

TEST(LensFlagsTest, OneOfManyPromptsHasNoTable) {
  Arguments arguments("lens", "");
  LensFlags flags;
  flags.prompt.jsonl = "f.jsonl";
  EXPECT_TRUE(PlanLens(arguments, flags).ok());
  EXPECT_FALSE(PlanLens(arguments, flags)->table);
  flags.csv = "f.csv";
  EXPECT_EQ(PlanLens(arguments, flags).error().message,
            "lens: --csv: is for one prompt, not for --jsonl; give --json, or "
            "one prompt");
}

}  // namespace
}  // namespace pellucid::cli
