"""Tiny models of the older families: gpt_neox, gpt_neo, gptj, opt, bloom,
falcon."""

from typing import Any

from families_variant import Variant, settings

STAMP = {"torch_dtype": "float32", "transformers_version": "4.30.2"}
V5 = {"torch_dtype": ..., "dtype": "float32", "transformers_version": "5.2.0"}


def neox(width: int, heads: int, inner: int, **rest: Any) -> dict[str, Any]:
    """Make a config.json as Pythia's; `rest` wins."""
    defaults = {
        **STAMP,
        "bos_token_id": 0,
        "eos_token_id": 0,
        "hidden_act": "gelu",
        "hidden_size": width,
        "initializer_range": 0.02,
        "intermediate_size": inner,
        "layer_norm_eps": 1e-05,
        "max_position_embeddings": 32,
        "num_attention_heads": heads,
        "num_hidden_layers": 2,
        "rotary_emb_base": 10000,
        "rotary_pct": 0.25,
        "tie_word_embeddings": False,
        "use_cache": True,
        "use_parallel_residual": True,
        "vocab_size": 50,
    }
    return settings("gpt_neox", "GPTNeoXForCausalLM", defaults, **rest)


NEOX = (
    Variant(
        "gpt_neox_pythia",
        neox(32, 4, 40, max_position_embeddings=16),
        buffers={
            "attention.bias": (1, 1, 16, 16),
            "attention.masked_bias": (),
            "attention.rotary_emb.inv_freq": (1,),
        },
        twin=True,
        with_lens=True,
    ),
    Variant(
        "gpt_neox_sequential",
        neox(
            20,
            2,
            45,
            attention_bias=True,
            hidden_act="gelu_fast",
            hidden_dropout=0.1,
            rotary_emb_base=500,
            rotary_pct=1.0,
            tie_word_embeddings=True,
            use_parallel_residual=False,
        ),
        kind="F16",
        shards=2,
    ),
    Variant(
        "gpt_neox_unbiased",
        neox(
            24,
            3,
            31,
            **V5,
            attention_bias=False,
            hidden_act="quick_gelu",
            layer_norm_eps=0.01,
            rope_parameters={
                "partial_rotary_factor": 0.5,
                "rope_theta": 2000.0,
                "rope_type": "linear",
                "factor": 2.0,
            },
            rotary_emb_base=...,
            rotary_pct=...,
        ),
        kind="BF16",
        vector_kind="F32",
        skew=3,
    ),
)


def neo(width: int, heads: int, **rest: Any) -> dict[str, Any]:
    """Make a config.json as GPT-Neo's; `rest` wins."""
    defaults = {
        **STAMP,
        "activation_function": "gelu_new",
        "attention_dropout": 0,
        "attention_layers": ["global", "local"],
        "attention_types": [[["global", "local"], 1]],
        "bos_token_id": 46,
        "embed_dropout": 0,
        "eos_token_id": 46,
        "gradient_checkpointing": False,
        "hidden_size": width,
        "initializer_range": 0.02,
        "intermediate_size": None,
        "layer_norm_epsilon": 1e-05,
        "max_position_embeddings": 16,
        "num_heads": heads,
        "num_layers": 2,
        "resid_dropout": 0,
        "summary_activation": None,
        "summary_first_dropout": 0.1,
        "summary_proj_to_labels": True,
        "summary_type": "cls_index",
        "summary_use_proj": True,
        "use_cache": True,
        "vocab_size": 47,
        "window_size": 4,
    }
    return settings("gpt_neo", "GPTNeoForCausalLM", defaults, **rest)


NEO = (
    Variant(
        "gpt_neo_plain",
        neo(20, 4),
        buffers={
            "attn.attention.bias": (1, 1, 16, 16),
            "attn.attention.masked_bias": (),
        },
        with_lens=True,
    ),
    Variant(
        "gpt_neo_types",
        neo(
            22,
            2,
            activation_function="gelu",
            attention_layers=...,
            attention_types=[[["local"], 2], [["global"], 1]],
            intermediate_size=37,
            num_layers=3,
            window_size=1,
        ),
        kind="F16",
        shards=2,
        renames=((r"^transformer\.", ""),),
    ),
    Variant(
        "gpt_neo_untied",
        neo(
            18,
            3,
            **V5,
            activation_function="relu",
            layer_norm_epsilon=0.001,
            tie_word_embeddings=False,
            window_size=256,
        ),
        kind="BF16",
        vector_kind="F32",
        skew=5,
        tokens=16,
    ),
)


