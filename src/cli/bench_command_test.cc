#include <gtest/gtest.h>
#include <simdjson.h>

#include "testutil/run_cli.h"

namespace pellucid::cli {
namespace {

using testutil::CliOutcome;
using testutil::RunCli;
using testutil::RunCliIn;

const std::string kModel = testutil::TinyLlamaPath("mha_tied_f32");

TEST(BenchCommandTest, EachKindOfWorkIsTimed) {
  for (const std::string what :
       {"forward", "lens", "decode", "patch", "load"}) {
    const CliOutcome run =
        RunCli({"bench", "-m", kModel, "--what", what, "--tokens", "7",
                "--repeat", "4", "--threads", "2", "--json", "-"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    simdjson::dom::parser parser;
    const simdjson::dom::element json = parser.parse(run.out);
    EXPECT_EQ(std::string_view(json["what"]), what);
    EXPECT_EQ(std::int64_t(json["tokens"]), what == "load" ? 0 : 7);
    EXPECT_EQ(std::int64_t(json["threads"]), 2);
    EXPECT_TRUE(json["isa"].is_string());
    const double low = json["min_ms"], median = json["median_ms"],
                 high = json["max_ms"];
    EXPECT_GT(low, 0);
    EXPECT_LE(low, median);
    EXPECT_LE(median, high);
    ASSERT_EQ(json["tokens_per_s"].error() == simdjson::SUCCESS,
              what == "decode");
    if (what == "decode") {
      const double rate = json["tokens_per_s"];
      // Milliseconds are printed with three digits behind the point.
      EXPECT_NEAR(1000 / rate, median, 0.001);
    }
  }
}

TEST(BenchCommandTest, PeopleGetASentence) {
  const CliOutcome run = RunCli({"bench", "-m", kModel, "--repeat", "1"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(run.out.starts_with("forward of 128 tokens: median "));
  const CliOutcome decode = RunCli({"bench", "-m", kModel, "--what", "decode",
                                    "--tokens", "5", "--repeat", "1"});
  EXPECT_EQ(decode.exit_code, 0) << decode.err;
  EXPECT_TRUE(decode.out.starts_with("decode behind 5 tokens: median "));
  EXPECT_NE(decode.out.find(" tokens/s, min "), std::string::npos);
}

TEST(BenchCommandTest, WhatCannotBeTimedIsAUsageError) {
  EXPECT_EQ(RunCli({"bench", "-m", kModel, "--what", "x"}).exit_code, 2);
  EXPECT_EQ(RunCli({"bench", "-m", kModel, "--repeat", "0"}).exit_code, 2);
  EXPECT_EQ(RunCli({"bench", "-m", kModel, "--precision", "fast"}).exit_code,
            2);
  // Beyond the context of 128.
  EXPECT_EQ(RunCli({"bench", "-m", kModel, "--tokens", "129"}).exit_code, 2);
  // 128 fill it, and leave no place for a token to decode.
  const CliOutcome full = RunCli({"bench", "-m", kModel, "--what", "decode"});
  EXPECT_EQ(full.exit_code, 2);
  EXPECT_EQ(full.err,
            "pellucid: error: run: KV cache: 129 more tokens behind 0, but the "
            "model's context is 128; run fewer\n");
}

TEST(BenchCommandTest, AnInterruptEndsIt) {
  std::stop_source stop;
  stop.request_stop();
  testutil::CliRun run{{"bench", "-m", kModel, "--what", "load"}};
  run.stop = stop.get_token();
  const CliOutcome outcome = RunCliIn(run);
  EXPECT_EQ(outcome.exit_code, 130);
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.out, "");
}

}  // namespace
}  // namespace pellucid::cli
