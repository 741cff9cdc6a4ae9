#include "model/hf_config_keys.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

namespace pellucid {
namespace {

namespace dom = simdjson::dom;

using Names = std::span<const std::string_view>;

// What the file is, and what made it.
constexpr std::string_view kAbout[] = {
    "_commit_hash",
    "_from_model_config",
    "_name_or_path",
    "_num_labels",
    "architectures",
    "auto_map",
    "base_model",
    "base_model_name_or_path",
    "base_model_pp_plan",
    "base_model_tp_plan",
    "bos_token",
    "context_length",
    "custom_pipelines",
    "dropout",
    "dtype",
    "eos_token",
    "finetuned",
    "finetuning_task",
    "is_decoder",
    "is_llama_config",
    "license",
    "max_seq_len",
    "max_seq_length",
    "max_sequence_length",
    "merged_from",
    "model_max_length",
    "model_type",
    "n_ctx",
    "n_special",
    "name_or_path",
    "neuron",
    "pad_to_multiple_of",
    "pad_token",
    "predict_special_tokens",
    "prefix",
    "seq_length",
    "task_specific_params",
    "tokenizer_class",
    "torch_dtype",
    "transformers.js_config",
    "transformers_version",
    "trust_remote_code",
    "unk_token",
    "unsloth_fixed",
    "unsloth_version",
    "vocab_file",
};

// Read by some families; transformers ignores them in all others.
constexpr std::string_view kOfOthers[] = {
    "max_window_layers", "n_layers",           "num_layers",
    "sliding_window",    "use_sliding_window",
};

// How weights are trained, stored and run, not what they compute.
constexpr std::string_view kTraining[] = {
    "attention_softmax_in_fp32",
    "attn_implementation",
    "bias_dropout_fusion",
    "chunk_size_feed_forward",
    "ddp_find_unused_parameters",
    "fused_bias_fc",
    "gradient_checkpointing",
    "id2label",
    "init_std",
    "initializer_range",
    "initializer_factor",
    "keys_to_ignore_at_inference",
    "label2id",
    "layerdrop",
    "loss_type",
    "masked_softmax_fusion",
    "num_labels",
    "offset_alibi",
    "pretraining_tp",
    "problem_type",
    "reorder_and_upcast_attn",
    "return_dict",
    "router_aux_loss_coef",
    "router_jitter_noise",
    "scale_attention_softmax_in_fp32",
    "skip_bias_add",
    "skip_bias_add_qkv",
    "slow_but_exact",
    "tf_legacy_loss",
    "torchscript",
    "use_bfloat16",
    "use_cache",
    "use_flash_attention",
    "use_flash_attn",
};

// How text is generated: transformers' GenerationConfig.
constexpr std::string_view kGeneration[] = {
    "assistant_confidence_threshold",
    "assistant_early_exit",
    "assistant_ensemble_weight",
    "assistant_lookbehind",
    "bad_words_ids",
    "begin_suppress_tokens",
    "cache_config",
    "cache_implementation",
    "compile_config",
    "constraints",
    "continuous_batching_config",
    "disable_compile",
    "diversity_penalty",
    "do_sample",
    "dola_layers",
    "early_stopping",
    "encoder_no_repeat_ngram_size",
    "encoder_repetition_penalty",
    "epsilon_cutoff",
    "eta_cutoff",
    "exponential_decay_length_penalty",
    "force_words_ids",
    "guidance_scale",
    "is_assistant",
    "length_penalty",
    "low_memory",
    "max_cache_len",
    "max_length",
    "max_matching_ngram_size",
    "max_new_tokens",
    "max_time",
    "min_length",
    "min_new_tokens",
    "min_p",
    "no_repeat_ngram_size",
    "num_assistant_tokens",
    "num_assistant_tokens_schedule",
    "num_beam_groups",
    "num_beams",
    "num_return_sequences",
    "penalty_alpha",
    "prefill_chunk_size",
    "prompt_lookup_num_tokens",
    "remove_invalid_values",
    "renormalize_logits",
    "repetition_penalty",
    "return_dict_in_generate",
    "sequence_bias",
    "stop_strings",
    "suppress_tokens",
    "target_lookbehind",
    "temperature",
    "token_healing",
    "top_h",
    "top_k",
    "top_p",
    "typical_p",
    "use_mtp",
    "watermarking_config",
};

constexpr std::string_view kPrefixes[] = {
    "_attn_implementation", "_flash_attn", "output_", "summary_", "tokenizer_",
};

// Dropout does nothing outside training; ids of tokens are the tokenizer's.
constexpr std::string_view kSuffixes[] = {
    "_dropout", "_dropout_prob", "_pdrop", "_token_id", "_token_ids",
};

// Keys of other families that do nothing at one value.
struct NeutralNumber {
  std::string_view key;
  double value;
};
constexpr NeutralNumber kNeutralNumbers[] = {
    {"embedding_multiplier", 1}, {"expert_count", 0},
    {"logit_scale", 1},          {"logits_scaling", 1},
    {"num_experts", 0},          {"num_experts_per_tok", 0},
    {"num_local_experts", 0},    {"partial_rotary_factor", 1},
    {"residual_multiplier", 1},  {"rope_condense_ratio", 1},
    {"rotary_pct", 1},           {"rotary_scaling_factor", 1},
};

// Keys that ask for something where they are false.
constexpr std::string_view kFalseAsks[] = {
    "causal",
    "do_layer_norm_before",
    "is_causal",
    "learned_embeddings",
    "scale_attn_weights",
    "use_causal_mask",
    "use_rope",
    "use_rotary",
};

bool Contains(Names names, std::string_view key) {
  return std::ranges::find(names, key) != names.end();
}

// "layer_types" of a model whose layers are all alike.
bool IsFullAttention(const dom::array& types) {
  for (const dom::element type : types) {
    std::string_view name;
    if (type.get(name) != simdjson::SUCCESS || name != "full_attention") {
      return false;
    }
  }
  return true;
}

}  // namespace

bool IsHarmlessKey(std::string_view key) {
  return Contains(kAbout, key) || Contains(kOfOthers, key) ||
         Contains(kTraining, key) || Contains(kGeneration, key) ||
         std::ranges::any_of(
             kPrefixes, [&](auto prefix) { return key.starts_with(prefix); }) ||
         std::ranges::any_of(
             kSuffixes, [&](auto suffix) { return key.ends_with(suffix); });
}

bool IsNeutral(std::string_view key, const dom::element& value) {
  switch (value.type()) {
    case dom::element_type::NULL_VALUE:
      return true;
    case dom::element_type::BOOL:
      return value.get<bool>().value_unsafe() == Contains(kFalseAsks, key);
    case dom::element_type::STRING:
      return value.get<std::string_view>().value_unsafe().empty();
    case dom::element_type::OBJECT:
      return value.get<dom::object>().value_unsafe().size() == 0;
    case dom::element_type::ARRAY: {
      const dom::array array = value.get<dom::array>().value_unsafe();
      return array.size() == 0 ||
             (key == "layer_types" && IsFullAttention(array));
    }
    default: {
      double number = 0;
      return value.get(number) == simdjson::SUCCESS &&
             std::ranges::any_of(kNeutralNumbers, [&](const auto& neutral) {
               return neutral.key == key && neutral.value == number;
             });
    }
  }
}

}  // namespace pellucid
