#include "cli/generate_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pellucid::cli {
namespace {

using ::testing::HasSubstr;
using Strings = std::vector<std::string>;

Result<GeneratePlan> Plan(const Strings& args) {
  Arguments arguments("generate", "Tests.");
  GenerateFlags flags;
  AddGenerateFlags(arguments, &flags);
  PELLUCID_ASSIGN_OR_RETURN(const bool help, arguments.Parse(args));
  EXPECT_FALSE(help);
  return PlanGenerate(arguments, flags);
}

std::string ErrorOf(Strings args) {
  args.insert(args.begin(), "text");
  const auto plan = Plan(args);
  if (plan.ok()) return "none";
  EXPECT_EQ(plan.error().code, ErrorCode::kUsage);
  return plan.error().message;
}

TEST(GenerateFlagsTest, WithoutAnyItIsGreedy) {
  const GeneratePlan plan = Plan({"text"}).value();
  EXPECT_FALSE(Draws(plan.options.sampling));
  EXPECT_EQ(plan.options.max_tokens, 64u);
  EXPECT_FALSE(plan.options.stop_tokens.has_value());
  EXPECT_FALSE(plan.options.lens.has_value());
  EXPECT_TRUE(plan.scales.empty());
  EXPECT_TRUE(plan.shows_text);
}

TEST(GenerateFlagsTest, EveryFlagArrives) {
  const GeneratePlan plan = Plan({"text",
                                  "--max-tokens",
                                  "9",
                                  "--temperature",
                                  "0.5",
                                  "--top-k",
                                  "7",
                                  "--top-p",
                                  "0.9",
                                  "--min-p",
                                  "0.1",
                                  "--seed",
                                  "18446744073709551615",
                                  "--repetition-penalty",
                                  "1.25",
                                  "--stop",
                                  "a",
                                  "--stop",
                                  "b",
                                  "--ignore-eos",
                                  "--steer",
                                  "v",
                                  "--scale",
                                  "-4,0,1e1",
                                  "--lens",
                                  "l.json",
                                  "--lens-layers",
                                  "-2:",
                                  "--lens-top-k",
                                  "3"})
                                .value();
  const SamplingOptions& sampling = plan.options.sampling;
  EXPECT_EQ(plan.options.max_tokens, 9u);
  EXPECT_EQ(sampling.temperature, 0.5);
  EXPECT_EQ(sampling.top_k, 7u);
  EXPECT_EQ(sampling.top_p, 0.9);
  EXPECT_EQ(sampling.min_p, 0.1);
  EXPECT_EQ(sampling.seed, ~std::uint64_t{0});
  EXPECT_EQ(sampling.repetition_penalty, 1.25);
  EXPECT_EQ(plan.options.stop_texts, (Strings{"a", "b"}));
  EXPECT_EQ(plan.options.stop_tokens, std::vector<TokenId>{});
  EXPECT_EQ(plan.scales, (std::vector<double>{-4, 0, 10}));
  EXPECT_TRUE(plan.sweeps());
  EXPECT_EQ(plan.options.lens->top_k, 3u);
  EXPECT_EQ(plan.options.lens->layers.Resolve(5).value(),
            (std::vector<std::size_t>{3, 4}));
}

TEST(GenerateFlagsTest, WhatTakesStandardOutputTakesItAlone) {
  EXPECT_TRUE(Plan({"text", "--json", "f"}).value().shows_text);
  EXPECT_FALSE(Plan({"text", "--json", "-"}).value().shows_text);
  EXPECT_FALSE(Plan({"text", "--lens", "-"}).value().shows_text);
  EXPECT_FALSE(Plan({"--jsonl", "f"}).value().shows_text);
  EXPECT_THAT(ErrorOf({"--json", "-", "--lens", "-"}),
              HasSubstr("generate: --lens: goes where --json does"));
}

TEST(GenerateFlagsTest, SaysWhatIsWrong) {
  EXPECT_THAT(ErrorOf({"--max-tokens", "0"}), HasSubstr("--max-tokens: \"0\""));
  EXPECT_THAT(ErrorOf({"--temperature", "hot"}),
              HasSubstr("--temperature: \"hot\" is no number from 0 to"));
  EXPECT_THAT(ErrorOf({"--top-k", "0"}), HasSubstr("--top-k: 0 keeps no"));
  EXPECT_THAT(ErrorOf({"--top-k", "1.5"}),
              HasSubstr("--top-k: \"1.5\" is no whole number"));
  EXPECT_THAT(ErrorOf({"--top-p", "0"}), HasSubstr("--top-p: 0 keeps no"));
  EXPECT_THAT(ErrorOf({"--top-p", "1.01"}), HasSubstr("--top-p: \"1.01\""));
  EXPECT_THAT(ErrorOf({"--min-p", "2"}), HasSubstr("--min-p: \"2\""));
  EXPECT_THAT(ErrorOf({"--seed", "-1"}), HasSubstr("--seed: \"-1\""));
  EXPECT_THAT(ErrorOf({"--repetition-penalty", "0"}),
              HasSubstr("--repetition-penalty: \"0\""));
  EXPECT_THAT(ErrorOf({"--scale", "2"}), HasSubstr("--scale: is the scale of"));
  EXPECT_THAT(ErrorOf({"--steer", "v", "--scale", "1,,2"}),
              HasSubstr("--scale: \"\" is no number"));
  EXPECT_THAT(ErrorOf({"--steer", "v", "--scale", "1e300"}),
              HasSubstr("--scale: \"1e300\" is no number"));
  EXPECT_THAT(
      Plan({"--jsonl", "f", "--steer", "v", "--scale", "1,2"}).error().message,
      HasSubstr("--scale: several are for one prompt"));
  EXPECT_THAT(ErrorOf({"--record", "embed"}),
              HasSubstr("--record: needs a file; name it by --out"));
  EXPECT_THAT(ErrorOf({"--out", "f.npz"}),
              HasSubstr("--out: is the file of --record"));
  EXPECT_THAT(ErrorOf({"--record", "embed,", "--out", "f.npz"}),
              HasSubstr("--record: \"embed,\" holds an empty name"));
  EXPECT_THAT(ErrorOf({"--record", "embed", "--out", "f.txt"}),
              HasSubstr("--out: \"f.txt\" ends in neither"));
  EXPECT_THAT(ErrorOf({"--record", "embed", "--out", "f.npz", "--steer", "v",
                       "--scale", "1,2"}),
              HasSubstr("--record: is for one continuation"));
  EXPECT_THAT(ErrorOf({"--lens-layers", "1"}),
              HasSubstr("--lens-layers: is of --lens"));
  EXPECT_THAT(ErrorOf({"--lens", "f", "--lens-layers", "x"}),
              HasSubstr("generate: --lens-layers"));
  EXPECT_THAT(Plan({}).error().message, HasSubstr("prompt: there is none"));
}

}  // namespace
}  // namespace pellucid::cli
