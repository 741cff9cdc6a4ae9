#include "server/api_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

namespace pellucid::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string LensProblem(const std::string& body) {
  const auto read = ReadLensRequest(body);
  if (read.ok()) return "none";
  EXPECT_EQ(read.error().code, ErrorCode::kUsage);
  EXPECT_EQ(read.error().message.find('\n'), std::string::npos);
  return read.error().message;
}

TEST(ApiRequestTest, ALensHasTheDefaultsOfThePage) {
  const auto read = ReadLensRequest(R"({"text": "The capital"})");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->prompt.text, "The capital");
  EXPECT_EQ(read->options.top_k, 10u);
  EXPECT_TRUE(read->options.embed_row);
  EXPECT_TRUE(read->options.layers.IsDefault());
  EXPECT_EQ(read->prompt.bos, BosPolicy::kAuto);
  EXPECT_FALSE(read->stream);
  EXPECT_FALSE(read->model.has_value());
}

TEST(ApiRequestTest, ALensTakesEveryKey) {
  const auto read = ReadLensRequest(R"({
    "ids": [504, 3575], "model": "m", "bos": "never", "layers": "embed,0:4",
    "positions": "-1", "sites": "resid_mid,mlp_out", "top_k": 3,
    "targets": [" Paris", "id=7"], "skip_first": 1, "stream": true,
    "edits": [{"site": "embed", "kind": "zero"}],
    "what_if": [
      {"do": "zero_head", "layer": 5, "head": 3, "positions": "last"},
      {"do": "patch", "from": "Italy", "site": "attn_out", "layer": 8,
       "position": -1, "from_position": 2},
      {"do": "steer", "plus": "love", "minus": "hate", "layer": 12,
       "scale": 4.5}]})");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_THAT(*read->prompt.ids, ElementsAre(504, 3575));
  EXPECT_EQ(read->model, "m");
  EXPECT_EQ(read->prompt.bos, BosPolicy::kNever);
  EXPECT_TRUE(read->options.layers.HasEmbed());
  EXPECT_EQ(read->options.positions.Text(), "-1");
  EXPECT_THAT(read->options.sites,
              ElementsAre(LensSite::kResidMid, LensSite::kMlpOut));
  EXPECT_EQ(read->options.top_k, 3u);
  EXPECT_THAT(read->targets, ElementsAre(" Paris", "id=7"));
  EXPECT_EQ(read->options.skip_first, 1u);
  EXPECT_TRUE(read->stream);
  EXPECT_EQ(read->changes.edits, R"([{"site":"embed","kind":"zero"}])");
  ASSERT_EQ(read->changes.what_if.size(), 3u);
  const auto& zero = std::get<ZeroHead>(read->changes.what_if[0]);
  EXPECT_EQ(zero.layer, 5u);
  EXPECT_EQ(zero.head, 3u);
  EXPECT_EQ(zero.positions.Text(), "-1");
  const auto& patch = std::get<PatchFrom>(read->changes.what_if[1]);
  EXPECT_EQ(patch.from, "Italy");
  EXPECT_EQ(patch.site, LensSite::kAttnOut);
  EXPECT_EQ(patch.position, -1);
  EXPECT_EQ(patch.from_position, 2);
  const auto& steer = std::get<Steer>(read->changes.what_if[2]);
  EXPECT_EQ(steer.minus, "hate");
  EXPECT_EQ(steer.scale, 4.5f);
}

TEST(ApiRequestTest, WhatIsNoRequestIsNamed) {
  EXPECT_THAT(LensProblem(""), HasSubstr("no valid JSON"));
  EXPECT_THAT(LensProblem("{"), HasSubstr("no valid JSON"));
  EXPECT_THAT(LensProblem("[]"), HasSubstr("no JSON object"));
  EXPECT_THAT(LensProblem("{\"text\": \"\xff\"}"),
              HasSubstr("invalid UTF-8 at byte 10"));
  EXPECT_THAT(LensProblem(std::string(100'000, '[')),
              HasSubstr("no valid JSON"));
}

TEST(ApiRequestTest, UnknownAndRepeatedKeysAreRefused) {
  EXPECT_THAT(LensProblem(R"({"text": "a", "topk": 3})"),
              HasSubstr("\"topk\" is unknown; there are model, text, ids"));
  EXPECT_THAT(LensProblem(R"({"text": "a", "text": "b"})"),
              HasSubstr("\"text\" stands twice"));
  EXPECT_THAT(LensProblem(
                  R"({"text": "a", "what_if": [{"do": "steer", "plus": "b",
              "layer": 1, "head": 2}]})"),
              HasSubstr("what_if 0: \"head\" is unknown"));
}

