#include "tokenizer/gguf_pre.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace pellucid {
namespace {

// Adjacent literals are the alternatives, or less.
constexpr std::string_view kPunctuation = "[\\p{P}\\$\\+<=>\\^~\\|`]+";
constexpr std::string_view kThreeDigits = "[0-9][0-9][0-9]";
constexpr std::string_view kGpt2Words =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+"
    "|\\s+(?!\\S)|\\s+";
// BLOOM's nested class, flat: the inner brackets and the bar are in it.
constexpr std::string_view kBloomWords =
    " ?[^(\\s|.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c)]+";

constexpr std::string_view kFalcon[] = {kPunctuation, kGpt2Words, kThreeDigits};
constexpr std::string_view kBloom[] = {kBloomWords};
constexpr std::string_view kViking[] = {kBloomWords, "\\p{N}"};
constexpr std::string_view kDeepSeekCoder[] = {
    "[\r\n]", "\\s?\\p{L}+", "\\s?\\p{P}+",
    "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+", "\\p{N}"};
constexpr std::string_view kDeepSeek3[] = {
    "\\p{N}{1,3}", "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+"
    "|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
    "| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"};
constexpr std::string_view kSeedCoder[] = {
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+"
    "|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\\r\\n]+|\\s*[\\r\\n]+"
    "|\\s+(?!\\S)|\\s+"};
constexpr std::string_view kBailing[] = {
    "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
    "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+"};
constexpr std::string_view kQwen35[] = {
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+"
    "|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+"
    "|\\s+(?!\\S)|\\s+"};
constexpr std::string_view kGemma4[] = {"[^\\n]+|[\\n]+"};

constexpr PreRule Own(std::string_view name,
                      std::span<const std::string_view> expressions) {
  return {.name = name, .expressions = expressions};
}

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
    Own("falcon", kFalcon),
    Own("bloom", kBloom),
    Own("poro-chat", kBloom),
    Own("gpt3-finnish", kBloom),
    Own("viking", kViking),
    Own("deepseek-coder", kDeepSeekCoder),
    Own("deepseek-v3", kDeepSeek3),
    Own("hunyuan-dense", kDeepSeek3),
    Own("joyai-llm", kDeepSeek3),
    Own("seed-coder", kSeedCoder),
    Own("bailingmoe", kBailing),
    Own("qwen35", kQwen35),
    {.name = "gemma4", .expressions = kGemma4, .byte_level = false},
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

Result<PreTokenizer> PreTokenizerOf(const PreRule& rule) {
  PreTokenizer pre;
  for (const std::string_view expression : rule.expressions) {
    PELLUCID_ASSIGN_OR_RETURN(TextPattern pattern,
                              TextPattern::Compile(expression));
    pre.steps.push_back(MakeSplitStep(std::move(pattern),
                                      SplitBehavior::kIsolated,
                                      /*invert=*/false));
  }
  pre.last = rule.pattern;
  pre.byte_level = rule.byte_level;
  return pre;
}

}  // namespace pellucid
