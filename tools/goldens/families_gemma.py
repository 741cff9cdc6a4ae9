"""Tiny models of gemma, gemma2, gemma3_text, and of gemma3's text part."""

from typing import Any

from families_variant import Variant, settings

BASE = {
    "attention_bias": False,
    "attention_dropout": 0.0,
    "bos_token_id": 2,
    "eos_token_id": 1,
    "hidden_activation": "gelu_pytorch_tanh",
    "initializer_range": 0.02,
    "max_position_embeddings": 64,
    "num_hidden_layers": 2,
    "pad_token_id": 0,
    "rms_norm_eps": 1e-06,
    "rope_theta": 10000.0,
    "torch_dtype": "float32",
    "transformers_version": "4.50.0",
    "use_cache": True,
    "vocab_size": 52,
}
V5 = {"torch_dtype": ..., "dtype": "float32", "transformers_version": "5.2.0"}
CLASSES = {
    "gemma": "GemmaForCausalLM",
    "gemma2": "Gemma2ForCausalLM",
    "gemma3_text": "Gemma3ForCausalLM",
}


def gemma(
    model_type: str,
    width: int,
    heads: tuple[int, int],
    head_dim: int,
    inner: int,
    **rest: Any,
) -> dict[str, Any]:
    """Make a config.json of one of these families; `rest` wins."""
    sizes = {
        "head_dim": head_dim,
        "hidden_size": width,
        "intermediate_size": inner,
        "num_attention_heads": heads[0],
        "num_key_value_heads": heads[1],
    }
    defaults = {**BASE, **sizes}
    return settings(model_type, CLASSES[model_type], defaults, **rest)


GEMMA = (
    Variant(
        "gemma_plain",
        gemma(
            "gemma",
            24,
            (4, 1),
            10,
            41,
            hidden_act="gelu",  # which transformers reads as tanh
            hidden_activation=None,
            rope_scaling=None,
        ),
        twin=True,
        with_lens=True,
    ),
    Variant(
        "gemma_groups",
        gemma(
            "gemma",
            18,
            (6, 2),
            4,
            27,
            attention_bias=True,
            hidden_act="gelu_pytorch_tanh",
            hidden_activation=...,
            rms_norm_eps=0.001,
            rope_theta=500.0,
        ),
        kind="BF16",
        shards=2,
    ),
    Variant(
        "gemma_untied",
        gemma(
            "gemma",
            20,
            (2, 2),
            8,
            33,
            **V5,
            hidden_act="silu",
            hidden_activation=...,
            rope_parameters={"rope_theta": 3000.0, "rope_type": "default"},
            rope_theta=...,
            tie_word_embeddings=False,
        ),
        kind="F16",
        vector_kind="F32",
        skew=3,
    ),
    Variant(
        "gemma_repeated_head",
        gemma("gemma", 16, (2, 1), 6, 21, hidden_activation=None),
        repeat_head=True,
        kind="BF16",
    ),
)

GEMMA2 = (
    Variant(
        "gemma2_plain",
        gemma(
            "gemma2",
            24,
            (4, 2),
            8,
            37,
            attn_logit_softcapping=50.0,
            cache_implementation="hybrid",
            final_logit_softcapping=30.0,
            hidden_act="gelu_pytorch_tanh",
            query_pre_attn_scalar=8,
            sliding_window=4,
            sliding_window_size=4,
            num_hidden_layers=3,
        ),
        twin=True,
        kind="F16",
        vector_kind="F32",
        with_lens=True,
    ),
    Variant(
        "gemma2_tight_caps",
        # Caps that bite, a scale that is not the head's, groups of three.
        gemma(
            "gemma2",
            18,
            (6, 2),
            6,
            25,
            attn_logit_softcapping=2.0,
            final_logit_softcapping=3.0,
            hidden_act="relu",  # transformers does not read it
            query_pre_attn_scalar=3,
            sliding_window=5,
        ),
        kind="BF16",
        shards=2,
    ),
    Variant(
        "gemma2_uncapped",
        gemma(
            "gemma2",
            20,
            (2, 1),
            14,
            31,
            **V5,
            attention_bias=True,
            attn_logit_softcapping=None,
            final_logit_softcapping=None,
            hidden_activation="gelu",
            layer_types=["full_attention", "sliding_attention"],
            query_pre_attn_scalar=14,
            rope_parameters={"rope_theta": 700.0, "rope_type": "default"},
            rope_theta=...,
            sliding_window=3,
            tie_word_embeddings=False,
        ),
        kind="F16",
        vector_kind="F32",
        skew=5,
    ),
)

