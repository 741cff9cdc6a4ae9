// Tables are compared as the text that a terminal gets.
#include "render/table.h"

#include "gtest/gtest.h"
#include "render/test_lens.h"

namespace pellucid::render {
namespace {

using testutil::MakeTestLens;
using testutil::TestLens;

TestLens Followed() {
  TestLens test = MakeTestLens();
  testutil::Follow(test.lens);
  return test;
}

TEST(TableTest, PlainTextHoldsTheNumbers) {
  EXPECT_EQ(RenderTable(Followed().Report()),
            "       0          1         2            \u00b7blue\n"
            "       The        \u00b7sky      \u00b7is          rank    prob\n"
            "embed  The  100%  \u00b7sky 75%  \u00b7is   50%       7   <0.1%\n"
            "    0  ,     25%  \u21b5    38%  \u65e5\u672c   0%       5    "
            "6.2%\n"
            "    1  \u00b7sky  50%  \u00b7is  94%  \u00b7blue 75%       1   "
            "75.0%\n"
            "\n"
            "\" blue\" is top-1 only at the last layer, 1\n"
            "toy, logit lens; cells: top-1 token; number: probability of each "
            "cell's top-1 token\n");
}

TEST(TableTest, TrueColorShadesWholeCells) {
  TestLens test = Followed();
  test.lens.rows.erase(test.lens.rows.begin());
  EXPECT_EQ(
      RenderTable(test.Report(), {.color = ColorMode::kTrueColor}),
      "\x1b[2m  0     1     2         \u00b7blue\x1b[0m\n"
      "\x1b[1m  The   \u00b7sky  \u00b7is       rank    prob\x1b[0m\n"
      "0\x1b[38;2;255;255;255;48;2;59;82;139m ,    \x1b[0m"
      "\x1b[38;2;255;255;255;48;2;44;114;142m \u21b5    \x1b[0m"
      "\x1b[38;2;255;255;255;48;2;68;1;84m \u65e5\u672c  \x1b[0m"
      "       5    6.2%\n"
      "1\x1b[38;2;0;0;0;48;2;33;145;140m \u00b7sky \x1b[0m"
      "\x1b[38;2;0;0;0;48;2;213;226;27m \u00b7is  \x1b[0m"
      "\x1b[38;2;0;0;0;48;2;94;200;98m \u00b7blue \x1b[0m"
      "       1   75.0%\n"
      "\n"
      "\" blue\" is top-1 only at the last layer, 1\n"
      "toy, logit lens; cells: top-1 token; shade: probability of each cell's "
      "top-1 token  0% "
      "\x1b[38;2;255;255;255;48;2;68;1;84m "
      "\x1b[38;2;255;255;255;48;2;71;40;119m "
      "\x1b[38;2;255;255;255;48;2;62;74;137m "
      "\x1b[38;2;255;255;255;48;2;49;104;141m "
      "\x1b[38;2;0;0;0;48;2;38;131;141m "
      "\x1b[38;2;0;0;0;48;2;31;158;137m "
      "\x1b[38;2;0;0;0;48;2;53;183;120m "
      "\x1b[38;2;0;0;0;48;2;109;206;89m "
      "\x1b[38;2;0;0;0;48;2;181;221;44m "
      "\x1b[38;2;0;0;0;48;2;253;231;37m \x1b[0m 100%\n");
}

TEST(TableTest, Xterm256Shades) {
  TestLens test = Followed();
  test.lens.rows.erase(test.lens.rows.begin(), test.lens.rows.begin() + 2);
  const std::string table =
      RenderTable(test.Report(), {.color = ColorMode::k256});
  EXPECT_EQ(table.substr(0, table.find("\n\n")),
            "\x1b[2m  0     1     2         \u00b7blue\x1b[0m\n"
            "\x1b[1m  The   \u00b7sky  \u00b7is       rank    prob\x1b[0m\n"
            "1\x1b[38;5;16;48;5;30m \u00b7sky \x1b[0m"
            "\x1b[38;5;16;48;5;184m \u00b7is  \x1b[0m"
            "\x1b[38;5;16;48;5;77m \u00b7blue \x1b[0m"
            "       1   75.0%");
}

TEST(TableTest, NothingFollowedNoRightColumn) {
  EXPECT_EQ(
      RenderTable(MakeTestLens().Report(), {.metric = Metric::kKl}),
      "       0          1          2\n"
      "       The        \u00b7sky       \u00b7is\n"
      "embed  The  8.00  \u00b7sky 9.50  \u00b7is   10.00\n"
      "    0  ,    2.00  \u21b5    1.50  \u65e5\u672c   4.00\n"
      "    1  \u00b7sky 0.00  \u00b7is  0.00  \u00b7blue  0.00\n"
      "\n"
      "toy, logit lens; cells: top-1 token; number: KL(final row || row), "
      "nats\n");
}

TEST(TableTest, TooWideLeavesOutTheLeftmost) {
  EXPECT_EQ(RenderTable(Followed().Report(), {.width = 50}),
            "       1         2            \u00b7blue\n"
            "       \u00b7sky      \u00b7is          rank    prob\n"
            "embed  \u00b7sky 75%  \u00b7is   50%       7   <0.1%\n"
            "    0  \u21b5    38%  \u65e5\u672c   0%       5    6.2%\n"
            "    1  \u00b7is  94%  \u00b7blue 75%       1   75.0%\n"
            "\n"
            "1 earlier position left out; widen the terminal or\n"
            "use --positions\n"
            "\" blue\" is top-1 only at the last layer, 1\n"
            "toy, logit lens; cells: top-1 token; number:\n"
            "probability of each cell's top-1 token\n");
}

// The colour bar goes where there is room for it.
TEST(TableTest, TheLegendFitsTheTerminalToo) {
  TestLens test = Followed();
  const auto last_lines = [&](std::size_t width) {
    const std::string table = RenderTable(
        test.Report(), {.width = width, .color = ColorMode::kTrueColor});
    std::string plain;  // without escape sequences
    for (std::size_t i = 0; i < table.size(); ++i) {
      if (table[i] == '\x1b') i = table.find('m', i);
      if (table[i] != 'm' || i == 0 || table[i - 1] == ' ') plain += table[i];
    }
    return plain.substr(plain.find("toy,"));
  };
  EXPECT_EQ(last_lines(200).find('\n'), last_lines(200).size() - 1);
  const std::string narrow = last_lines(50);
  EXPECT_TRUE(narrow.ends_with("top-1 token\n0%            100%\n")) << narrow;
}

TEST(TableTest, EveryLineFitsTheWidthOrOnePositionIsLeft) {
  for (const ColorMode color : {ColorMode::kNone, ColorMode::kTrueColor}) {
    const std::string exact =
        RenderTable(Followed().Report(), {.width = 55, .color = color});
    EXPECT_EQ(exact.find("left out"), std::string::npos);
  }
  const std::string narrow = RenderTable(Followed().Report(), {.width = 10});
  EXPECT_NE(narrow.find("2 earlier\npositions\nleft out;"), std::string::npos);
  EXPECT_NE(narrow.find("\u00b7bl\u2026"), std::string::npos)
      << "the last position stays, its tokens cut";
}

TEST(TableTest, ATinyTerminalGetsOnePosition) {
  const TestLens test = Followed();
  for (std::size_t width = 1; width < 25; ++width) {
    const std::string table = RenderTable(test.Report(), {.width = width});
    const std::string head = table.substr(0, table.find("\n\n"));
    EXPECT_NE(head.find("    1  \u00b7bl\u2026 75%       1   75.0%"),
              std::string::npos)
        << head;
    EXPECT_EQ(head.find("\u00b7sky"), std::string::npos);
  }
}

TEST(TableTest, ManyPositionsAreLeftOutAtOnce) {
  TestLens test = Followed();
  Lens& lens = test.lens;
  constexpr std::size_t kCount = 5000;
  lens.ids.assign(kCount, 0);
  lens.positions.resize(kCount);
  for (std::size_t i = 0; i < kCount; ++i) lens.positions[i] = i;
  for (LensRow& row : lens.rows) row.cells.resize(kCount, row.cells[2]);
  const std::string table = RenderTable(test.Report(), {.width = 50});
  EXPECT_NE(table.find("\n4998 earlier positions left out"), std::string::npos)
      << table;
}

TEST(TableTest, RowsWithTheirOwnNormTakeANote) {
  TestLens test = Followed();
  const std::string note =
      "\nOutputs of modules are decoded with their own norm's statistics\n";
  EXPECT_EQ(RenderTable(test.Report()).find(note), std::string::npos);
  test.lens.rows[1].own_norm = true;
  EXPECT_NE(RenderTable(test.Report()).find(note), std::string::npos);
}

TEST(TableTest, LongTokensAreCutOnATerminalOnly) {
  TestLens test = MakeTestLens();
  test.texts = [](TokenId) { return std::string(30, 'x'); };
  const std::string all(30, 'x');
  EXPECT_NE(RenderTable(test.Report()).find(all), std::string::npos);
  const std::string cut = RenderTable(test.Report(), {.width = 200});
  EXPECT_EQ(cut.find(all), std::string::npos);
  EXPECT_NE(cut.find(std::string(13, 'x') + "\u2026"), std::string::npos);
}

TEST(TableTest, TargetsDecideTheNumber) {
  TestLens test = Followed();
  testutil::AddTarget(test.lens);
  EXPECT_EQ(RenderTable(test.Report(), {.metric = Metric::kRank}),
            "       0       1       2          \u00b7blue\n"
            "       The     \u00b7sky    \u00b7is        rank    prob\n"
            "embed  The  2  \u00b7sky 2  \u00b7is   2       7   <0.1%\n"
            "    0  ,    2  \u21b5    2  \u65e5\u672c  2       5    6.2%\n"
            "    1  \u00b7sky 2  \u00b7is  2  \u00b7blue 2       1   75.0%\n"
            "\n"
            "\" blue\" is top-1 only at the last layer, 1\n"
            "target \",\" is first top-1 at layer 0 and stays from layer 1\n"
            "toy, logit lens; cells: top-1 token; number: rank of \",\", 1 = "
            "highest\n");
}

TEST(TableTest, OneTokenWithoutTokenizer) {
  TestLens test = MakeTestLens();
  test.texts = {};
  test.lens.ids = {0};
  test.lens.positions = {0};
  for (LensRow& row : test.lens.rows) row.cells.resize(1);
  EXPECT_EQ(RenderTable(test.Report(), {.metric = Metric::kRank}),
            "       0\n"
            "       <id:0>\n"
            "embed  <id:0> -\n"
            "    0  <id:4> -\n"
            "    1  <id:1> -\n"
            "\n"
            "toy, logit lens; cells: top-1 token; number: rank of the final "
            "row's top-1 token, 1 = highest\n");
}

// Numbers of layers stand under one another, the points behind them too.
TEST(TableTest, SeveralPointsOfALayer) {
  TestLens test = MakeTestLens();
  test.lens.rows[1].site = "model.layers.10.resid_mid";
  test.lens.rows[1].layer = 10;
  test.lens.rows[2].site = "model.layers.9";
  test.lens.rows[2].layer = 9;
  const std::string table = RenderTable(test.Report());
  EXPECT_NE(table.find("\nembed         The "), std::string::npos) << table;
  EXPECT_NE(table.find("\n10 resid_mid  ,"), std::string::npos) << table;
  EXPECT_NE(table.find("\n 9            \u00b7sky"), std::string::npos)
      << table;
}

}  // namespace
}  // namespace pellucid::render
