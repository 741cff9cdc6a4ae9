#include "render/palette.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <ostream>

#include "gtest/gtest.h"

namespace pellucid::render {

void PrintTo(const Rgb& color, std::ostream* out) {
  *out << int{color.r} << "," << int{color.g} << "," << int{color.b};
}

namespace {

// The table's anchors keep within 1 of the published colours.
void ExpectWithinOne(Rgb got, Rgb want) {
  EXPECT_LE(std::abs(got.r - want.r), 1);
  EXPECT_LE(std::abs(got.g - want.g), 1);
  EXPECT_LE(std::abs(got.b - want.b), 1);
}

TEST(PaletteTest, ViridisHasThePublishedColours) {
  EXPECT_EQ(Viridis(0), (Rgb{0x44, 0x01, 0x54}));
  EXPECT_EQ(Viridis(1), (Rgb{0xfd, 0xe7, 0x25}));
  ExpectWithinOne(Viridis(40 / 255.0), {0x45, 0x37, 0x81});
  ExpectWithinOne(Viridis(100 / 255.0), {0x2a, 0x76, 0x8e});
  ExpectWithinOne(Viridis(128 / 255.0), {0x21, 0x91, 0x8c});
  ExpectWithinOne(Viridis(200 / 255.0), {0x70, 0xcf, 0x57});
}

TEST(PaletteTest, CividisHasThePublishedColours) {
  EXPECT_EQ(Cividis(0), (Rgb{0x00, 0x22, 0x4e}));
  EXPECT_EQ(Cividis(1), (Rgb{0xfe, 0xe8, 0x38}));
  ExpectWithinOne(Cividis(40 / 255.0), {0x27, 0x3e, 0x6e});
  ExpectWithinOne(Cividis(128 / 255.0), {0x7d, 0x7c, 0x78});
  ExpectWithinOne(Cividis(200 / 255.0), {0xc4, 0xb4, 0x68});
  EXPECT_EQ(ColorOf(Colormap::kCividis, 0.3), Cividis(0.3));
  EXPECT_EQ(ColorOf(Colormap::kViridis, 0.3), Viridis(0.3));
}

TEST(PaletteTest, ViridisClampsAndTakesNanAsZero) {
  EXPECT_EQ(Viridis(-3), Viridis(0));
  EXPECT_EQ(Viridis(7), Viridis(1));
  EXPECT_EQ(Viridis(std::numeric_limits<double>::quiet_NaN()), Viridis(0));
}

TEST(PaletteTest, ViridisGetsLighterAllTheWay) {
  for (int i = 1; i < 256; ++i) {
    EXPECT_GE(Luminance(Viridis(i / 255.0)),
              Luminance(Viridis((i - 1) / 255.0)) - 1e-3)  // a channel's step
        << i;
  }
}

// Either end is as far from white, so that no sign looks greater.
TEST(PaletteTest, BlueRedIsEvenOnEitherSide) {
  EXPECT_EQ(BlueRed(0.5), (Rgb{0xf7, 0xf7, 0xf7}));
  for (int i = 0; i < 127; ++i) {
    const double at = i / 255.0;
    const double blue = Luminance(BlueRed(at)),
                 red = Luminance(BlueRed(1 - at));
    EXPECT_NEAR(blue, red, 0.035) << i;
    EXPECT_LE(blue, Luminance(BlueRed(at + 1 / 255.0)) + 1e-9) << i;
    EXPECT_LE(red, Luminance(BlueRed(1 - at - 1 / 255.0)) + 1e-9) << i;
    EXPECT_GT(BlueRed(at).b, BlueRed(at).r);
    EXPECT_GT(BlueRed(1 - at).r, BlueRed(1 - at).b);
  }
}

TEST(PaletteTest, OtherMapsGetTheNearestOfXtermsColours) {
  EXPECT_EQ(Shaded(Colormap::kBlueRed, 0.5, ColorMode::k256),
            "\x1b[38;5;16;48;5;231m");
  EXPECT_EQ(Shaded(Colormap::kViridis, 0.3, ColorMode::k256),
            Shaded(0.3, ColorMode::k256));
  EXPECT_EQ(Shaded(Colormap::kBlueRed, 0.3, ColorMode::kNone), "");
}

TEST(PaletteTest, TextOnAnyShadeHasWcagContrast) {
  EXPECT_EQ(TextColorOn(Viridis(0)), (Rgb{255, 255, 255}));
  EXPECT_EQ(TextColorOn(Viridis(1)), (Rgb{0, 0, 0}));
  for (int i = 0; i < 256; ++i) {
    for (const Rgb shade : {Viridis(i / 255.0), Cividis(i / 255.0)}) {
      const double back = Luminance(shade) + 0.05;
      const double text = Luminance(TextColorOn(shade)) + 0.05;
      EXPECT_GE(std::max(back, text) / std::min(back, text), 4.5) << i;  // AA
    }
  }
}

TEST(PaletteTest, XtermsRampGetsLighterAllTheWay) {
  EXPECT_EQ(XtermViridis(0), 53);
  EXPECT_EQ(XtermViridis(0.5), 30);
  EXPECT_EQ(XtermViridis(1), 220);
  EXPECT_EQ(XtermViridis(std::numeric_limits<double>::quiet_NaN()), 53);
  for (int i = 1; i < 256; ++i) {
    EXPECT_GE(Luminance(XtermCube(XtermViridis(i / 255.0))),
              Luminance(XtermCube(XtermViridis((i - 1) / 255.0))))
        << i;
  }
}

TEST(PaletteTest, XtermsCubeHasSixLevelsAChannel) {
  EXPECT_EQ(XtermCube(16), (Rgb{0, 0, 0}));
  EXPECT_EQ(XtermCube(67), (Rgb{95, 135, 175}));
  EXPECT_EQ(XtermCube(196), (Rgb{255, 0, 0}));
  EXPECT_EQ(XtermCube(231), (Rgb{255, 255, 255}));
}

TEST(PaletteTest, EscapesSetBothColours) {
  EXPECT_EQ(Shaded(0, ColorMode::kTrueColor),
            "\x1b[38;2;255;255;255;48;2;68;1;84m");
  EXPECT_EQ(Shaded(1, ColorMode::k256), "\x1b[38;5;16;48;5;220m");
  EXPECT_EQ(Shaded(0, ColorMode::kNone), "");
  EXPECT_EQ(Reset(ColorMode::kNone), "");
  EXPECT_EQ(Reset(ColorMode::k256), "\x1b[0m");
}

}  // namespace
}  // namespace pellucid::render
