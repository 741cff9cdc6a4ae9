"""The tiny models of `tiny_hf.py`: what each folder holds, as data.

Configs are written as they stand here, in the spellings of many versions of
transformers; which flags each one toggles is its name and its lines.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Variant:
    """One folder and what is special about its files."""

    name: str
    config: dict[str, Any]
    kind: str = "F32"  # storage of matrices
    vector_kind: str | None = None  # storage of norms and biases; None: kind
    # "as config": stored where untied. "equal", "different": stored though
    # tied; transformers 5 then does not tie if it differs, and warns.
    head: str = "as config"
    trunk: bool = True  # names with `transformer.` or `model.`
    buffers: bool = False  # masks or rotary frequencies of old files
    shards: int = 1
    skew: int = 0  # where the data begins, modulo 8
    files: dict[str, Any] = field(default_factory=dict)  # further JSON files
    tokens: int = 9
    std: float = 0.25
    embedding_std: float | None = None
    twin: str | None = None  # the type of matrices in NAME.gguf
    twin_head: bool = False  # NAME.gguf repeats the embeddings as the head
    with_lens: bool = False


def gpt2(width: int, heads: int, **rest: Any) -> dict[str, Any]:
    """Make a config.json of today's spelling; `rest` wins."""
    return {
        "model_type": "gpt2",
        "architectures": ["GPT2LMHeadModel"],
        "n_embd": width,
        "n_head": heads,
        "n_layer": 2,
        "n_positions": 16,
        "vocab_size": 67,
        "bos_token_id": 66,
        "eos_token_id": 66,
        **rest,
    }


def llama(width: int, heads: int, inner: int, **rest: Any) -> dict[str, Any]:
    """Make a config.json that every version reads; `rest` wins."""
    return {
        "model_type": "llama",
        "architectures": ["LlamaForCausalLM"],
        "hidden_size": width,
        "num_attention_heads": heads,
        "intermediate_size": inner,
        "num_hidden_layers": 2,
        "max_position_embeddings": 64,
        "vocab_size": 71,
        "rms_norm_eps": 1e-5,
        "bos_token_id": 1,
        "eos_token_id": 2,
        **rest,
    }


# As the hub's first GPT-2 has it, sizes apart.
GPT2_LEGACY = {
    "activation_function": "gelu_new",
    "attn_pdrop": 0.1,
    "bos_token_id": 66,
    "embd_pdrop": 0.1,
    "eos_token_id": 66,
    "initializer_range": 0.02,
    "layer_norm_epsilon": 1e-05,
    "model_type": "gpt2",
    "n_ctx": 9,
    "n_embd": 25,
    "n_head": 5,
    "n_layer": 2,
    "n_positions": 9,
    "resid_pdrop": 0.1,
    "summary_activation": None,
    "summary_first_dropout": 0.1,
    "summary_proj_to_labels": True,
    "summary_type": "cls_index",
    "summary_use_proj": True,
    "task_specific_params": {
        "text-generation": {"do_sample": True, "max_length": 50}
    },
    "vocab_size": 67,
}