def gptj(width: int, heads: int, **rest: Any) -> dict[str, Any]:
    """Make a config.json as GPT-J's; `rest` wins."""
    defaults = {
        **STAMP,
        "activation_function": "gelu_new",
        "attn_pdrop": 0.0,
        "bos_token_id": 46,
        "embd_pdrop": 0.0,
        "eos_token_id": 46,
        "gradient_checkpointing": False,
        "initializer_range": 0.02,
        "layer_norm_epsilon": 1e-05,
        "n_embd": width,
        "n_head": heads,
        "n_inner": None,
        "n_layer": 2,
        "n_positions": 32,
        "resid_pdrop": 0.0,
        "rotary": True,
        "rotary_dim": 4,
        "scale_attn_weights": True,
        "tie_word_embeddings": False,
        "tokenizer_class": "GPT2Tokenizer",
        "use_cache": True,
        "vocab_size": 49,
    }
    return settings("gptj", "GPTJForCausalLM", defaults, **rest)


GPTJ = (
    Variant(
        "gptj_plain",
        gptj(24, 4, n_positions=16),
        buffers={
            "attn.bias": (1, 1, 16, 16),
            "attn.masked_bias": (),
        },
        with_lens=True,
    ),
    Variant(
        "gptj_inner",
        gptj(
            20,
            2,
            activation_function="gelu",
            n_inner=43,
            rotary_dim=10,
            scale_attn_weights=False,  # transformers does not read it
        ),
        kind="F16",
        shards=2,
    ),
    Variant(
        "gptj_tied",
        gptj(
            18,
            3,
            **V5,
            activation_function="silu",
            layer_norm_epsilon=0.01,
            rotary_dim=2,
            tie_word_embeddings=True,
        ),
        kind="BF16",
        vector_kind="F32",
        skew=1,
    ),
)


def opt(width: int, heads: int, inner: int, **rest: Any) -> dict[str, Any]:
    """Make a config.json as OPT's; `rest` wins."""
    defaults = {
        **STAMP,
        "_remove_final_layer_norm": False,
        "activation_dropout": 0.0,
        "activation_function": "relu",
        "attention_dropout": 0.0,
        "bos_token_id": 2,
        "do_layer_norm_before": True,
        "dropout": 0.1,
        "eos_token_id": 2,
        "ffn_dim": inner,
        "hidden_size": width,
        "init_std": 0.02,
        "layerdrop": 0.0,
        "max_position_embeddings": 16,
        "num_attention_heads": heads,
        "num_hidden_layers": 2,
        "pad_token_id": 1,
        "prefix": "</s>",
        "use_cache": True,
        "vocab_size": 48,
        "word_embed_proj_dim": width,
    }
    return settings("opt", "OPTForCausalLM", defaults, **rest)


OPT = (
    Variant("opt_plain", opt(20, 4, 45), with_lens=True),
    Variant(
        "opt_post_norm",
        # As the one with 350 million: norms behind, projections, no norm at
        # the end.
        opt(24, 3, 33, do_layer_norm_before=False, word_embed_proj_dim=14),
        kind="F16",
        renames=((r"^model\.", ""),),
        with_lens=True,
    ),
    Variant(
        "opt_unbiased",
        opt(
            22,
            2,
            31,
            activation_function="gelu",
            enable_bias=False,
            layer_norm_elementwise_affine=False,
            word_embed_proj_dim=30,
        ),
        kind="BF16",
        shards=2,
    ),
    Variant(
        "opt_no_final_norm",
        opt(
            18,
            1,
            27,
            **V5,
            _remove_final_layer_norm=True,
            enable_bias=True,
            layer_norm_elementwise_affine=True,
            tie_word_embeddings=False,
        ),
        kind="F16",
        vector_kind="F32",
        skew=6,
        tokens=14,
    ),
)


