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

TEST(LensFlagsTest, FiguresAreOutputsToo) {
  EXPECT_NE(Plan({"--plot", "f.bmp"}).error, "");
  EXPECT_NE(Plan({"--plot", "f.svg", "--plot-target", "f.svg"}).error, "");
  const Planned p = Plan({"--plot-target", "f.pdf"});
  EXPECT_EQ(p.error, "");
  EXPECT_FALSE(p.plan.table);
  EXPECT_EQ(p.plan.options.follow, FollowFinal::kLast);
}

TEST(LensFlagsTest, RowsOfABlock) {
  EXPECT_EQ(Plan({}).plan.options.sites,
            std::vector<LensSite>{LensSite::kResidPost});
  EXPECT_EQ(Plan({"--sites", "mlp_out,resid_mid"}).plan.options.sites,
            (std::vector<LensSite>{LensSite::kMlpOut, LensSite::kResidMid}));
  EXPECT_EQ(Plan({"--sites", "mlp"}).error,
            "lens: --sites: \"mlp\": is none of the rows that a block has; "
            "write resid_post, resid_mid, attn_out, mlp_out, or several with "
            "commas and without blanks");
}

TEST(LensFlagsTest, BadChoicesOfCells) {
  EXPECT_TRUE(Plan({"--layers", "x"}).error.starts_with("lens: --layers: "));
  EXPECT_EQ(Plan({"--layers", "0,all"}).error,
            "lens: --layers: \"0,all\": \"all\" stands alone; leave out the "
            "rest, or \"all\"");
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
            "lens: --csv: is for one prompt, not for --jsonl; give --json or "
            "--html, or "
            "one prompt");
}

}  // namespace
}  // namespace pellucid::cli
