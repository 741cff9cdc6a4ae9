"""Tiny random Llama models as GGUF, with golden activations.

Every file is written by gguf-py with the row permutation of the converter,
then read back; HF eager float32 runs on exactly those dequantised weights.
"""

import argparse
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from capture import build_model, capture
from gguf import GGMLQuantizationType, GGUFWriter, RopeScalingType, quants
from gguf_llama import permute, read_llama
from golden_file import write_json, write_tensors
from lens_reference import crosscheck, lens

DEFAULT_OUT = Path(__file__).parents[2] / "tests/golden/tiny_llama"
CONTEXT = 128
LLAMA3 = {
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}


@dataclass(frozen=True)
class Variant:
    """One tiny model: sizes, storage and what is special about it."""

    name: str
    width: int = 40
    layers: int = 2
    heads: int = 5
    kv_heads: int = 5
    head_dim: int = 8
    inner: int = 52
    vocab: int = 101
    tokens: int = 11
    kind: str = "F32"
    tied: bool = True
    attention_bias: bool = False
    mlp_bias: bool = False
    rope: dict[str, Any] = field(default_factory=dict)
    theta: float = 10000.0
    epsilon: float = 1e-6
    std: float = 0.3
    embedding_std: float | None = None
    sparse_keys: bool = False
    with_lens: bool = False
    # Keep sites that are the same tensor as another, under both names.
    twins: bool = False
    # Storage of single tensors, by the part of their GGUF name.
    kinds: dict[str, str] = field(default_factory=dict)


BLOCK32 = {
    "width": 64,
    "heads": 4,
    "kv_heads": 2,
    "head_dim": 16,
    "inner": 96,
    "vocab": 112,
    "tokens": 9,
    "std": 0.2,
}
BLOCK256 = {
    "width": 256,
    "heads": 4,
    "kv_heads": 2,
    "head_dim": 16,
    "inner": 64,
    "vocab": 100,
    "tokens": 9,
    "std": 0.1,
    "epsilon": 1e-5,
    "kinds": {"attn_output": "Q8_0", "ffn_down": "Q5_0"},
}

VARIANTS = (
    Variant(
        "mha_tied_f32",
        width=42,
        layers=3,
        heads=3,
        kv_heads=3,
        head_dim=14,
        inner=54,
        vocab=103,
        tokens=13,
        sparse_keys=True,
        with_lens=True,
        twins=True,
    ),
    Variant(
        "gqa_untied_f16",
        width=48,
        heads=6,
        kv_heads=2,
        head_dim=8,
        inner=80,
        vocab=137,
        kind="F16",
        tied=False,
        epsilon=1e-5,
        with_lens=True,
        twins=True,
    ),
    Variant("head_dim_f16", heads=4, kv_heads=2, head_dim=12, kind="F16"),
    Variant(
        "bias_f16",
        heads=4,
        kv_heads=2,
        head_dim=10,
        kind="F16",
        attention_bias=True,
        mlp_bias=True,
    ),
    Variant(
        "rope_linear_f16",
        width=48,
        heads=3,
        kv_heads=1,
        head_dim=16,
        kind="F16",
        rope={"rope_type": "linear", "factor": 4.0},
    ),
    Variant(
        "rope_llama3_f16",
        width=48,
        heads=3,
        kv_heads=3,
        head_dim=16,
        kind="F16",
        tied=False,
        rope={"rope_type": "llama3", **LLAMA3},
        epsilon=1e-5,
        tokens=13,
    ),
    Variant(
        "eps_theta_f16",
        heads=5,
        kv_heads=1,
        kind="F16",
        tied=False,
        theta=1_000_000.0,
        epsilon=1e-5,
        embedding_std=0.003,
        tokens=13,
    ),
    Variant("bf16", width=48, heads=3, kv_heads=3, head_dim=16, kind="BF16"),
    Variant("q4_0", kind="Q4_0", **BLOCK32),
    Variant("q4_1", kind="Q4_1", kinds={"token_embd": "Q8_0"}, **BLOCK32),
    Variant("q5_0", kind="Q5_0", tied=False, **BLOCK32),
    Variant("q5_1", kind="Q5_1", **BLOCK32),
    Variant("q8_0", kind="Q8_0", **BLOCK32),
    Variant("q4_k", kind="Q4_K", **BLOCK256),
    Variant("q5_k", kind="Q5_K", tied=False, **BLOCK256),
    Variant("q6_k", kind="Q6_K", **BLOCK256),
)

