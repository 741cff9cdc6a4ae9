"""Tiny models of phi, phi3, cohere, stablelm and starcoder2."""

from typing import Any

from families_variant import Variant, settings

BASE = {
    "attention_dropout": 0.0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "initializer_range": 0.02,
    "max_position_embeddings": 64,
    "num_hidden_layers": 2,
    "torch_dtype": "float32",
    "transformers_version": "4.46.0",
    "use_cache": True,
    "vocab_size": 53,
}
V5 = {"torch_dtype": ..., "dtype": "float32", "transformers_version": "5.2.0"}
CLASSES = {
    "phi": "PhiForCausalLM",
    "phi3": "Phi3ForCausalLM",
    "cohere": "CohereForCausalLM",
    "stablelm": "StableLmForCausalLM",
    "starcoder2": "Starcoder2ForCausalLM",
}


def model(
    model_type: str,
    width: int,
    heads: tuple[int, int],
    inner: int,
    **rest: Any,
) -> dict[str, Any]:
    """Make a config.json of one of these families; `rest` wins."""
    sizes = {
        "hidden_size": width,
        "num_attention_heads": heads[0],
        "num_key_value_heads": heads[1],
        "intermediate_size": inner,
    }
    defaults = {**BASE, **sizes}
    return settings(model_type, CLASSES[model_type], defaults, **rest)


PHI = (
    Variant(
        "phi_plain",
        model(
            "phi",
            20,
            (2, 2),
            80,
            embd_pdrop=0.0,
            hidden_act="gelu_new",
            layer_norm_eps=1e-05,
            num_key_value_heads=None,
            partial_rotary_factor=0.4,
            qk_layernorm=False,
            resid_pdrop=0.1,
            rope_scaling=None,
            rope_theta=10000.0,
            tie_word_embeddings=False,
        ),
        twin=True,
        kind="F16",
        vector_kind="F32",
        with_lens=True,
    ),
    Variant(
        "phi_qk_norm",
        model(
            "phi",
            24,
            (6, 2),
            31,
            hidden_act="gelu",
            layer_norm_eps=0.001,
            partial_rotary_factor=0.5,
            qk_layernorm=True,
            rope_scaling={"type": "linear", "factor": 2.0},
            rope_theta=500.0,
        ),
        kind="BF16",
        shards=2,
    ),
    Variant(
        "phi_whole_rotary",
        model(
            "phi",
            18,
            (3, 1),
            25,
            **V5,
            hidden_act="relu",
            qk_layernorm=True,
            rope_parameters={
                "partial_rotary_factor": 1.0,
                "rope_theta": 10000.0,
                "rope_type": "default",
            },
        ),
        kind="F16",
        vector_kind="F32",
        skew=3,
    ),
)

# As float32 holds them, so that GGUF files hold them too.
SHORT = [1.0, 1.0625, 1.25]
LONG = [1.125, 2.5, 6.75]


def phi3(
    width: int, heads: tuple[int, int], inner: int, **rest: Any
) -> dict[str, Any]:
    """Make a config.json as those of Phi-3; `rest` wins."""
    defaults = {
        "embd_pdrop": 0.0,
        "hidden_act": "silu",
        "original_max_position_embeddings": 16,
        "pad_token_id": 32,
        "resid_pdrop": 0.0,
        "rms_norm_eps": 1e-05,
        "rope_theta": 10000.0,
        "tie_word_embeddings": False,
    }
    return model("phi3", width, heads, inner, **{**defaults, **rest})


PHI3 = (
    Variant(
        "phi3_plain",
        phi3(
            24,
            (4, 4),
            37,
            max_position_embeddings=16,
            rope_scaling=None,
            sliding_window=5,
        ),
        twin=True,
        kind="F16",
        vector_kind="F32",
    ),
    Variant(
        "phi3_longrope_short",
        phi3(
            24,
            (4, 2),
            35,
            attention_bias=False,
            rope_scaling={
                "long_factor": LONG,
                "short_factor": SHORT,
                # The top-level key alone is in published files;
                # transformers 5 wants it here beside this type.
                "original_max_position_embeddings": 16,
                "type": "su",
            },
            sliding_window=None,
        ),
        twin=True,
        with_lens=True,
    ),
    Variant(
        "phi3_longrope_long",
        phi3(
            24,
            (4, 1),
            29,
            original_max_position_embeddings=8,
            rope_scaling={
                "long_factor": LONG,
                "short_factor": SHORT,
                "type": "longrope",
            },
            sliding_window=262144,
        ),
        kind="BF16",
        tokens=12,
        shards=2,
    ),
    Variant(
        "phi3_partial",
        # As Phi-4-mini: three quarters of a head turn, and a tied head.
        phi3(
            32,
            (4, 2),
            27,
            original_max_position_embeddings=8,
            partial_rotary_factor=0.75,
            rope_scaling={
                "long_factor": LONG,
                "short_factor": SHORT,
                "original_max_position_embeddings": 8,
                "type": "yarn",  # a name that it has had
            },
            sliding_window=4,
            tie_word_embeddings=True,
        ),
        kind="F16",
        vector_kind="F32",
        skew=5,
    ),
    Variant(
        "phi3_parameters",
        phi3(
            32,
            (4, 4),
            23,
            **V5,
            hidden_act="gelu",
            original_max_position_embeddings=16,
            rope_theta=...,
            rope_parameters={
                "long_factor": LONG,
                "short_factor": SHORT,
                "original_max_position_embeddings": 16,
                "partial_rotary_factor": 0.75,
                "rope_theta": 700.0,
                "rope_type": "longrope",
            },
        ),
        kind="BF16",
    ),
)

