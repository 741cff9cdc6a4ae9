"""Tiny models with experts: mixtral, qwen2_moe, qwen3_moe."""

from typing import Any

from families_variant import Variant, settings

BASE = {
    "attention_dropout": 0.0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "hidden_act": "silu",
    "initializer_range": 0.02,
    "max_position_embeddings": 64,
    "num_hidden_layers": 2,
    "output_router_logits": False,
    "rms_norm_eps": 1e-06,
    "rope_theta": 1000000.0,
    "router_aux_loss_coef": 0.001,
    "tie_word_embeddings": False,
    "torch_dtype": "float32",
    "transformers_version": "4.51.0",
    "use_cache": True,
    "vocab_size": 51,
}
V5 = {"torch_dtype": ..., "dtype": "float32", "transformers_version": "5.2.0"}
CLASSES = {
    "mixtral": "MixtralForCausalLM",
    "qwen2_moe": "Qwen2MoeForCausalLM",
    "qwen3_moe": "Qwen3MoeForCausalLM",
}


def moe(
    model_type: str, width: int, heads: tuple[int, int], **rest: Any
) -> dict[str, Any]:
    """Make a config.json of one of these families; `rest` wins."""
    sizes = {
        "hidden_size": width,
        "num_attention_heads": heads[0],
        "num_key_value_heads": heads[1],
    }
    defaults = {**BASE, **sizes}
    return settings(model_type, CLASSES[model_type], defaults, **rest)


MIXTRAL = (
    Variant(
        "mixtral_plain",
        moe(
            "mixtral",
            16,
            (4, 2),
            intermediate_size=19,
            num_experts_per_tok=2,
            num_local_experts=5,
            rms_norm_eps=1e-05,
            sliding_window=None,
        ),
        twin=True,
        with_lens=True,
    ),
    Variant(
        "mixtral_window",
        moe(
            "mixtral",
            20,
            (5, 1),
            head_dim=6,
            intermediate_size=22,
            num_experts_per_tok=3,
            num_local_experts=4,
            rope_theta=10000.0,
            sliding_window=4,
            tie_word_embeddings=True,
        ),
        kind="BF16",
        shards=3,
    ),
    Variant(
        "mixtral_one_of",
        moe(
            "mixtral",
            18,
            (3, 3),
            **V5,
            hidden_act="gelu",
            intermediate_size=17,
            num_experts_per_tok=1,
            num_hidden_layers=3,
            num_local_experts=3,
            rope_parameters={"rope_theta": 900.0, "rope_type": "default"},
            rope_theta=...,
            router_jitter_noise=0.0,
        ),
        kind="F16",
        vector_kind="F32",
        skew=3,
    ),
)

QWEN2_MOE = (
    Variant(
        "qwen2_moe_plain",
        moe(
            "qwen2_moe",
            16,
            (4, 4),
            decoder_sparse_step=1,
            intermediate_size=35,
            max_window_layers=2,
            mlp_only_layers=[],
            moe_intermediate_size=11,
            norm_topk_prob=False,
            num_experts=6,
            num_experts_per_tok=3,
            shared_expert_intermediate_size=21,
            sliding_window=8,
            use_sliding_window=False,
        ),
        twin=True,
        kind="F16",
        vector_kind="F32",
        with_lens=True,
    ),
    Variant(
        "qwen2_moe_mixed",
        # Dense where the list says so, and where the step does.
        moe(
            "qwen2_moe",
            20,
            (5, 1),
            decoder_sparse_step=2,
            intermediate_size=23,
            mlp_only_layers=[1],
            moe_intermediate_size=9,
            norm_topk_prob=True,
            num_experts=4,
            num_experts_per_tok=2,
            num_hidden_layers=4,
            rope_theta=10000.0,
            shared_expert_intermediate_size=13,
            tie_word_embeddings=True,
        ),
        kind="BF16",
        shards=2,
    ),
    Variant(
        "qwen2_moe_window",
        moe(
            "qwen2_moe",
            18,
            (3, 1),
            **V5,
            hidden_act="gelu_pytorch_tanh",
            intermediate_size=23,
            max_window_layers=2,
            moe_intermediate_size=10,
            num_experts=3,
            num_experts_per_tok=1,
            num_hidden_layers=3,
            qkv_bias=False,
            rope_parameters={"rope_theta": 800.0, "rope_type": "default"},
            rope_theta=...,
            shared_expert_intermediate_size=12,
            sliding_window=4,
            use_sliding_window=True,
        ),
        kind="F16",
        vector_kind="F32",
        skew=5,
    ),
)

QWEN3_MOE = (
    Variant(
        "qwen3_moe_plain",
        moe(
            "qwen3_moe",
            16,
            (4, 2),
            attention_bias=False,
            decoder_sparse_step=1,
            head_dim=6,
            intermediate_size=29,
            max_window_layers=2,
            mlp_only_layers=[],
            moe_intermediate_size=11,
            norm_topk_prob=True,
            num_experts=6,
            num_experts_per_tok=3,
            rope_scaling=None,
            sliding_window=None,
            use_sliding_window=False,
        ),
        twin=True,
        kind="F16",
        vector_kind="F32",
        with_lens=True,
    ),
    Variant(
        "qwen3_moe_mixed",
        moe(
            "qwen3_moe",
            18,
            (6, 2),
            attention_bias=True,
            decoder_sparse_step=1,
            head_dim=4,
            intermediate_size=25,
            mlp_only_layers=[0, 2],
            moe_intermediate_size=9,
            norm_topk_prob=False,
            num_experts=4,
            num_experts_per_tok=2,
            num_hidden_layers=3,
            tie_word_embeddings=True,
        ),
        kind="BF16",
        shards=2,
    ),
    Variant(
        "qwen3_moe_window",
        moe(
            "qwen3_moe",
            20,
            (2, 1),
            **V5,
            decoder_sparse_step=2,
            head_dim=14,
            hidden_act="gelu",
            intermediate_size=21,
            moe_intermediate_size=13,
            norm_topk_prob=True,
            num_experts=3,
            num_experts_per_tok=1,
            rope_parameters={"rope_theta": 400.0, "rope_type": "default"},
            rope_theta=...,
            sliding_window=3,
            use_sliding_window=True,
        ),
        kind="F16",
        vector_kind="F32",
        skew=7,
    ),
)

VARIANTS = (*MIXTRAL, *QWEN2_MOE, *QWEN3_MOE)
