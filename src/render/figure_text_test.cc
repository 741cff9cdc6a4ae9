#include "render/figure_text.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace pellucid::render {
namespace {

TEST(FigureTextTest, TakesTheHeightThatItMeasures) {
  Page page(TextPainter::Create().value(), "t");
  const std::string title = "Title";
  const std::string prompt = "a prompt that is far too long for one line of it";
  const std::vector<std::string> notes = {"one", "two", prompt};
  const double heading = HeadingHeight(page.painter(), {title, prompt}, 100);
  AddHeading(page, {title, prompt}, 10, 20, 100);
  AddNotes(page, notes, 10, 20 + heading, 100);
  ASSERT_EQ(page.texts().size(), 5u);
  EXPECT_LE(page.texts()[1].box.bottom(), 20 + heading);
  EXPECT_NEAR(page.texts()[2].box.y, 20 + heading, 1e-6);
  EXPECT_NEAR(page.texts()[4].box.bottom(),
              20 + heading + NotesHeight(page.painter(), notes, 100), 1e-6);
  for (const Page::Text& text : page.texts()) {
    EXPECT_LE(text.box.right(), 110.01);
  }
}

TEST(FigureTextTest, LongTextsEnd) {
  Page page(TextPainter::Create().value(), "t");
  const std::string endless(5000, 'm');
  EXPECT_LT(HeadingHeight(page.painter(), {endless, endless}, 100), 80);
}

}  // namespace
}  // namespace pellucid::render