GPT2 = (
    Variant(
        "gpt2_plain",
        gpt2(24, 3, dtype="float32", transformers_version="5.23.0"),
        twin="F32",
        with_lens=True,
    ),
    Variant(
        "gpt2_untied",
        gpt2(22, 2, tie_word_embeddings=False, torch_dtype="float16"),
        kind="F16",
        twin="F16",
        with_lens=True,
    ),
    Variant(
        "gpt2_inner_odd",
        gpt2(20, 2, n_inner=37, activation_function="gelu"),
        kind="BF16",
    ),
    Variant(
        "gpt2_unscaled",
        gpt2(18, 3, scale_attn_weights=False, activation_function="relu"),
        kind="F16",
        vector_kind="F32",
    ),
    Variant(
        "gpt2_layer_scaled",
        gpt2(
            14,
            2,
            n_layer=3,
            scale_attn_by_inverse_layer_idx=True,
            activation_function="silu",
        ),
    ),
    Variant(
        "gpt2_upcast",
        gpt2(
            20,
            4,
            reorder_and_upcast_attn=True,
            scale_attn_by_inverse_layer_idx=True,
            activation_function="gelu_fast",
        ),
        kind="BF16",
        shards=2,
    ),
    Variant(
        "gpt2_epsilon",
        gpt2(
            18,
            2,
            layer_norm_epsilon=0.01,
            activation_function="quick_gelu",
            n_inner=None,
        ),
        embedding_std=0.05,
        std=0.2,
        kind="BF16",
        vector_kind="F32",
    ),
    Variant(
        "gpt2_one_head",
        gpt2(
            21,
            1,
            n_positions=10,
            tie_word_embeddings=True,
            activation_function="gelu_pytorch_tanh",
        ),
        head="equal",
        tokens=10,
        kind="F16",
    ),
    Variant(
        "gpt2_legacy",
        GPT2_LEGACY,
        trunk=False,
        buffers=True,
        with_lens=True,
    ),
    Variant(
        "gpt2_sharded",
        gpt2(23, 1, activation_function="swish", n_layer=3, n_inner=29),
        kind="F16",
        shards=3,
        trunk=False,
    ),
    Variant(
        "gpt2_misaligned",
        # The names that other architectures use; transformers takes both.
        {
            "model_type": "gpt2",
            "hidden_size": 19,
            "num_attention_heads": 1,
            "num_hidden_layers": 2,
            "max_position_embeddings": 16,
            "n_inner": 45,
            "vocab_size": 67,
        },
        kind="BF16",
        vector_kind="F32",
        skew=3,
    ),
    Variant("gpt2_other_head", gpt2(16, 2), head="different", kind="F16"),
    Variant(
        "gpt2_q8_0",
        gpt2(32, 4, n_inner=64, n_layer=1),
        twin="Q8_0",
    ),
    Variant(
        "gpt2_q4_1",
        gpt2(32, 2, n_inner=64, n_layer=1),
        twin="Q4_1",
        twin_head=True,
        skew=1,
    ),
)

