#include "cli/result_outputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "testutil/temp_dir.h"

namespace pellucid::cli {
namespace {

using ::testing::HasSubstr;

class ResultOutputsTest : public ::testing::Test {
 protected:
  ResultForms Forms() const {
    return {.json = [](const render::TextSink& sink) { sink("json"); },
            .csv = [] { return std::string("csv"); },
            .table =
                [](std::size_t width, render::ColorMode) {
                  return "table " + std::to_string(width);
                },
            .page = []() -> Result<render::Page> {
              return UsageError("draw figure: page: too small; enlarge it");
            },
            .html = [](render::JsonWriter& json) { json.Integer(7); }};
  }
  // What standard output gets.
  Status Write(const ResultFlags& flags) {
    PELLUCID_ASSIGN_OR_RETURN(ResultOutputs outputs,
                              ResultOutputs::Open(flags, "patch", io_));
    return outputs.Write(Forms(), {}, io_);
  }

  testutil::TempDir dir_;
  StringSource in_{""};
  StringSink out_, err_;
  Io io_{in_, out_, err_};
};

TEST_F(ResultOutputsTest, ATableWhereNothingElseIsAskedFor) {
  ASSERT_TRUE(Write({}).ok());
  EXPECT_EQ(out_.text(), "table 0");
}

TEST_F(ResultOutputsTest, ATableBesideAFileOnlyWhereAskedFor) {
  ASSERT_TRUE(Write({.csv = dir_ / "a.csv"}).ok());
  EXPECT_EQ(out_.text(), "");
  EXPECT_EQ(testutil::ReadFileText(dir_ / "a.csv"), "csv");
  ASSERT_TRUE(Write({.table = true, .json = dir_ / "a.json"}).ok());
  EXPECT_EQ(out_.text(), "table 0");
  EXPECT_EQ(testutil::ReadFileText(dir_ / "a.json"), "json");
}

TEST_F(ResultOutputsTest, AFigureThatCannotBeDrawnLeavesNoFile) {
  ResultFlags flags{.json = dir_ / "a.json"};
  flags.heatmap.plot = dir_ / "a.svg";
  EXPECT_FALSE(Write(flags).ok());
  EXPECT_TRUE(dir_.List().empty());
}

TEST_F(ResultOutputsTest, APageHoldsTheReport) {
  ASSERT_TRUE(Write({.html = dir_ / "a.html"}).ok());
  EXPECT_EQ(out_.text(), "");
  EXPECT_THAT(testutil::ReadFileText(dir_ / "a.html"),
              HasSubstr("\"kind\":\"patch\",\"report\":7}"));
  EXPECT_THAT(err_.text(), HasSubstr("pellucid: page: "));
}

TEST_F(ResultOutputsTest, TwoResultsDoNotGoToOnePlace) {
  const Arguments arguments("attn", "");
  EXPECT_TRUE(CheckResultFlags(arguments, {.json = "-", .csv = "a"}).ok());
  const Status both = CheckResultFlags(arguments, {.json = "-", .csv = "-"});
  ASSERT_FALSE(both.ok());
  EXPECT_THAT(both.error().message,
              HasSubstr("--csv: goes to standard output, as --json does"));
  EXPECT_FALSE(CheckResultFlags(arguments, {.table = true, .json = "-"}).ok());
}

}  // namespace
}  // namespace pellucid::cli
