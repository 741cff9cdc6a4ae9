"""Tiny models with Llama's block: llama, mistral, qwen2 and qwen3."""

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
    "rms_norm_eps": 1e-05,
    "torch_dtype": "float32",
    "transformers_version": "4.46.0",
    "use_cache": True,
    "vocab_size": 51,
}
V5 = {"torch_dtype": ..., "dtype": "float32", "transformers_version": "5.2.0"}


def llama_like(
    model_type: str,
    width: int,
    heads: tuple[int, int],
    inner: int,
    **rest: Any,
) -> dict[str, Any]:
    """Make a config.json of one of these families; `rest` wins."""
    names = {"smollm3": "SmolLM3", "olmo2": "Olmo2"}
    name = names.get(model_type, model_type.capitalize())
    sizes = {
        "hidden_size": width,
        "num_attention_heads": heads[0],
        "num_key_value_heads": heads[1],
        "intermediate_size": inner,
    }
    if model_type == "smollm3":  # the class's own lie beyond these
        sizes["pad_token_id"] = 2
    defaults = {**BASE, **sizes}
    return settings(model_type, f"{name}ForCausalLM", defaults, **rest)


YARN = {
    "beta_fast": 32.0,
    "beta_slow": 1.0,
    "factor": 4.0,
    "original_max_position_embeddings": 16,
    "rope_type": "yarn",
}
SHORT = [1.0, 1.0, 1.25, 1.5]
LONG = [1.0, 1.75, 3.0, 7.5]

LLAMA = (
    Variant(
        "llama_yarn",
        llama_like("llama", 24, (4, 2), 41, head_dim=8, rope_scaling=YARN),
        twin=True,
        kind="F16",
        vector_kind="F32",
        with_lens=True,
    ),
    Variant(
        "llama_yarn_mscale",
        llama_like(
            "llama",
            20,
            (2, 1),
            33,
            **V5,
            rope_parameters={
                **YARN,
                "rope_theta": 500.0,
                "factor": 8.0,
                "beta_fast": 2.0,
                "beta_slow": 0.5,
                "mscale": 0.75,
                "mscale_all_dim": 0.5,
                "truncate": False,
            },
        ),
        kind="BF16",
    ),
    Variant(
        "llama_yarn_attention_factor",
        llama_like(
            "llama",
            24,
            (3, 3),
            35,
            max_position_embeddings=16,
            rope_theta=1000.0,
            # The oldest key, and no original length: the longest is taken.
            rope_scaling={
                "type": "yarn",
                "factor": 2.0,
                "attention_factor": 1.25,
                "beta_fast": 4,
            },
        ),
        kind="F16",
        vector_kind="F32",
    ),
    Variant(
        "llama_dynamic_short",
        llama_like(
            "llama",
            24,
            (4, 1),
            29,
            rope_scaling={"rope_type": "dynamic", "factor": 2.0},
            max_position_embeddings=16,
        ),
        tokens=12,
    ),
    Variant(
        "llama_dynamic_long",
        llama_like(
            "llama",
            24,
            (4, 2),
            29,
            rope_scaling={"type": "dynamic", "factor": 4.0},
            max_position_embeddings=8,
            tie_word_embeddings=True,
        ),
        tokens=13,
        kind="F16",
    ),
    Variant(
        "llama_longrope_short",
        llama_like(
            "llama",
            32,
            (4, 2),
            27,
            original_max_position_embeddings=16,
            rope_scaling={
                "rope_type": "longrope",
                "short_factor": SHORT,
                "long_factor": LONG,
                "original_max_position_embeddings": 16,
            },
        ),
        shards=2,
    ),
    Variant(
        "llama_longrope_long",
        llama_like(
            "llama",
            32,
            (4, 4),
            27,
            **V5,
            max_position_embeddings=32,
            rope_parameters={
                "rope_type": "longrope",
                "rope_theta": 1000.0,
                "short_factor": SHORT,
                "long_factor": LONG,
                "original_max_position_embeddings": 8,
                "factor": 4.0,
            },
        ),
        skew=3,
        kind="BF16",
    ),
)

