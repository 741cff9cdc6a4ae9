"""Random Llama weights by Hugging Face name, and the same as GGUF."""

import numpy as np
from gguf import GGUFWriter, RopeScalingType
from gguf_llama import BLOCK_NAMES, GLOBAL_NAMES, permute, unpermute
from transformers import LlamaConfig

TRUNK = "model."
TO_GGUF = {hf: part for part, hf in (BLOCK_NAMES | GLOBAL_NAMES).items()}


def random_state(
    config: LlamaConfig, random: np.random.Generator, std: float
) -> dict[str, np.ndarray]:
    """Draw all weights but the head.

    Parameters
    ----------
    config
        Sizes.
    random
        Source of random numbers.
    std
        Standard deviation; of norm weights around 1, of others around 0.

    Returns
    -------
    dict of str to numpy.ndarray
        float32 weights by name, `model.` included.
    """
    width, inner = config.hidden_size, config.intermediate_size
    rows_q = config.num_attention_heads * config.head_dim
    rows_kv = config.num_key_value_heads * config.head_dim
    state: dict[str, np.ndarray] = {}

    def draw(name: str, *shape: int, mean: float = 0.0) -> None:
        values = mean + std * random.standard_normal(shape)
        state[f"{TRUNK}{name}"] = values.astype(np.float32)

    def linear(name: str, rows: int, columns: int, bias: bool) -> None:
        draw(f"{name}.weight", rows, columns)
        if bias:
            draw(f"{name}.bias", rows)

    draw("embed_tokens.weight", config.vocab_size, width)
    for layer in range(config.num_hidden_layers):
        block = f"layers.{layer}"
        draw(f"{block}.input_layernorm.weight", width, mean=1.0)
        draw(f"{block}.post_attention_layernorm.weight", width, mean=1.0)
        attention, mlp = f"{block}.self_attn", f"{block}.mlp"
        for part, rows, columns in (
            ("q_proj", rows_q, width),
            ("k_proj", rows_kv, width),
            ("v_proj", rows_kv, width),
            ("o_proj", width, rows_q),
        ):
            linear(f"{attention}.{part}", rows, columns, config.attention_bias)
        for part, rows, columns in (
            ("gate_proj", inner, width),
            ("up_proj", inner, width),
            ("down_proj", width, inner),
        ):
            linear(f"{mlp}.{part}", rows, columns, config.mlp_bias)
    draw("norm.weight", width, mean=1.0)
    return state


def buffers(config: LlamaConfig) -> dict[str, tuple[str, np.ndarray]]:
    """Give the rotary frequencies that old checkpoints hold."""
    steps = np.arange(0, config.head_dim, 2) / config.head_dim
    theta = config.rope_parameters["rope_theta"]
    frequencies = (1.0 / theta**steps).astype(np.float32)
    return {
        f"{TRUNK}layers.{layer}.self_attn.rotary_emb.inv_freq": (
            "F32",
            frequencies,
        )
        for layer in range(config.num_hidden_layers)
    }


def gguf_name(name: str) -> str:
    """Translate `model.layers.3.mlp.up_proj.bias` to `blk.3.ffn_up.bias`."""
    stem, kind = name.rsplit(".", 1)
    if stem in TO_GGUF:
        return f"{TO_GGUF[stem]}.{kind}"
    layer, part = stem.removeprefix(f"{TRUNK}layers.").split(".", 1)
    return f"blk.{layer}.{TO_GGUF[part]}.{kind}"


def _permuted_heads(name: str, config: LlamaConfig) -> int:
    """Give the number of heads whose rows the converter permutes, or 0."""
    if ".q_proj." in name:
        return config.num_attention_heads
    return config.num_key_value_heads if ".k_proj." in name else 0


def to_gguf(name: str, values: np.ndarray, config: LlamaConfig) -> np.ndarray:
    """Arrange a tensor as the converter does."""
    heads = _permuted_heads(name, config)
    return permute(values, heads) if heads else values


def from_gguf(name: str, values: np.ndarray, config: LlamaConfig) -> np.ndarray:
    """Undo `to_gguf`."""
    heads = _permuted_heads(name, config)
    return unpermute(values, heads) if heads else values


def add_keys(writer: GGUFWriter, config: LlamaConfig) -> None:
    """Add the keys of the converter to `writer`."""
    writer.add_vocab_size(config.vocab_size)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    rope = config.rope_parameters
    writer.add_rope_freq_base(rope["rope_theta"])
    if rope["rope_type"] == "linear":
        writer.add_rope_scaling_type(RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope["factor"])
