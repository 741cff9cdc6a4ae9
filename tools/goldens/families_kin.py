"""Tiny models of olmo2, smollm3 and granite: more of Llama's kin."""

from families_llama import V5, llama_like
from families_variant import Variant

OLMO2 = (
    Variant(
        "olmo2_plain",
        llama_like(
            "olmo2",
            24,
            (4, 4),
            38,
            attention_bias=False,
            rms_norm_eps=1e-06,
            rope_scaling=None,
            rope_theta=500000,
            tie_word_embeddings=False,
        ),
        twin=True,
        kind="F16",
        vector_kind="F32",
        with_lens=True,
    ),
    Variant(
        "olmo2_groups",
        llama_like("olmo2", 24, (6, 2), 27, attention_bias=True),
        kind="BF16",
        skew=2,
    ),
    Variant(
        "olmo2_tied",
        llama_like(
            "olmo2",
            20,
            (2, 1),
            33,
            **V5,
            hidden_act="gelu",
            tie_word_embeddings=True,
            rope_parameters={
                "rope_type": "linear",
                "factor": 2.0,
                "rope_theta": 700.0,
            },
        ),
        kind="F16",
        shards=2,
    ),
)

SMOLLM3 = (
    Variant(
        "smollm3_plain",
        llama_like(
            "smollm3",
            24,
            (4, 2),
            41,
            attention_bias=False,
            layer_types=["full_attention"] * 4,
            max_window_layers=28,
            mlp_bias=False,
            no_rope_layer_interval=4,
            no_rope_layers=[1, 1, 1, 0],
            num_hidden_layers=4,
            pretraining_tp=2,
            rms_norm_eps=1e-06,
            rope_scaling=None,
            rope_theta=5000000.0,
            sliding_window=None,
            use_sliding_window=False,
        ),
        twin=True,
        kind="F16",
        vector_kind="F32",
        with_lens=True,
    ),
    Variant(
        "smollm3_interval",
        # The interval alone, the class's own theta, and windows on the layers
        # without RoPE.
        llama_like(
            "smollm3",
            28,
            (2, 2),
            31,
            attention_bias=True,
            no_rope_layer_interval=2,
            num_hidden_layers=3,
            rope_theta=...,
            sliding_window=4,
            use_sliding_window=True,
            tie_word_embeddings=True,
        ),
        kind="BF16",
        shards=2,
    ),
    Variant(
        "smollm3_untied",
        llama_like(
            "smollm3",
            20,
            (5, 1),
            29,
            **V5,
            layer_types=["sliding_attention", "full_attention"],
            mlp_bias=True,
            no_rope_layers=[0, 1],
            rope_parameters={"rope_type": "default", "rope_theta": 2000.0},
            sliding_window=3,
            use_sliding_window=True,
            tie_word_embeddings=False,
        ),
        kind="F16",
        vector_kind="F32",
        skew=6,
    ),
)

GRANITE = (
    Variant(
        "granite_plain",
        llama_like(
            "granite",
            24,
            (4, 2),
            39,
            attention_bias=False,
            attention_dropout=0.1,
            attention_multiplier=0.0625,
            embedding_multiplier=12.0,
            logits_scaling=8.0,
            mlp_bias=False,
            residual_multiplier=0.22,
            rope_scaling=None,
            rope_theta=10000000.0,
            tie_word_embeddings=True,
        ),
        embedding_std=0.1,
        twin=True,
        kind="F16",
        vector_kind="F32",
        with_lens=True,
    ),
    Variant(
        "granite_biases",
        llama_like(
            "granite",
            20,
            (5, 5),
            33,
            attention_bias=True,
            attention_multiplier=0.5,
            embedding_multiplier=3.25,
            logits_scaling=0.75,
            mlp_bias=True,
            residual_multiplier=1.5,
            tie_word_embeddings=False,
        ),
        kind="BF16",
        skew=4,
    ),
    Variant(
        "granite_defaults",
        # No multiplier at all: each is 1, the scale of attention too.
        llama_like("granite", 18, (3, 1), 21, **V5),
        std=0.2,
        kind="F16",
        shards=2,
        vector_kind="F32",
    ),
)

VARIANTS = (*OLMO2, *GRANITE, *SMOLLM3)
