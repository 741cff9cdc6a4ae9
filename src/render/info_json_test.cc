#include "render/info_json.h"

#include "gtest/gtest.h"
#include "render/test_lens.h"

namespace pellucid::render {
namespace {

std::string InfoJson(const InfoReport& report) {
  std::string out;
  WriteInfoJson(report, JsonStyle::kIndented, AppendTo(&out));
  return out;
}

TEST(InfoJsonTest, TensorsAndSitesOnlyWhereAskedFor) {
  EXPECT_EQ(InfoJson({.model = testutil::MakeTestLens().model,
                      .tokenizer = {},
                      .tokenizer_error = "open: m: is damaged",
                      .tensors = {},
                      .sites = {}}),
            "{\n"
            " \"schema\": \"pellucid.info/1\",\n"
            " \"model\": {\"ref\": \"toy\", \"architecture\": \"llama\", "
            "\"format\": \"gguf\", \"n_layers\": 2, \"d_model\": 16, "
            "\"vocab_size\": 8, \"hash\": \"abc123\"},\n"
            " \"config\": {\n"
            "  \"n_heads\": 4,\n"
            "  \"n_kv_heads\": 2,\n"
            "  \"head_dim\": 4,\n"
            "  \"d_mlp\": 32,\n"
            "  \"context_length\": 64,\n"
            "  \"rope_theta\": 10000,\n"
            "  \"act\": \"silu\"\n"
            " },\n"
            " \"tokenizer\": null,\n"
            " \"tokenizer_error\": \"open: m: is damaged\"\n"
            "}\n");
}

TEST(InfoJsonTest, TokenizerTensorsSites) {
  InfoReport report;
  report.tokenizer = {.kind = "bpe (smollm)",
                      .vocab_size = 49152,
                      .bos_id = 1,
                      .eos_id = {},
                      .adds_bos = false};
  report.tensors = {{{"token_embd.weight", "Q8_0", {49152, 576}, 30081024}}};
  report.sites = {{{"embed", "[tokens, 576]", {"hook_embed", "x"}},
                   {"logits", "[tokens, 49152]", {}}}};
  const std::string json = InfoJson(report);
  EXPECT_EQ(json.substr(json.find(" \"tokenizer\"")),
            " \"tokenizer\": {\"kind\": \"bpe (smollm)\", \"vocab_size\": "
            "49152, \"bos_id\": 1, \"eos_id\": null, \"adds_bos\": false},\n"
            " \"tensors\": [\n"
            "  {\"name\": \"token_embd.weight\", \"dtype\": \"Q8_0\", "
            "\"shape\": [49152, 576], \"bytes\": 30081024}\n"
            " ],\n"
            " \"sites\": [\n"
            "  {\"name\": \"embed\", \"shape\": \"[tokens, 576]\", "
            "\"aliases\": [\"hook_embed\", \"x\"]},\n"
            "  {\"name\": \"logits\", \"shape\": \"[tokens, 49152]\", "
            "\"aliases\": []}\n"
            " ]\n"
            "}\n");
}

TEST(InfoJsonTest, AServerSaysWhatItTakes) {
  InfoReport report;
  report.model = testutil::MakeTestLens().model;
  report.serve = {.max_tokens = 2048, .lenses = {"logit", "tuned:a"}};
  const std::string json = InfoJson(report);
  EXPECT_NE(json.find(", \"n_heads\": 4, \"context\": 64}"), std::string::npos);
  EXPECT_NE(json.find(" \"serve\": {\"max_tokens\": 2048, \"lenses\": "
                      "[\"logit\", \"tuned:a\"]}\n"),
            std::string::npos);
}

}  // namespace
}  // namespace pellucid::render