GEMMA3_TEXT = (
    Variant(
        "gemma3_text_pattern",
        # As the smallest: every sixth layer looks at everything.
        gemma(
            "gemma3_text",
            16,
            (2, 1),
            8,
            19,
            attn_logit_softcapping=None,
            cache_implementation="hybrid",
            final_logit_softcapping=None,
            num_hidden_layers=7,
            query_pre_attn_scalar=8,
            rope_local_base_freq=10000.0,
            rope_scaling=None,
            rope_theta=1000000.0,
            sliding_window=4,
            sliding_window_pattern=6,
        ),
        twin=True,
        kind="F16",
        vector_kind="F32",
        with_lens=True,
    ),
    Variant(
        "gemma3_text_linear",
        # As those from 4 billion on: the global rope is stretched.
        gemma(
            "gemma3_text",
            18,
            (6, 2),
            6,
            23,
            query_pre_attn_scalar=5,
            rope_local_base_freq=500.0,
            rope_scaling={"factor": 8.0, "rope_type": "linear"},
            rope_theta=1000000.0,
            num_hidden_layers=4,
            sliding_window=3,
            sliding_window_pattern=2,
        ),
        kind="BF16",
        shards=2,
    ),
    Variant(
        "gemma3_text_parameters",
        gemma(
            "gemma3_text",
            20,
            (4, 4),
            6,
            21,
            **V5,
            _sliding_window_pattern=6,
            attention_bias=True,
            final_logit_softcapping=4.0,
            hidden_activation="gelu",
            layer_types=[
                "full_attention",
                "sliding_attention",
                "sliding_attention",
            ],
            num_hidden_layers=3,
            query_pre_attn_scalar=12,
            rope_parameters={
                "full_attention": {
                    "factor": 2.0,
                    "rope_theta": 4000.0,
                    "rope_type": "linear",
                },
                "sliding_attention": {
                    "rope_theta": 100.0,
                    "rope_type": "default",
                },
            },
            rope_theta=...,
            sliding_window=5,
            tie_word_embeddings=False,
            use_bidirectional_attention=False,
        ),
        kind="F16",
        vector_kind="F32",
        skew=1,
    ),
)

VISION = {
    "hidden_size": 8,
    "image_size": 8,
    "intermediate_size": 10,
    "model_type": "siglip_vision_model",
    "num_attention_heads": 2,
    "num_hidden_layers": 1,
    "patch_size": 4,
    "vision_use_head": False,
}


def multimodal(text: dict[str, Any], **rest: Any) -> dict[str, Any]:
    """Make a config.json of a model with images; `rest` wins."""
    defaults = {
        "boi_token_index": 50,
        "eoi_token_index": 51,
        "eos_token_id": [1, 3],
        "image_token_index": 49,
        "initializer_range": 0.02,
        "mm_tokens_per_image": 4,
        "text_config": {"model_type": "gemma3_text", **text},
        "torch_dtype": "float32",
        "transformers_version": "4.50.0.dev0",
        "vision_config": VISION,
    }
    name = "Gemma3ForConditionalGeneration"
    return settings("gemma3", name, defaults, **rest)


TEXT = {
    "head_dim": 8,
    "hidden_size": 16,
    "intermediate_size": 27,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "vocab_size": 52,
}

GEMMA3 = (
    Variant(
        "gemma3_old_names",
        # As published in 2025, few keys and the class's own values for the
        # rest.
        multimodal(
            {
                **TEXT,
                "num_hidden_layers": 3,
                "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
                "sliding_window": 4,
                "sliding_window_pattern": 3,
            }
        ),
        kind="BF16",
        with_lens=True,
        renames=(
            (r"^model\.language_model\.", "language_model.model."),
            (r"^language_model\.(?!model\.)", "language_model.model."),
            (r"^lm_head\.", "language_model.lm_head."),
            (r"^model\.(vision|multi)", r"\1"),
            (r"^vision_tower\.", "vision_tower.vision_model."),
        ),
    ),
    Variant(
        "gemma3_new_names",
        multimodal(
            {
                **TEXT,
                "layer_types": ["sliding_attention", "full_attention"],
                "num_hidden_layers": 2,
                "query_pre_attn_scalar": 8,
                "rope_parameters": {
                    "full_attention": {
                        "factor": 8.0,
                        "rope_theta": 1000000.0,
                        "rope_type": "linear",
                    },
                    "sliding_attention": {
                        "rope_theta": 10000.0,
                        "rope_type": "default",
                    },
                },
                "sliding_window": 3,
            },
            **V5,
        ),
        kind="F16",
        renames=(
            (r"^language_model\.model\.", "model.language_model."),
            (r"^language_model\.", "model.language_model."),
            (r"^(vision|multi)", r"model.\1"),
        ),
        shards=2,
    ),
    Variant(
        "gemma3_defaults",
        # Head counts and sizes that only the class knows would be large;
        # these are what a config may leave out at this size.
        multimodal(
            {
                **TEXT,
                "num_hidden_layers": 2,
                "rms_norm_eps": 0.001,
                "rope_local_base_freq": 300.0,
                "rope_theta": 2000.0,
                "sliding_window": 5,
                "sliding_window_pattern": 2,
            },
            tie_word_embeddings=True,
        ),
        vector_kind="F32",
        kind="BF16",
        skew=3,
    ),
)

VARIANTS = (*GEMMA, *GEMMA2, *GEMMA3_TEXT, *GEMMA3)