# Offsets of the half-precision scales in a block, and the factor of each to
# a common unit that makes values of random bits centred, with std 1 / unit.
K_SCALES = {
    "Q4_K": (144, ((0, 1.0), (2, 7.5)), 257.0),
    "Q5_K": (176, ((0, 1.0), (2, 15.5)), 535.0),
    "Q6_K": (210, ((208, 1.0),), 1367.0),
}


def random_k_blocks(
    random: np.random.Generator, shape: tuple[int, int], kind: str, std: float
) -> np.ndarray:
    """Make rows of K-quant blocks from random bits.

    Parameters
    ----------
    random
        Source of random numbers.
    shape
        Values [rows, columns].
    kind
        Name of the type.
    std
        Standard deviation of the values, about.

    Returns
    -------
    numpy.ndarray
        Bytes [rows, row_bytes].
    """
    size, scales, unit = K_SCALES[kind]
    count = shape[0] * shape[1] // 256
    blocks = random.integers(0, 256, (count, size), dtype=np.uint8)
    step = std / unit * random.uniform(0.7, 1.3, count)
    for offset, factor in scales:
        halves = (step * factor).astype("<f2").view(np.uint8)
        blocks[:, offset : offset + 2] = halves.reshape(-1, 2)
    return blocks.reshape(shape[0], -1)


def add_matrix(
    writer: GGUFWriter,
    name: str,
    random: np.random.Generator,
    shape: tuple[int, int],
    variant: Variant,
    *,
    std: float,
    heads: int = 0,
) -> None:
    """Draw a weight, store it in the variant's type and add it.

    Parameters
    ----------
    writer
        The file.
    name
        GGUF name without `.weight`.
    random
        Source of random numbers.
    shape
        [out, in].
    variant
        The model.
    std
        Standard deviation.
    heads
        Permute the rows of that many heads; 0: leave them.
    """
    part = name.rsplit(".", 1)[-1]
    kind = variant.kinds.get(part, variant.kind)
    qtype = GGMLQuantizationType[kind]
    if kind in K_SCALES:
        data = random_k_blocks(random, shape, kind, std)
    else:
        values = (std * random.standard_normal(shape)).astype(np.float32)
        data = quants.quantize(values, qtype)
    if heads:
        # Whole rows move, so this is the same before and after quantising.
        data = permute(data, heads)
    writer.add_tensor(f"{name}.weight", data, raw_dtype=qtype)


