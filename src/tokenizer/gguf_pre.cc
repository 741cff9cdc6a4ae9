#include "tokenizer/gguf_pre.h"

#include <algorithm>
#include <iterator>

namespace pellucid {
namespace {

constexpr PreRule Gpt2(std::string_view name) {
  return {.name = name, .pattern = PrePattern::kGpt2};
}

constexpr PreRule DigitsGpt2(std::string_view name) {
  return {.name = name, .pattern = PrePattern::kSmolLm};
}

constexpr PreRule Llama3(std::string_view name) {
  return {.name = name,
          .pattern = PrePattern::kLlama3,
          .ignore_merges = true,
          .adds_bos = true};
}

constexpr PreRule Llama3PatternOnly(std::string_view name) {
  return {.name = name, .pattern = PrePattern::kLlama3};
}

constexpr PreRule Qwen2PatternOnly(std::string_view name) {
  return {.name = name, .pattern = PrePattern::kQwen2};
}

constexpr PreRule O200k(std::string_view name) {
  return {.name = name, .pattern = PrePattern::kO200k};
}

constexpr PreRule kRules[] = {
    Gpt2("gpt-2"),
    Gpt2("phi-2"),
    Gpt2("mpt"),
    Gpt2("olmo"),
    Gpt2("jais"),
    Gpt2("exaone4"),
    Gpt2("gigachat"),
    Gpt2("a.x-4.0"),
    Gpt2("mellum"),
    Gpt2("modern-bert"),
    Gpt2("roberta-bpe"),
    Gpt2("granite-docling"),
    Gpt2("trillion"),
    DigitsGpt2("smollm"),
    DigitsGpt2("starcoder"),
    DigitsGpt2("refact"),
    DigitsGpt2("command-r"),
    DigitsGpt2("codeshell"),
    DigitsGpt2("exaone"),
    DigitsGpt2("minerva-7b"),
    DigitsGpt2("mellum2"),
    Llama3("llama-bpe"),
    Llama3("llama3"),
    Llama3("llama-v3"),
    Llama3("falcon3"),
    Llama3("falcon-h1"),
    Llama3("pixtral"),
    Llama3("lfm2"),
    Llama3("midm-2.0"),
    Llama3PatternOnly("dbrx"),
    Llama3PatternOnly("smaug-bpe"),
    Llama3PatternOnly("glm4"),
    Llama3PatternOnly("chatglm-bpe"),
    {.name = "qwen2", .pattern = PrePattern::kQwen2, .nfc = true},
    Qwen2PatternOnly("deepseek-r1-qwen"),
    Qwen2PatternOnly("megrez"),
    Qwen2PatternOnly("stablelm2"),
    Qwen2PatternOnly("hunyuan"),
    Qwen2PatternOnly("grok-2"),
    Qwen2PatternOnly("solar-open"),
    Qwen2PatternOnly("kormo"),
    O200k("gpt-4o"),
    O200k("llama4"),
    O200k("kanana2"),
    O200k("minimax-m2"),
    {.name = "tekken",
     .pattern = PrePattern::kTekken,
     .ignore_merges = true,
     .adds_bos = true},
};

}  // namespace

const PreRule* FindPreRule(std::string_view name) {
  const auto* rule =
      std::find_if(std::begin(kRules), std::end(kRules),
                   [&](const PreRule& r) { return r.name == name; });
  return rule == std::end(kRules) ? nullptr : rule;
}

}  // namespace pellucid
