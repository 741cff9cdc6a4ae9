#include "cli/figure_flags.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pellucid::cli {
namespace {

struct Planned {
  FigurePlan plan;
  std::string error;
};

Planned Plan(const std::vector<std::string>& args,
             render::Metric metric = render::Metric::kProb) {
  Arguments arguments("lens", "");
  FigureFlags flags;
  AddFigureFlags(arguments, &flags);
  if (const auto parsed = arguments.Parse(args); !parsed.ok()) {
    return {{}, parsed.error().message};
  }
  auto plan = PlanFigures(arguments, flags, metric);
  if (!plan.ok()) {
    EXPECT_EQ(plan.error().code, ErrorCode::kUsage);
    return {{}, plan.error().message};
  }
  return {std::move(*plan), ""};
}

TEST(FigureFlagsTest, TheEndingIsTheFormat) {
  EXPECT_EQ(Plan({"--plot", "f.svg"}).plan.plot, render::FigureFormat::kSvg);
  EXPECT_EQ(Plan({"--plot", "f.PNG"}).plan.plot, render::FigureFormat::kPng);
  EXPECT_EQ(Plan({"--plot-target", "f.pdf"}).plan.plot_target,
            render::FigureFormat::kPdf);
  EXPECT_EQ(Plan({"--plot", "f.jpg"}).error,
            "lens: --plot: \"f.jpg\" does not end in .svg, .png or .pdf; name "
            "such a file, or add --plot-format");
  EXPECT_NE(Plan({"--plot", "-"}).error, "");
  const Planned named = Plan({"--plot", "/dev/stdout", "--plot-format", "png"});
  EXPECT_EQ(named.error, "");
  EXPECT_EQ(named.plan.plot, render::FigureFormat::kPng);
}

TEST(FigureFlagsTest, Defaults) {
  const Planned p = Plan({"--plot", "f.svg"});
  EXPECT_EQ(p.error, "");
  EXPECT_EQ(p.plan.scale, 2);
  EXPECT_FALSE(p.plan.options.size);
  EXPECT_FALSE(p.plan.options.max_positions);
  EXPECT_FALSE(p.plan.options.layer_stride);
  EXPECT_EQ(p.plan.options.colormap, render::Colormap::kViridis);
  EXPECT_EQ(Plan({}).error, "");
}

TEST(FigureFlagsTest, SizesAreInches) {
  const Planned p = Plan({"--plot", "f.png", "--figure-size", "6.5x4",
                          "--max-positions", "7", "--layer-stride", "3",
                          "--colormap", "cividis", "--plot-scale", "0.5"});
  EXPECT_EQ(p.error, "");
  EXPECT_EQ(p.plan.options.size->width, 468);
  EXPECT_EQ(p.plan.options.size->height, 288);
  EXPECT_EQ(p.plan.options.max_positions, 7u);
  EXPECT_EQ(p.plan.options.layer_stride, 3u);
  EXPECT_EQ(p.plan.options.colormap, render::Colormap::kCividis);
  EXPECT_EQ(p.plan.scale, 0.5);
}

TEST(FigureFlagsTest, NumbersThatAreNone) {
  for (const std::string size :
       {"", "6", "x", "6x", "x4", "0x4", "6x-4", "6x4x2", "6x1000", "nanx4",
        "infx4", "6 x 4", "1e1x4"}) {
    EXPECT_TRUE(Plan({"--plot", "f.svg", "--figure-size", size})
                    .error.starts_with("lens: --figure-size: "))
        << size;
  }
  for (const std::string scale : {"", "0", "-1", "two", "1e9", "21", "nan"}) {
    EXPECT_TRUE(Plan({"--plot", "f.png", "--plot-scale", scale})
                    .error.starts_with("lens: --plot-scale: "))
        << scale;
  }
  EXPECT_NE(Plan({"--plot", "f.svg", "--max-positions", "0"}).error, "");
  EXPECT_NE(Plan({"--plot", "f.svg", "--colormap", "jet"}).error, "");
}

TEST(FigureFlagsTest, TargetsHaveNoEntropy) {
  EXPECT_EQ(Plan({"--plot-target", "f.svg"}, render::Metric::kKl).error,
            "lens: --plot-target: draws a number of tokens, which entropy and "
            "kl are not; give --metric prob, logprob, logit or rank");
  EXPECT_EQ(Plan({"--plot", "f.svg"}, render::Metric::kKl).error, "");
  EXPECT_EQ(Plan({"--plot-target", "f.svg"}, render::Metric::kRank).error, "");
}

TEST(FigureFlagsTest, TargetPositionsAreASelection) {
  const Planned p =
      Plan({"--plot-target", "f.svg", "--plot-target-positions", "0,-1"});
  ASSERT_EQ(p.error, "");
  EXPECT_EQ(p.plan.target_positions->Resolve(5).value(),
            (std::vector<std::size_t>{0, 4}));
  EXPECT_TRUE(Plan({"--plot-target", "f.svg", "--plot-target-positions", "x"})
                  .error.starts_with("lens: --plot-target-positions: "));
}

TEST(FigureFlagsTest, OptionsOfFiguresNeedOne) {
  EXPECT_EQ(Plan({"--colormap", "viridis"}).error,
            "lens: --colormap: changes nothing without --plot; add that, or "
            "leave this out");
  EXPECT_NE(Plan({"--max-positions", "3", "--plot-target", "f.svg"}).error, "");
  EXPECT_NE(Plan({"--layer-stride", "3"}).error, "");
  EXPECT_NE(Plan({"--figure-size", "3x3"}).error, "");
  EXPECT_NE(Plan({"--plot-scale", "3"}).error, "");
  EXPECT_NE(Plan({"--plot-format", "png"}).error, "");
  EXPECT_EQ(Plan({"--plot", "f.svg", "--plot-scale", "3"}).error,
            "lens: --plot-scale: changes nothing without a PNG; add that, or "
            "leave this out");
  EXPECT_EQ(
      Plan({"--plot", "f", "--plot-format", "png", "--plot-scale", "3"}).error,
      "");
  EXPECT_NE(Plan({"--plot", "f.svg", "--plot-target-positions", "last"}).error,
            "");
  EXPECT_EQ(Plan({"--plot-target", "f.svg", "--figure-size", "3x3"}).error, "");
}

}  // namespace
}  // namespace pellucid::cli
