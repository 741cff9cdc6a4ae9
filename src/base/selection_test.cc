#include "pellucid/selection.h"

#include <cstdint>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using Indices = std::vector<std::size_t>;

Indices Chosen(std::string_view text, std::size_t n) {
  const auto selection = Selection::Parse(text, "--layers");
  EXPECT_TRUE(selection.ok()) << text;
  const auto indices = selection->Resolve(n);
  EXPECT_TRUE(indices.ok()) << text << ": " << indices.error().message;
  return indices.ok() ? *indices : Indices{};
}

std::string ParseError(std::string_view text, bool allow_embed = false) {
  const auto selection = Selection::Parse(text, "--layers", allow_embed);
  if (selection.ok()) return "no error";
  EXPECT_EQ(selection.error().code, ErrorCode::kUsage);
  EXPECT_THAT(selection.error().message, StartsWith("--layers: "));
  return selection.error().message;
}

std::string ResolveError(std::string_view text, std::size_t n) {
  const auto indices = Selection::Parse(text, "--layers")->Resolve(n);
  if (indices.ok()) return "no error";
  EXPECT_EQ(indices.error().code, ErrorCode::kUsage);
  return indices.error().message;
}

TEST(SelectionTest, AllIsTheDefault) {
  EXPECT_EQ(Chosen("all", 3), (Indices{0, 1, 2}));
  EXPECT_THAT(Selection().Resolve(2).value(), ElementsAre(0, 1));
  EXPECT_TRUE(Selection::Parse("all", "x")->IsDefault());
  EXPECT_TRUE(Selection::All().IsDefault());
  EXPECT_FALSE(Selection::Parse("0:3", "x")->IsDefault());
}

TEST(SelectionTest, IndicesAscendEachOnce) {
  EXPECT_EQ(Chosen("8,0,4", 10), (Indices{0, 4, 8}));
  EXPECT_EQ(Chosen("-1,9,0,-10", 10), (Indices{0, 9}));
  EXPECT_EQ(Chosen("last", 10), (Indices{9}));
  EXPECT_EQ(Chosen("last,1:3,1", 10), (Indices{1, 2, 9}));
  EXPECT_EQ(Chosen("007", 10), (Indices{7}));
}

TEST(SelectionTest, LastAndOf) {
  EXPECT_THAT(Selection::Last().Resolve(5).value(), ElementsAre(4));
  EXPECT_THAT(Selection::Of({3, -5, 3}).Resolve(5).value(), ElementsAre(0, 3));
  EXPECT_FALSE(Selection::Of({}).Resolve(5).ok());
  EXPECT_FALSE(Selection::Of({}).IsDefault());
}

// Python: sorted(set(range(n)[start:stop:step])), by the definition of a slice
// rather than by its clipping rules.
Indices Slice(const std::string& start, const std::string& stop, int step,
              int n) {
  const auto bound = [&](const std::string& text, int none) {
    if (text.empty()) return none;
    const int value = std::stoi(text);
    return value < 0 ? value + n : value;
  };
  const int begin = bound(start, step > 0 ? -1000 : 1000);
  const int end = bound(stop, step > 0 ? 1000 : -1000);
  Indices out;
  // The walk starts at the first index inside on its way.
  const int first = step > 0 ? std::max(begin, 0) : std::min(begin, n - 1);
  for (int i = 0; i < n; ++i) {
    const bool inside =
        step > 0 ? i >= first && i < end : i <= first && i > end;
    if (inside && (i - first) % step == 0) {
      out.push_back(static_cast<std::size_t>(i));
    }
  }
  return out;
}

TEST(SelectionTest, SlicesAreThoseOfPython) {
  const std::vector<std::string> bounds = {"",  "0",  "1",  "3",  "4",  "5",
                                           "9", "-1", "-2", "-4", "-5", "-9"};
  for (const int n : {1, 4}) {
    for (const std::string& start : bounds) {
      for (const std::string& stop : bounds) {
        for (const int step : {1, 2, 3, 7, -1, -2, -3, -7}) {
          const std::string text =
              start + ":" + stop + ":" + std::to_string(step);
          SCOPED_TRACE("n=" + std::to_string(n) + " " + text);
          const Indices expected = Slice(start, stop, step, n);
          if (expected.empty()) {
            EXPECT_THAT(ResolveError(text, static_cast<std::size_t>(n)),
                        HasSubstr("nothing is chosen"));
          } else {
            EXPECT_EQ(Chosen(text, static_cast<std::size_t>(n)), expected);
          }
        }
      }
    }
  }
}

TEST(SelectionTest, SliceForms) {
  EXPECT_EQ(Chosen(":", 3), (Indices{0, 1, 2}));
  EXPECT_EQ(Chosen("::", 3), (Indices{0, 1, 2}));
  EXPECT_EQ(Chosen("-3:", 5), (Indices{2, 3, 4}));
  EXPECT_EQ(Chosen(":2", 5), (Indices{0, 1}));
  EXPECT_EQ(Chosen("0:30:4", 10), (Indices{0, 4, 8}));
  EXPECT_EQ(Chosen("::-2", 5), (Indices{0, 2, 4}));
  EXPECT_EQ(Chosen("::-2", 6), (Indices{1, 3, 5}));
}

