"""Random GPT-2 weights by Hugging Face name, and the same as GGUF."""

import numpy as np
from gguf import GGUFWriter
from transformers import GPT2Config

TRUNK = "transformer."
# Storage per projection: Conv1D keeps [in, out], GGUF [out, in].
CONV1D = ("attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj")
BLOCK_NAMES = {
    "ln_1": "attn_norm",
    "attn.c_attn": "attn_qkv",
    "attn.c_proj": "attn_output",
    "ln_2": "ffn_norm",
    "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down",
}
GLOBAL_NAMES = {
    "transformer.wte": "token_embd",
    "transformer.wpe": "position_embd",
    "transformer.ln_f": "output_norm",
    "lm_head": "output",
}


def random_state(
    config: GPT2Config, random: np.random.Generator, std: float
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
        float32 weights by name, `transformer.` included.
    """
    width = config.n_embd
    inner = config.n_inner or 4 * width
    state: dict[str, np.ndarray] = {}

    def draw(name: str, *shape: int, mean: float = 0.0) -> None:
        values = mean + std * random.standard_normal(shape)
        state[f"{TRUNK}{name}"] = values.astype(np.float32)

    def norm(name: str) -> None:
        draw(f"{name}.weight", width, mean=1.0)
        draw(f"{name}.bias", width)

    draw("wte.weight", config.vocab_size, width)
    draw("wpe.weight", config.n_positions, width)
    for layer in range(config.n_layer):
        norm(f"h.{layer}.ln_1")
        norm(f"h.{layer}.ln_2")
        shapes = ((width, 3 * width), (width, width), (width, inner))
        for part, shape in zip(CONV1D, (*shapes, (inner, width)), strict=True):
            draw(f"h.{layer}.{part}.weight", *shape)
            draw(f"h.{layer}.{part}.bias", shape[1])
    norm("ln_f")
    return state


def buffers(config: GPT2Config) -> dict[str, tuple[str, np.ndarray]]:
    """Give the causal masks that old checkpoints hold: (type, values)."""
    size = config.n_positions
    mask = np.tril(np.ones((size, size), np.uint8))[None, None]
    found = {}
    for layer in range(config.n_layer):
        attention = f"{TRUNK}h.{layer}.attn"
        found[f"{attention}.bias"] = ("U8", mask)
        found[f"{attention}.masked_bias"] = (
            "F32",
            np.array(-10000.0, np.float32),
        )
    return found


def gguf_name(name: str) -> str:
    """Translate `transformer.h.3.attn.c_attn.bias` to `blk.3.attn_qkv.bias`."""
    stem, kind = name.rsplit(".", 1)
    if stem in GLOBAL_NAMES:
        return f"{GLOBAL_NAMES[stem]}.{kind}"
    layer, part = stem.removeprefix(f"{TRUNK}h.").split(".", 1)
    return f"blk.{layer}.{BLOCK_NAMES[part]}.{kind}"


def to_gguf(name: str, values: np.ndarray, _config: GPT2Config) -> np.ndarray:
    """Arrange a tensor as the converter does; its own inverse."""
    conv = name.endswith(tuple(f"{part}.weight" for part in CONV1D))
    return np.ascontiguousarray(values.T) if conv else values


from_gguf = to_gguf


def add_keys(writer: GGUFWriter, config: GPT2Config) -> None:
    """Add the keys of the converter to `writer`."""
    writer.add_context_length(config.n_positions)
    writer.add_embedding_length(config.n_embd)
    writer.add_block_count(config.n_layer)
    writer.add_feed_forward_length(config.n_inner or 4 * config.n_embd)
    writer.add_head_count(config.n_head)
    writer.add_layer_norm_eps(config.layer_norm_epsilon)