TEST(ApiRequestTest, ThereIsOnePrompt) {
  EXPECT_THAT(LensProblem("{}"), HasSubstr("0 prompts"));
  EXPECT_THAT(LensProblem(R"({"text": "a", "ids": [1]})"),
              HasSubstr("2 prompts"));
}

TEST(ApiRequestTest, ValuesOfAnotherKindAreRefused) {
  const auto with = [](const std::string& member) {
    return LensProblem("{\"text\": \"a\", " + member + "}");
  };
  EXPECT_THAT(with(R"("top_k": 0)"), HasSubstr("from 1 to"));
  EXPECT_THAT(with(R"("top_k": 2.5)"), HasSubstr("\"top_k\""));
  EXPECT_THAT(with(R"("top_k": "3")"), HasSubstr("\"top_k\""));
  EXPECT_THAT(with(R"("top_k": 99999999999999999999)"),
              HasSubstr("no valid JSON"));
  EXPECT_THAT(with(R"("stream": 1)"), HasSubstr("neither true nor false"));
  EXPECT_THAT(with(R"("bos": "maybe")"), HasSubstr("auto, always, never"));
  EXPECT_THAT(with(R"("layers": "0:x")"), HasSubstr("layers"));
  EXPECT_THAT(with(R"("layers": 3)"), HasSubstr("is no text"));
  EXPECT_THAT(with(R"("sites": "nowhere")"), HasSubstr("resid_post"));
  EXPECT_THAT(with(R"("targets": [3])"), HasSubstr("element 0 is no text"));
  EXPECT_THAT(with(R"("edits": {})"), HasSubstr("is no list"));
  EXPECT_THAT(with(R"("what_if": [{}])"),
              HasSubstr("what_if 0: \"do\" is missing"));
  EXPECT_THAT(with(R"("what_if": [{"do": "patch", "layer": 1}])"),
              HasSubstr("\"from\" is missing"));
  EXPECT_THAT(with(R"("embed": false, "layers": "embed,1")"),
              HasSubstr("\"embed\" is false"));
  EXPECT_THAT(LensProblem(R"({"ids": [1, -1]})"),
              HasSubstr("element 1 is no token id"));
}

TEST(ApiRequestTest, ListsAreBounded) {
  std::string targets = "\"x\"";
  for (std::size_t i = 0; i < kMaxTargets; ++i) targets += ",\"x\"";
  EXPECT_THAT(LensProblem(R"({"text": "a", "targets": [)" + targets + "]}"),
              HasSubstr("more than 64"));
}

TEST(ApiRequestTest, ATraceNeedsSites) {
  const auto read =
      ReadTraceRequest(R"({"text": "a", "sites": ["embed"], "format": "npz"})");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_THAT(read->sites, ElementsAre("embed"));
  EXPECT_EQ(read->form, TraceForm::kNpz);
  EXPECT_FALSE(ReadTraceRequest(R"({"text": "a"})").ok());
  EXPECT_FALSE(ReadTraceRequest(R"({"text": "a", "sites": []})").ok());
}

TEST(ApiRequestTest, AGenerationTakesSampling) {
  const auto read = ReadGenerateRequest(
      R"({"messages": [{"role": "user", "content": "hi"}],
          "generation_prompt": false, "max_tokens": 5, "temperature": 0.5,
          "top_k": 4, "top_p": 0.9, "min_p": 0.1, "repetition_penalty": 1.1,
          "seed": 18446744073709551615, "stop": ["\n"]})");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->prompt.messages, R"([{"role":"user","content":"hi"}])");
  EXPECT_FALSE(read->prompt.generation_prompt);
  EXPECT_EQ(read->options.max_tokens, 5u);
  EXPECT_EQ(read->options.sampling.temperature, 0.5);
  EXPECT_EQ(read->options.sampling.top_k, 4u);
  EXPECT_EQ(read->options.sampling.seed, 18446744073709551615u);
  EXPECT_THAT(read->options.stop_texts, ElementsAre("\n"));
  EXPECT_FALSE(ReadGenerateRequest(R"({"text": "a", "top_p": 0})").ok());
  EXPECT_FALSE(ReadGenerateRequest(R"({"text": "a", "top_p": 1.5})").ok());
}

TEST(ApiRequestTest, TokenizeTakesAText) {
  const auto read = ReadTokenizeRequest(R"({"text": "a", "bos": "always"})");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->text, "a");
  EXPECT_EQ(read->bos, BosPolicy::kAlways);
  EXPECT_FALSE(ReadTokenizeRequest("{}").ok());
}

}  // namespace
}  // namespace pellucid::server