TEST(SelectionTest, HugeNumbers) {
  EXPECT_EQ(Chosen("-99999999999999999999:99999999999999999999", 3),
            (Indices{0, 1, 2}));
  EXPECT_EQ(Chosen("::9223372036854775807", 3), (Indices{0}));
  EXPECT_EQ(Chosen("::-9223372036854775808", 3), (Indices{2}));
  EXPECT_EQ(Chosen("-9223372036854775808:", 3), (Indices{0, 1, 2}));
  EXPECT_EQ(ParseError("99999999999999999999"),
            "--layers: index 99999999999999999999 is out of range");
  EXPECT_THAT(ResolveError("9223372036854775807", 3),
              HasSubstr("index 9223372036854775807 is out of range"));
  EXPECT_THAT(ResolveError("-9223372036854775807", 3),
              HasSubstr("is out of range"));
}

TEST(SelectionTest, OutOfRangeNamesTheRange) {
  EXPECT_EQ(ResolveError("30", 30),
            "--layers: index 30 is out of range; there are 30, numbered 0 to "
            "29 or -30 to -1");
  EXPECT_THAT(ResolveError("0,-31", 30), HasSubstr("index -31"));
  EXPECT_THAT(ResolveError("0", 0), HasSubstr("nothing to choose from"));
}

TEST(SelectionTest, EmptyChoice) {
  EXPECT_EQ(ResolveError("3:3", 30),
            "--layers: nothing is chosen out of 30; widen the selection");
  EXPECT_THAT(ResolveError("30:", 30), HasSubstr("nothing is chosen"));
  EXPECT_THAT(ResolveError("all", 0), HasSubstr("nothing is chosen out of 0"));
}

TEST(SelectionTest, WhatIsNoSelection) {
  for (const char* text :
       {"",     ",",   "0,",  ",0",    "0,,1", " 0",  "0 ",
        "0, 1", "a",   "1.5", "+1",    "-",    "--1", "1:2:3:4",
        "1:a",  "0x3", "ALL", "last:", "1-3",  "\n"}) {
    EXPECT_THAT(ParseError(text), HasSubstr("is neither an index nor a slice"))
        << text;
  }
  EXPECT_THAT(ParseError("0, 1"), HasSubstr("\"0, 1\": \" 1\" is neither"));
  EXPECT_THAT(ParseError("::0"), HasSubstr("the step of slice \"::0\" is 0"));
}

TEST(SelectionTest, AllStandsAlone) {
  for (const char* text : {"all,0", "0,all", "all,all", "embed,all"}) {
    EXPECT_THAT(ParseError(text, true), HasSubstr("\"all\" stands alone"))
        << text;
  }
  EXPECT_EQ(ParseError("0,all"),
            "--layers: \"0,all\": \"all\" stands alone; leave out the rest, or "
            "\"all\"");
}

TEST(SelectionTest, EmbedWhereAllowed) {
  EXPECT_THAT(ParseError("embed"), HasSubstr("\"embed\": is neither"));
  EXPECT_EQ(ParseError("embed").find("\"embed\", an index"), std::string::npos);
  EXPECT_THAT(ParseError("x", true), HasSubstr("\"embed\", an index"));
  const auto alone = Selection::Parse("embed", "--layers", true);
  ASSERT_TRUE(alone.ok());
  EXPECT_TRUE(alone->HasEmbed());
  EXPECT_FALSE(alone->IsDefault());
  EXPECT_THAT(alone->Resolve(30).value(), IsEmpty());
  const auto listed = Selection::Parse("3,embed", "--layers", true);
  ASSERT_TRUE(listed.ok());
  EXPECT_TRUE(listed->HasEmbed());
  EXPECT_THAT(listed->Resolve(30).value(), ElementsAre(3));
  EXPECT_FALSE(Selection::Parse("all", "--layers", true)->HasEmbed());
}

// What it says of itself is what Parse makes the same choice of.
TEST(SelectionTest, TextLeadsBack) {
  for (const std::string text : {"all", "0,3,-1", "1:4", ":", "-3:", "::2",
                                 "8:2:-3", "embed", "embed,0:30:4,-2"}) {
    const Selection selection = Selection::Parse(text, "s", true).value();
    EXPECT_EQ(selection.Text(), text);
  }
  EXPECT_EQ(Selection::Parse("last,1", "s").value().Text(), "-1,1");
  EXPECT_EQ(Selection::Parse("1:4:1", "s").value().Text(), "1:4");
  EXPECT_EQ(Selection::Last().Text(), "-1");
  EXPECT_EQ(Selection::Of({2, -3}).Text(), "2,-3");
  const Selection none =
      Selection::Parse(Selection::Of({}).Text(), "s").value();
  EXPECT_FALSE(none.IsDefault());
  EXPECT_FALSE(none.Resolve(5).ok());
}

}  // namespace
}  // namespace pellucid
