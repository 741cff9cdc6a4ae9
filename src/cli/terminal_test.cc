#include "cli/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace pellucid::cli {
namespace {

using render::ColorMode;

TEST(TerminalTest, AFileIsNoTerminalAndHasNoWidth) {
  const int fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  const Terminal terminal = DescribeTerminal(fd);
  EXPECT_FALSE(terminal.is_terminal);
  EXPECT_EQ(terminal.columns, 0u);
  ::close(fd);
}

TEST(TerminalTest, ColorsAreForTerminalsUnlessToldOtherwise) {
  const Terminal file = {.colors = ColorMode::k256};
  const Terminal tty = {.is_terminal = true, .colors = ColorMode::kTrueColor};
  const Terminal plain = {
      .is_terminal = true, .colors = ColorMode::k256, .no_color = true};
  EXPECT_EQ(ColorsFor(ColorChoice::kAuto, file), ColorMode::kNone);
  EXPECT_EQ(ColorsFor(ColorChoice::kAuto, tty), ColorMode::kTrueColor);
  EXPECT_EQ(ColorsFor(ColorChoice::kAuto, plain), ColorMode::kNone);
  EXPECT_EQ(ColorsFor(ColorChoice::kNever, tty), ColorMode::kNone);
  EXPECT_EQ(ColorsFor(ColorChoice::kAlways, file), ColorMode::k256);
  EXPECT_EQ(ColorsFor(ColorChoice::kAlways, plain), ColorMode::k256);
  EXPECT_EQ(ColorsFor(ColorChoice::kAlways, {}), ColorMode::k256);
}

TEST(TerminalTest, ChoicesHaveNames) {
  EXPECT_EQ(ColorChoiceFromName("auto"), ColorChoice::kAuto);
  EXPECT_EQ(ColorChoiceFromName("never"), ColorChoice::kNever);
  EXPECT_EQ(ColorChoiceFromName("always"), ColorChoice::kAlways);
  EXPECT_EQ(ColorChoiceFromName("yes"), std::nullopt);
}

}  // namespace
}  // namespace pellucid::cli
