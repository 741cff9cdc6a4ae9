#include "cli/arguments.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace pellucid::cli {
namespace {

struct Values {
  bool fast = false;
  std::optional<std::string> file, text;
  std::vector<std::string> targets;
  std::size_t count = 5;
  std::string color = "auto";
};

// The command "try" with one option of each kind; what Parse gives, and the
// message where it fails.
struct Parsed {
  Values values;
  bool help = false;
  std::string error;
};

Parsed Parse(std::vector<std::string> args) {
  Parsed parsed;
  Values& v = parsed.values;
  Arguments arguments("try", "Tries options.");
  arguments.Flag("--fast", &v.fast, "be quick");
  arguments.Text("-f,--file", "F", &v.file, "a file");
  arguments.Texts("--target", "T", &v.targets, "a target");
  arguments.Number("--count", "N", 1, 9, &v.count, "a count");
  arguments.Choice("--color", {"auto", "never"}, &v.color, "colours");
  arguments.Positional("TEXT", &v.text, "the text");
  const Result<bool> help = arguments.Parse(args);
  if (help.ok()) {
    parsed.help = *help;
  } else {
    EXPECT_EQ(help.error().code, ErrorCode::kUsage);
    parsed.error = help.error().message;
  }
  return parsed;
}

TEST(ArgumentsTest, EveryKindOfOptionIsRead) {
  const Parsed p = Parse({"--fast", "-f", "a b", "--target", " x", "--count=7",
                          "--target=", "--color", "never", "the text"});
  EXPECT_EQ(p.error, "");
  EXPECT_TRUE(p.values.fast);
  EXPECT_EQ(p.values.file, "a b");
  EXPECT_EQ(p.values.targets, (std::vector<std::string>{" x", ""}));
  EXPECT_EQ(p.values.count, 7u);
  EXPECT_EQ(p.values.color, "never");
  EXPECT_EQ(p.values.text, "the text");
}

TEST(ArgumentsTest, NotAByteOfTheTextIsLost) {
  for (const std::string text :
       {"", " ", "[a,b]", "++", "a\n", "%%", "-", "trace", "\"q\"", "{}"}) {
    const Parsed p = Parse({text});
    EXPECT_EQ(p.error, "");
    EXPECT_EQ(p.values.text, text);
  }
  EXPECT_EQ(Parse({"--target", "[a,b]"}).values.targets,
            std::vector<std::string>{"[a,b]"});
}

TEST(ArgumentsTest, ATextThatBeginsWithADashGoesBehindTwo) {
  EXPECT_EQ(Parse({"-5 degrees"}).error,
            "try: -5 degrees: no such option; put -- before a text that begins "
            "with \"-\", or see pellucid try --help");
  EXPECT_EQ(Parse({"--", "-5 degrees"}).values.text, "-5 degrees");
  EXPECT_EQ(Parse({"--", "--fast"}).values.text, "--fast");
  EXPECT_EQ(Parse({"--", "--"}).values.text, "--");
  EXPECT_NE(Parse({"- item"}).error, "");
}

TEST(ArgumentsTest, NegativeValuesNeedNoQuotes) {
  EXPECT_EQ(Parse({"--file", "-3:"}).values.file, "-3:");
  EXPECT_EQ(Parse({"--file=-3:"}).values.file, "-3:");
}

TEST(ArgumentsTest, UnknownOptionsNameTheNearest) {
  EXPECT_EQ(Parse({"--tagret", "x"}).error,
            "try: --tagret: no such option; nearest: --target; put -- before a "
            "text that begins with \"-\", or see pellucid try --help");
}

TEST(ArgumentsTest, MissingRepeatedAndSurplusValuesAreErrors) {
  EXPECT_EQ(Parse({"--file"}).error, "try: --file: needs a value; give one");
  EXPECT_EQ(Parse({"--file", "--fast"}).error,
            "try: --file: needs a value, but --fast follows; give one");
  EXPECT_EQ(Parse({"--file", "a", "-f", "b"}).error,
            "try: --file: is given 2 times; give it once");
  EXPECT_EQ(Parse({"--fast=3"}).error,
            "try: --fast: takes no value, but got \"3\"; leave it out");
  EXPECT_EQ(Parse({"a", "b"}).error,
            "try: b: one argument too many; put quotes around a text of "
            "several words, or see pellucid try --help");
}

TEST(ArgumentsTest, AnEmptyValueIsNone) {
  for (const std::vector<std::string>& args :
       {std::vector<std::string>{"--file="}, {"--file", ""}, {"-f", ""}}) {
    EXPECT_EQ(Parse(args).error,
              "try: --file: needs a value, but got an empty one; give one");
  }
}

TEST(ArgumentsTest, NumbersAndChoicesAreChecked) {
  for (const std::string bad :
       {"0", "10", "-1", "1.5", "x", " 1", "1 ", "99999999999999999999"}) {
    EXPECT_EQ(Parse({"--count", bad}).error,
              "try: --count: \"" + bad +
                  "\" is no whole number from 1 to 9; give one");
  }
  EXPECT_EQ(Parse({"--color", "red"}).error,
            "try: --color: \"red\" is not among the choices; give auto|never");
}

TEST(ArgumentsTest, HelpListsEverythingInEightyColumns) {
  EXPECT_TRUE(Parse({"--help"}).help);
  EXPECT_TRUE(Parse({"-h", "text"}).help);
  std::optional<std::string> value;
  Arguments arguments("try", "Tries options.");
  arguments.Text("-f,--file", "F", &value,
                 "a long explanation that has to be broken into several lines, "
                 "since a terminal is narrow");
  arguments.Positional("TEXT", &value, "the text");
  arguments.Example("pellucid try x");
  EXPECT_EQ(
      arguments.Help(),
      "Usage: pellucid try [OPTIONS] [TEXT]\n"
      "\n"
      "Tries options.\n"
      "\n"
      "Options:\n"
      "  -f, --file F            a long explanation that has to be broken "
      "into several\n"
      "                          lines, since a terminal is narrow\n"
      "  TEXT                    the text\n"
      "  -h, --help              show this and exit\n"
      "\n"
      "Examples:\n"
      "  pellucid try x\n");
}

TEST(ArgumentsTest, RealNumbersHaveARange) {
  std::optional<double> number;
  Arguments arguments("try", "Tries options.");
  arguments.Real("--size", "X", -1, 2.5, &number, "a size");
  const auto parse = [&](const std::string& value) -> std::string {
    const std::vector<std::string> args = {"--size", value};
    const auto done = arguments.Parse(args);
    return done.ok() ? "" : done.error().message;
  };
  EXPECT_EQ(parse("-0.5"), "");
  EXPECT_EQ(number, -0.5);
  EXPECT_EQ(parse("2.5e0"), "");
  EXPECT_EQ(number, 2.5);
  for (const char* bad : {"2.6", "-2", "x", "1x", "nan", "inf", " 1"}) {
    EXPECT_EQ(parse(bad), std::string("try: --size: \"") + bad +
                              "\" is no number from -1 to 2.5; give one");
  }
}

TEST(SplitAtCommasTest, KeepsEmptyItems) {
  using Items = std::vector<std::string>;
  EXPECT_EQ(SplitAtCommas("a,b c"), (Items{"a", "b c"}));
  EXPECT_EQ(SplitAtCommas(""), (Items{""}));
  EXPECT_EQ(SplitAtCommas(",a,"), (Items{"", "a", ""}));
}

TEST(NearestTest, OnlyWhatIsNearIsNamed) {
  const std::vector<std::string> names = {"lens", "trace", "info"};
  EXPECT_EQ(Nearest("lense", names), "lens");
  EXPECT_EQ(Nearest("ifno", names), std::nullopt);  // two of four differ
  EXPECT_EQ(Nearest("banana", names), std::nullopt);
}

}  // namespace
}  // namespace pellucid::cli
