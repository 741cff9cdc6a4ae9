"""Read a llama-architecture GGUF as a Hugging Face config and state dict.

The weights are dequantised to float32 by gguf-py and the row permutation
that the converter applied to the query and key projections is undone.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFReader, quants

BLOCK_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
GLOBAL_NAMES = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
}


@dataclass(frozen=True)
class LlamaCheckpoint:
    """Config keys as in config.json, and float32 weights by HF name."""

    config: dict[str, Any]
    state: dict[str, np.ndarray]
    metadata: dict[str, Any]


def permute(rows: np.ndarray, heads: int) -> np.ndarray:
    """Order the rows of a projection as the GGUF converter does.

    Per head of size hd, GGUF row 2i+t holds HF row t*(hd/2)+i.

    Parameters
    ----------
    rows
        Weight [out, in] or bias [out] in HF order.
    heads
        Number of heads among those rows.

    Returns
    -------
    numpy.ndarray
        The same rows in GGUF order.
    """
    half = rows.shape[0] // heads // 2
    split = rows.reshape(heads, 2, half, *rows.shape[1:])
    return np.ascontiguousarray(split.swapaxes(1, 2)).reshape(rows.shape)


def unpermute(rows: np.ndarray, heads: int) -> np.ndarray:
    """Undo `permute`.

    Parameters
    ----------
    rows
        Weight [out, in] or bias [out] in GGUF order.
    heads
        Number of heads among those rows.

    Returns
    -------
    numpy.ndarray
        The same rows in HF order.
    """
    half = rows.shape[0] // heads // 2
    split = rows.reshape(heads, half, 2, *rows.shape[1:])
    return np.ascontiguousarray(split.swapaxes(1, 2)).reshape(rows.shape)


def hf_name(name: str) -> str:
    """Translate a GGUF tensor name to the name in an HF state dict.

    Parameters
    ----------
    name
        For example `blk.3.attn_q.weight`.

    Returns
    -------
    str
        For example `model.layers.3.self_attn.q_proj.weight`.
    """
    stem, kind = name.rsplit(".", 1)
    if stem in GLOBAL_NAMES:
        return f"{GLOBAL_NAMES[stem]}.{kind}"
    _, layer, part = stem.split(".")
    return f"model.layers.{layer}.{BLOCK_NAMES[part]}.{kind}"


def read_llama(path: Path) -> LlamaCheckpoint:
    """Read configuration and weights of a llama-architecture GGUF.

    Rotary scaling is not read: the caller adds it to `config`.

    Parameters
    ----------
    path
        The GGUF file.

    Returns
    -------
    LlamaCheckpoint
        Config, weights and the raw key-value metadata.
    """
    reader = GGUFReader(path)
    meta = {key: field.contents() for key, field in reader.fields.items()}
    if meta["general.architecture"] != "llama":
        raise ValueError(f"{path}: {meta['general.architecture']}: not llama")
    names = {tensor.name for tensor in reader.tensors}
    heads = meta["llama.attention.head_count"]
    kv_heads = meta.get("llama.attention.head_count_kv", heads)
    width = meta["llama.embedding_length"]
    epsilon = meta["llama.attention.layer_norm_rms_epsilon"]

    state: dict[str, np.ndarray] = {}
    for tensor in reader.tensors:
        if tensor.name == "rope_freqs.weight":
            continue
        values = quants.dequantize(tensor.data, tensor.tensor_type)
        values = np.array(values, dtype=np.float32)
        if ".attn_q." in tensor.name:
            values = unpermute(values, heads)
        elif ".attn_k." in tensor.name:
            values = unpermute(values, kv_heads)
        state[hf_name(tensor.name)] = values

    config = {
        "model_type": "llama",
        "architectures": ["LlamaForCausalLM"],
        "vocab_size": state["model.embed_tokens.weight"].shape[0],
        "hidden_size": width,
        "intermediate_size": meta["llama.feed_forward_length"],
        "num_hidden_layers": meta["llama.block_count"],
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "head_dim": meta.get("llama.attention.key_length", width // heads),
        "max_position_embeddings": meta["llama.context_length"],
        # The shortest decimal of the float32: 1e-05, not 9.99999975e-06.
        "rms_norm_eps": float(str(np.float32(epsilon))),
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": float(meta.get("llama.rope.freq_base", 10000.0)),
        },
        "hidden_act": "silu",
        "attention_bias": "blk.0.attn_q.bias" in names,
        "mlp_bias": "blk.0.ffn_up.bias" in names,
        "tie_word_embeddings": "output.weight" not in names,
        "bos_token_id": meta.get("tokenizer.ggml.bos_token_id"),
        "eos_token_id": meta.get("tokenizer.ggml.eos_token_id"),
    }
    return LlamaCheckpoint(config, state, meta)