def bloom(width: int, heads: int, **rest: Any) -> dict[str, Any]:
    """Make a config.json as BLOOM's; `rest` wins."""
    defaults = {
        **STAMP,
        "apply_residual_connection_post_layernorm": False,
        "attention_dropout": 0.0,
        "attention_softmax_in_fp32": True,
        "bias_dropout_fusion": True,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "hidden_dropout": 0.0,
        "hidden_size": width,
        "initializer_range": 0.02,
        "layer_norm_epsilon": 1e-05,
        "masked_softmax_fusion": True,
        "n_head": heads,
        "n_inner": None,
        "n_layer": 2,
        "offset_alibi": 100,
        "pad_token_id": 3,
        "pretraining_tp": 2,
        "skip_bias_add": True,
        "skip_bias_add_qkv": False,
        "slow_but_exact": False,
        "unk_token_id": 0,
        "use_cache": True,
        "vocab_size": 52,
    }
    return settings("bloom", "BloomForCausalLM", defaults, **rest)


BLOOM = (
    Variant(
        "bloom_plain",
        bloom(24, 4),
        renames=((r"^transformer\.", ""),),
        twin=True,
        kind="F16",
        vector_kind="F32",
        with_lens=True,
    ),
    Variant(
        "bloom_six_heads",
        bloom(
            30,
            6,
            apply_residual_connection_post_layernorm=True,
            seq_length=32,
        ),
        kind="F16",
        shards=2,
    ),
    Variant(
        "bloom_three_heads",
        bloom(
            21,
            3,
            **V5,
            layer_norm_epsilon=0.01,
            n_layer=3,
            tie_word_embeddings=False,
        ),
        kind="BF16",
        vector_kind="F32",
        skew=7,
    ),
    Variant("bloom_eleven_heads", bloom(22, 11, n_layer=1), kind="BF16"),
)


def falcon(width: int, heads: int, **rest: Any) -> dict[str, Any]:
    """Make a config.json as Falcon 7B's; `rest` wins."""
    defaults = {
        **STAMP,
        "alibi": False,
        "apply_residual_connection_post_layernorm": False,
        "attention_dropout": 0.0,
        "bias": False,
        "bos_token_id": 11,
        "eos_token_id": 11,
        "hidden_dropout": 0.0,
        "hidden_size": width,
        "initializer_range": 0.02,
        "layer_norm_epsilon": 1e-05,
        "multi_query": True,
        "new_decoder_architecture": False,
        "num_attention_heads": heads,
        "num_hidden_layers": 2,
        "parallel_attn": True,
        "use_cache": True,
        "vocab_size": 53,
    }
    return settings("falcon", "FalconForCausalLM", defaults, **rest)


FALCON = (
    Variant(
        "falcon_7b",
        falcon(24, 3),
        twin=True,
        # With one head of keys transformers counts as many as of queries.
        twin_config={"num_kv_heads": 1},
        with_lens=True,
    ),
    Variant(
        "falcon_40b",
        falcon(
            24,
            6,
            multi_query=False,
            new_decoder_architecture=True,
            num_kv_heads=2,
        ),
        twin=True,
        kind="F16",
        vector_kind="F32",
    ),
    Variant(
        "falcon_one_norm",
        # As the one with 11 billion: groups, but a shared norm.
        falcon(
            24,
            6,
            **V5,
            activation="gelu_pytorch_tanh",
            bias=True,
            ffn_hidden_size=39,
            max_position_embeddings=64,
            new_decoder_architecture=True,
            num_kv_heads=3,
            num_ln_in_parallel_attn=1,
            rope_parameters={"rope_type": "default", "rope_theta": 700.0},
            tie_word_embeddings=False,
        ),
        kind="BF16",
        shards=2,
    ),
    Variant(
        "falcon_sequential",
        falcon(20, 2, multi_query=False, parallel_attn=False, rope_theta=500.0),
        kind="F16",
        skew=3,
    ),
    Variant(
        "falcon_alibi",
        # As the RW models: ALiBi, biases, one norm after the other.
        falcon(
            24,
            4,
            alibi=True,
            bias=True,
            multi_query=False,
            parallel_attn=False,
        ),
        attention="sdpa",
        kind="BF16",
        vector_kind="F32",
        repeat_head=True,
    ),
    Variant(
        "falcon_alibi_parallel",
        falcon(24, 6, alibi=True, activation="relu"),
        attention="sdpa",
        kind="F16",
    ),
)

VARIANTS = (*NEOX, *GPTJ, *NEO, *OPT, *FALCON, *BLOOM)