COHERE = (
    Variant(
        "cohere_plain",
        model(
            "cohere",
            24,
            (4, 4),
            37,
            attention_bias=False,
            hidden_act="silu",
            layer_norm_eps=1e-05,
            logit_scale=0.0625,
            pad_token_id=0,
            rope_theta=8000000.0,
            use_qk_norm=False,
        ),
        twin=True,
        kind="F16",
        vector_kind="F32",
        with_lens=True,
    ),
    Variant(
        "cohere_qk_norm",
        # As Command R+.
        model(
            "cohere",
            20,
            (5, 1),
            33,
            attention_bias=False,
            layer_norm_eps=0.01,
            logit_scale=0.8333333333333334,
            rope_theta=500.0,
            use_qk_norm=True,
        ),
        kind="F16",
        shards=2,
    ),
    Variant(
        "cohere_biased",
        model(
            "cohere",
            36,
            (6, 2),
            21,
            **V5,
            attention_bias=True,
            hidden_act="gelu_pytorch_tanh",
            logit_scale=1.5,
            rope_parameters={"rope_theta": 3000.0, "rope_type": "default"},
            tie_word_embeddings=False,
            use_qk_norm=True,
        ),
        kind="BF16",
        vector_kind="F32",
        skew=1,
    ),
    Variant(
        "cohere_qk_norm_groups",
        model(
            "cohere",
            24,
            (6, 2),
            33,
            logit_scale=0.25,
            rope_theta=75000.0,
            use_qk_norm=True,
        ),
        twin=True,
        kind="F16",
        vector_kind="F32",
    ),
)

STABLELM = (
    Variant(
        "stablelm_plain",
        model(
            "stablelm",
            32,
            (4, 4),
            35,
            hidden_act="silu",
            hidden_dropout=0.0,
            layer_norm_eps=1e-05,
            partial_rotary_factor=0.25,
            qk_layernorm=False,
            rope_scaling=None,
            rope_theta=10000,
            tie_word_embeddings=False,
            use_parallel_residual=False,
            use_qkv_bias=True,
        ),
        twin=True,
        kind="F16",
        vector_kind="F32",
        with_lens=True,
    ),
    Variant(
        "stablelm_parallel",
        # As the one with 12 billion.
        model(
            "stablelm",
            24,
            (6, 2),
            37,
            layer_norm_eps=1e-05,
            partial_rotary_factor=0.5,
            qk_layernorm=True,
            rope_theta=10000,
            use_parallel_residual=True,
            use_qkv_bias=False,
        ),
        twin=True,
        kind="F16",
        vector_kind="F32",
    ),
    Variant(
        "stablelm_norm_sequential",
        model(
            "stablelm",
            20,
            (5, 1),
            29,
            **V5,
            hidden_act="gelu",
            layer_norm_eps=0.01,
            qk_layernorm=True,
            rope_parameters={
                "partial_rotary_factor": 1.0,
                "rope_theta": 600.0,
                "rope_type": "default",
            },
            tie_word_embeddings=True,
            use_parallel_residual=False,
            use_qkv_bias=True,
        ),
        kind="BF16",
        vector_kind="F32",
        skew=7,
    ),
    Variant(
        "stablelm_parallel_plain",
        model(
            "stablelm",
            24,
            (3, 3),
            25,
            partial_rotary_factor=0.25,
            use_parallel_residual=True,
            use_qkv_bias=True,
        ),
        kind="F16",
        shards=2,
    ),
)

STARCODER2 = (
    Variant(
        "starcoder2_plain",
        model(
            "starcoder2",
            24,
            (6, 2),
            47,
            activation_function="gelu",  # transformers does not read it
            attention_softmax_in_fp32=True,
            hidden_act="gelu_pytorch_tanh",
            layer_norm_epsilon=1e-05,
            mlp_type="default",
            norm_epsilon=1e-05,
            norm_type="layer_norm",
            rope_theta=999999.4420358813,
            scale_attention_softmax_in_fp32=True,
            scale_attn_weights=True,
            sliding_window=4096,
            use_bias=True,
        ),
        twin=True,
        kind="F16",
        vector_kind="F32",
        with_lens=True,
    ),
    Variant(
        "starcoder2_unbiased",
        model(
            "starcoder2",
            20,
            (2, 1),
            33,
            embedding_dropout=0.1,
            hidden_act="gelu",
            norm_epsilon=0.001,
            num_hidden_layers=3,
            residual_dropout=0.1,
            rope_theta=100000,
            sliding_window=None,
            tie_word_embeddings=False,
            use_bias=False,
        ),
        kind="BF16",
        shards=3,
    ),
    Variant(
        "starcoder2_head_per_head",
        model(
            "starcoder2",
            18,
            (3, 3),
            25,
            **V5,
            hidden_act="silu",
            rope_parameters={"rope_theta": 300.0, "rope_type": "default"},
            sliding_window=4,
            tie_word_embeddings=True,
            use_bias=True,
        ),
        kind="F16",
        vector_kind="F32",
        skew=2,
    ),
)

VARIANTS = (*PHI, *COHERE, *STABLELM, *STARCODER2, *PHI3)