MISTRAL = (
    Variant(
        "mistral_window",
        llama_like("mistral", 24, (4, 2), 37, sliding_window=4),
        kind="F16",
        vector_kind="F32",
        with_lens=True,
    ),
    Variant(
        "mistral_head_dim",
        llama_like(
            "mistral",
            22,
            (6, 2),
            45,
            head_dim=6,
            sliding_window=None,
            rope_theta=1000000.0,
            tie_word_embeddings=False,
        ),
        kind="BF16",
        shards=3,
        # The converter loses a window, and this has none.
        twin=True,
    ),
    Variant(
        "mistral_one",
        llama_like(
            "mistral",
            20,
            (5, 1),
            31,
            **V5,
            head_dim=12,
            sliding_window=1,
            hidden_act="gelu",
            tie_word_embeddings=True,
            rope_parameters={"rope_type": "default", "rope_theta": 2000.0},
        ),
        kind="F16",
        skew=5,
    ),
)

QWEN2 = (
    Variant(
        "qwen2_plain",
        llama_like(
            "qwen2",
            24,
            (4, 2),
            40,
            rms_norm_eps=1e-06,
            rope_theta=1000000.0,
            sliding_window=8,  # not used
            max_window_layers=2,
            use_sliding_window=False,
            use_mrope=False,
            tie_word_embeddings=True,
        ),
        twin=True,
        with_lens=True,
    ),
    Variant(
        "qwen2_window",
        llama_like(
            "qwen2",
            28,
            (7, 1),
            33,
            rms_norm_eps=1e-06,
            num_hidden_layers=3,
            sliding_window=5,
            max_window_layers=1,
            use_sliding_window=True,
            tie_word_embeddings=False,
        ),
        kind="BF16",
        vector_kind="F32",
    ),
    Variant(
        "qwen2_layer_types",
        llama_like(
            "qwen2",
            18,
            (3, 3),
            25,
            **V5,
            sliding_window=3,
            max_window_layers=0,
            use_sliding_window=True,
            layer_types=[
                "sliding_attention",
                "full_attention",
                "sliding_attention",
            ],
            num_hidden_layers=3,
            rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
            num_key_value_heads=None,
        ),
        kind="F16",
        skew=1,
        shards=2,
    ),
    Variant(
        "qwen2_yarn",
        llama_like(
            "qwen2",
            24,
            (4, 2),
            40,
            rope_theta=1000000.0,
            rope_scaling={
                "factor": 4.0,
                "original_max_position_embeddings": 32,
                "type": "yarn",
            },
            tie_word_embeddings=False,
        ),
        twin=True,
        kind="F16",
        vector_kind="F32",
    ),
)

QWEN3 = (
    Variant(
        "qwen3_plain",
        llama_like(
            "qwen3",
            20,
            (4, 2),
            44,
            attention_bias=False,
            head_dim=8,
            max_window_layers=2,
            rms_norm_eps=1e-06,
            rope_scaling=None,
            rope_theta=1000000,
            sliding_window=None,
            tie_word_embeddings=True,
            use_sliding_window=False,
        ),
        twin=True,
        kind="F16",
        vector_kind="F32",
        with_lens=True,
    ),
    Variant(
        "qwen3_window",
        llama_like(
            "qwen3",
            26,
            (6, 2),
            35,
            attention_bias=True,
            head_dim=10,
            max_window_layers=1,
            sliding_window=4,
            use_sliding_window=True,
            tie_word_embeddings=False,
        ),
        kind="BF16",
        shards=2,
    ),
    Variant(
        "qwen3_layer_types",
        llama_like(
            "qwen3",
            18,
            (2, 1),
            23,
            **V5,
            head_dim=14,
            hidden_act="gelu_pytorch_tanh",
            layer_types=["full_attention", "sliding_attention"],
            rms_norm_eps=0.001,
            rope_parameters={"rope_type": "default", "rope_theta": 5000.0},
            sliding_window=5,
            use_sliding_window=True,
            tie_word_embeddings=False,
        ),
        kind="F16",
        vector_kind="F32",
        skew=7,
    ),
)

VARIANTS = (*QWEN2, *QWEN3, *MISTRAL, *LLAMA)