LLAMA = (
    Variant(
        "llama_plain",
        llama(
            20,
            2,
            30,
            num_key_value_heads=2,
            head_dim=10,
            hidden_act="silu",
            attention_bias=False,
            mlp_bias=False,
            attention_dropout=0.0,
            pretraining_tp=1,
            tie_word_embeddings=False,
            rope_parameters={"rope_theta": 10000.0, "rope_type": "default"},
            dtype="float32",
            transformers_version="5.23.0",
        ),
        twin="F32",
        with_lens=True,
    ),
    Variant(
        "llama_tied",
        llama(
            24,
            4,
            36,
            num_key_value_heads=2,
            rope_theta=100000.0,
            rope_scaling=None,
            tie_word_embeddings=True,
            torch_dtype="float16",
            eos_token_id=2,
        ),
        kind="F16",
        files={
            "generation_config.json": {
                "bos_token_id": 1,
                "eos_token_id": [2, 5, 7],
                "do_sample": True,
                "temperature": 0.6,
            }
        },
        twin="F16",
        with_lens=True,
    ),
    Variant(
        "llama_tie_absent",
        llama(18, 3, 25, num_key_value_heads=1, torch_dtype="bfloat16"),
        kind="BF16",
        twin="BF16",
    ),
    Variant(
        "llama_biases",
        llama(
            20,
            4,
            27,
            num_key_value_heads=2,
            head_dim=6,
            attention_bias=True,
            mlp_bias=True,
            tie_word_embeddings=True,
        ),
        kind="F16",
        twin="F16",
    ),
    Variant(
        "llama_attention_bias",
        llama(
            20, 2, 33, attention_bias=True, mlp_bias=False, rms_norm_eps=1e-3
        ),
        kind="F16",
        vector_kind="F32",
        embedding_std=0.02,
    ),
    Variant(
        "llama_mlp_bias",
        llama(15, 1, 23, head_dim=14, mlp_bias=True),
        kind="BF16",
    ),
    Variant(
        "llama_head_dim",
        llama(
            21,
            3,
            31,
            head_dim=14,
            num_key_value_heads=1,
            tie_word_embeddings=True,
        ),
        kind="F16",
        trunk=False,
    ),
    Variant(
        "llama_linear_legacy",
        llama(
            24,
            2,
            20,
            rope_scaling={"type": "linear", "factor": 2.5},
            rope_theta=5000.0,
        ),
        kind="F16",
        twin="F16",
    ),
    Variant(
        "llama_linear",
        llama(
            24,
            2,
            20,
            rope_parameters={
                "rope_type": "linear",
                "factor": 4.0,
                "rope_theta": 50000.0,
            },
        ),
        kind="BF16",
    ),
    Variant(
        "llama_llama3_legacy",
        llama(
            32,
            2,
            24,
            num_key_value_heads=1,
            rope_theta=500000.0,
            rope_scaling={
                "factor": 8.0,
                "high_freq_factor": 4.0,
                "low_freq_factor": 1.0,
                "original_max_position_embeddings": 16,
                "rope_type": "llama3",
            },
            tie_word_embeddings=True,
        ),
        kind="BF16",
        tokens=13,
    ),
    Variant(
        "llama_llama3",
        llama(
            28,
            2,
            22,
            head_dim=18,
            rope_parameters={
                "factor": 32.0,
                "high_freq_factor": 4.0,
                "low_freq_factor": 1.0,
                "original_max_position_embeddings": 32,
                "rope_theta": 1000.0,
                "rope_type": "llama3",
            },
            tie_word_embeddings=True,
        ),
        kind="F16",
        tokens=13,
    ),
    Variant(
        "llama_nulls",
        llama(
            20,
            2,
            26,
            head_dim=None,
            num_key_value_heads=None,
            rope_scaling=None,
            pretraining_tp=None,
            bos_token_id=None,
            eos_token_id=None,
            pad_token_id=None,
            quantization_config=None,
            rope_parameters=None,
        ),
        kind="F16",
        skew=1,
    ),
    # As the first Llama folders: no new keys, rotary buffers, shards.
    Variant(
        "llama_first",
        {
            key: value
            for key, value in llama(
                20, 2, 24, max_sequence_length=64, rms_norm_eps=1e-6
            ).items()
            if key != "architectures"
        },
        kind="F16",
        buffers=True,
        shards=3,
        skew=2,
    ),
    Variant(
        "llama_gelu",
        llama(16, 2, 26, hidden_act="gelu", pretraining_tp=2),
        kind="BF16",
    ),
    Variant(
        "llama_relu",
        llama(
            16,
            2,
            26,
            hidden_act="relu",
            rope_scaling={"rope_type": "default"},
        ),
        kind="F16",
    ),
    Variant(
        "llama_gelu_tanh",
        llama(
            16,
            2,
            26,
            hidden_act="gelu_pytorch_tanh",
            rope_theta=300.0,
            rope_parameters={"rope_type": "default"},
        ),
        kind="F16",
    ),
    Variant(
        "llama_misaligned",
        llama(17, 1, 21, head_dim=12, tie_word_embeddings=True),
        skew=5,
        vector_kind="BF16",
    ),
    Variant(
        "llama_other_head",
        llama(16, 2, 20, tie_word_embeddings=True),
        head="different",
        kind="BF16",
    ),
    Variant(
        "llama_q8_0",
        llama(
            32,
            4,
            32,
            num_key_value_heads=2,
            num_hidden_layers=1,
            tie_word_embeddings=True,
        ),
        twin="Q8_0",
    ),
    Variant(
        "llama_q5_1",
        llama(32, 2, 64, num_key_value_heads=1, num_hidden_layers=1),
        twin="Q5_1",
    ),
)