def add_keys(writer: GGUFWriter, variant: Variant) -> None:
    """Add the metadata of the variant.

    Parameters
    ----------
    writer
        The file.
    variant
        The model; with `sparse_keys` every key with a default is left out.
    """
    writer.add_name(f"tiny {variant.name}")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(variant.width)
    writer.add_block_count(variant.layers)
    writer.add_feed_forward_length(variant.inner)
    writer.add_head_count(variant.heads)
    writer.add_layer_norm_rms_eps(variant.epsilon)
    if variant.sparse_keys:
        return
    writer.add_head_count_kv(variant.kv_heads)
    writer.add_rope_dimension_count(variant.head_dim)
    writer.add_rope_freq_base(variant.theta)
    writer.add_vocab_size(variant.vocab)
    if variant.head_dim * variant.heads != variant.width:
        writer.add_key_length(variant.head_dim)
        writer.add_value_length(variant.head_dim)
    if variant.rope.get("rope_type") == "linear":
        writer.add_rope_scaling_type(RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(variant.rope["factor"])


def llama3_factors(variant: Variant) -> np.ndarray:
    """Compute the divisors of `rope_freqs.weight` as the converter does.

    Parameters
    ----------
    variant
        A model with llama3 scaling.

    Returns
    -------
    numpy.ndarray
        float32 [head_dim / 2].
    """
    rope = variant.rope
    low = rope["original_max_position_embeddings"] / rope["low_freq_factor"]
    high = rope["original_max_position_embeddings"] / rope["high_freq_factor"]
    exponents = np.arange(0, variant.head_dim, 2) / variant.head_dim
    factors = []
    for wavelength in 2 * np.pi * variant.theta**exponents:
        if wavelength < high:
            factors.append(1.0)
        elif wavelength > low:
            factors.append(rope["factor"])
        else:
            smooth = (low / wavelength - 1.0) / (
                rope["high_freq_factor"] / rope["low_freq_factor"] - 1.0
            )
            factors.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    return np.array(factors, dtype=np.float32)


def write_gguf(path: Path, variant: Variant, seed: int) -> None:
    """Write the model.

    Parameters
    ----------
    path
        Target file.
    variant
        The model.
    seed
        Seed of its weights.
    """
    random = np.random.default_rng(seed)
    writer = GGUFWriter(path, "llama")
    add_keys(writer, variant)

    def vector(name: str, size: int, mean: float, heads: int = 0) -> None:
        values = mean + variant.std * random.standard_normal(size)
        data = values.astype(np.float32)
        writer.add_tensor(name, permute(data, heads) if heads else data)

    def matrix(name: str, rows: int, columns: int, heads: int = 0) -> None:
        std = variant.std
        if name == "token_embd" and variant.embedding_std is not None:
            std = variant.embedding_std
        add_matrix(
            writer,
            name,
            random,
            (rows, columns),
            variant,
            std=std,
            heads=heads,
        )

    width, inner = variant.width, variant.inner
    rows_q = variant.heads * variant.head_dim
    rows_kv = variant.kv_heads * variant.head_dim
    matrix("token_embd", variant.vocab, width)
    for index in range(variant.layers):
        block = f"blk.{index}"
        projections = (
            ("attn_q", rows_q, width, variant.heads, variant.attention_bias),
            (
                "attn_k",
                rows_kv,
                width,
                variant.kv_heads,
                variant.attention_bias,
            ),
            ("attn_v", rows_kv, width, 0, variant.attention_bias),
            ("attn_output", width, rows_q, 0, variant.attention_bias),
            ("ffn_gate", inner, width, 0, variant.mlp_bias),
            ("ffn_up", inner, width, 0, variant.mlp_bias),
            ("ffn_down", width, inner, 0, variant.mlp_bias),
        )
        vector(f"{block}.attn_norm.weight", width, 1.0)
        vector(f"{block}.ffn_norm.weight", width, 1.0)
        for name, rows, columns, heads, bias in projections:
            matrix(f"{block}.{name}", rows, columns, heads)
            if bias:
                vector(f"{block}.{name}.bias", rows, 0.0, heads)
    vector("output_norm.weight", width, 1.0)
    if not variant.tied:
        matrix("output", variant.vocab, width)
    if variant.rope.get("rope_type") == "llama3":
        writer.add_tensor("rope_freqs.weight", llama3_factors(variant))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def without_twins(sites: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Leave out sites that repeat another tensor, to keep files small.

    Parameters
    ----------
    sites
        Result of `capture`.

    Returns
    -------
    dict of str to numpy.ndarray
        The sites without `self_attn` (o_proj), `mlp` (down_proj) and
        `resid_pre` (the block or embedding before).
    """
    kept = dict(sites)
    for name, values in sites.items():
        layer = re.match(r"model\.layers\.(\d+)\.(\S+)$", name)
        if layer is None:
            continue
        index, site = int(layer[1]), layer[2]
        before = f"model.layers.{index - 1}" if index else "model.embed_tokens"
        twin = {
            "self_attn": f"{name}.o_proj",
            "mlp": f"{name}.down_proj",
            "resid_pre": before,
        }.get(site)
        if twin is None:
            continue
        if not np.array_equal(values, sites[twin]):
            raise ValueError(f"{name} differs from {twin}")
        del kept[name]
    return kept


def main() -> None:
    """Write every variant, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    parser.add_argument("names", nargs="*", help="variants; default: all")
    options = parser.parse_args()
    torch.set_num_threads(2)
    options.out.mkdir(parents=True, exist_ok=True)
    for seed, variant in enumerate(VARIANTS, start=1):
        if options.names and variant.name not in options.names:
            continue
        path = options.out / f"{variant.name}.gguf"
        write_gguf(path, variant, seed)
        print(f"{path.name}: {path.stat().st_size} bytes", end="; ")

        checkpoint = read_llama(path)
        config = checkpoint.config
        config["rope_parameters"].update(variant.rope)
        model = build_model(config, checkpoint.state)
        random = np.random.default_rng(1000 + seed)
        ids = random.integers(0, variant.vocab, variant.tokens).tolist()
        ids[-2] = ids[1]  # a repeated token
        sites = capture(model, ids)
        peak = max(float(abs(sites[s]).max()) for s in sites if "sc" not in s)
        print(f"largest activation {peak:.4g}", end="; ")
        write_tensors(
            path.with_suffix(".safetensors"),
            sites if variant.twins else without_twins(sites),
            made_by="tools/goldens/tiny_llama.py: HF eager float32",
            ids=ids,
            notes={
                "config": json.dumps(config),
                "note": "model.rotary_emb: the cosines",
            },
        )
        if variant.with_lens:
            print(crosscheck(model, sites))
            write_json(
                options.out / f"{variant.name}.lens.json",
                {
                    "made_by": "tools/goldens/tiny_llama.py",
                    "prompts": [
                        {"text": None, **lens(model, sites, ids, ids[0])}
                    ],
                },
            )


if __name__ == "__main__":
    main()
