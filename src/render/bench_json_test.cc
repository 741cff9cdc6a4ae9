#include "render/bench_json.h"

#include "gtest/gtest.h"

namespace pellucid::render {
namespace {

std::string BenchJson(const BenchReport& report) {
  std::string out;
  WriteBenchJson(report, JsonStyle::kIndented, AppendTo(&out));
  return out;
}

TEST(BenchJsonTest, TokensPerSecondOnlyWhereKnown) {
  BenchReport report = {.what = "lens",
                        .tokens = 55,
                        .threads = 2,
                        .isa = "avx2",
                        .median_ms = 501.2345678,
                        .min_ms = 499,
                        .max_ms = 520.5,
                        .tokens_per_s = {}};
  EXPECT_EQ(BenchJson(report),
            "{\"what\": \"lens\", \"tokens\": 55, \"threads\": 2, \"isa\": "
            "\"avx2\", \"median_ms\": 501.235, \"min_ms\": 499, \"max_ms\": "
            "520.5}\n");
  report.tokens_per_s = 62.5;
  EXPECT_NE(BenchJson(report).find(", \"tokens_per_s\": 62.5}\n"),
            std::string::npos);
}

}  // namespace
}  // namespace pellucid::render
