"""Golden rows of MLX's quantised matrices: random bits and their values.

Needs mlx (0.32.4, its build for processors), in an environment of its own.
Values are those of mx.dequantize to float32; scales and biases in half
precision are widened first, since MLX would else round the values to it.
"""

import argparse
from pathlib import Path

import mlx.core as mx
import numpy as np
from golden_file import write_tensors

DEFAULT_OUT = Path(__file__).parents[2] / "tests/golden/dequant"
SEED = 20240302
ROWS, COLS = 3, 384
BITS = (1, 2, 3, 4, 5, 6, 8)
GROUPS = (32, 64, 128)
TYPES = {"F32": np.float32, "F16": np.float16, "BF16": None}
MODES = {"mxfp4": (4, 32), "mxfp8": (8, 32), "nvfp4": (4, 16)}


def scales_of(random: np.random.Generator, name: str, count: int) -> tuple:
    """Draw scales of both signs and any size that keeps values finite.

    Parameters
    ----------
    random
        Source of random numbers.
    name
        "F32", "F16" or "BF16".
    count
        Groups of a row.

    Returns
    -------
    tuple
        Bytes [ROWS, bytes of a row], and the same as float32 [ROWS, count].
    """
    size = np.exp2(random.uniform(-20, 6, (ROWS, count)))
    wide = (size * random.choice((-1, 1), (ROWS, count))).astype(np.float32)
    wide[0, :3] = (0, -0.0, 1e-7)
    if name == "BF16":
        words = (wide.view(np.uint32) >> 16).astype("<u2")
        return words.view(np.uint8), (words.astype(np.uint32) << 16).view(
            np.float32
        )
    narrow = wide.astype(TYPES[name])
    return narrow.view(np.uint8), narrow.astype(np.float32)


def affine(random: np.random.Generator, tensors: dict) -> None:
    """Add every number of bits, size of group and type of scales."""
    for bits in BITS:
        for group in GROUPS:
            words = random.integers(
                0, 1 << 32, (ROWS, COLS * bits // 32), dtype=np.uint32
            )
            for name in TYPES:
                key = f"affine.{bits}.{group}.{name}"
                scale_bytes, scales = scales_of(random, name, COLS // group)
                bias_bytes, biases = scales_of(random, name, COLS // group)
                values = mx.dequantize(
                    mx.array(words),
                    mx.array(scales),
                    mx.array(biases),
                    group_size=group,
                    bits=bits,
                )
                tensors[f"{key}.weight"] = words.view(np.uint8)
                tensors[f"{key}.scales"] = scale_bytes
                tensors[f"{key}.biases"] = bias_bytes
                tensors[f"{key}.values"] = np.array(values)


def floats(random: np.random.Generator, tensors: dict) -> None:
    """Add the modes without biases, and nvfp4 with a scale of the whole."""
    for mode, (bits, group) in MODES.items():
        words = random.integers(
            0, 1 << 32, (ROWS, COLS * bits // 32), dtype=np.uint32
        )
        if mode == "mxfp8":  # no NaN
            octets = words.view(np.uint8)
            octets[octets & 0x7F == 0x7F] ^= 1
        scales = random.integers(0, 127, (ROWS, COLS // group), dtype=np.uint8)
        if mode != "nvfp4":
            scales += 60
            scales[0, :3] = (0, 1, 240)
        else:
            scales[1] |= 0x80
        for factor in (None, 37.25) if mode == "nvfp4" else (None,):
            key = mode if factor is None else f"{mode}.global"
            values = mx.dequantize(
                mx.array(words),
                mx.array(scales),
                group_size=group,
                bits=bits,
                mode=mode,
                global_scale=None if factor is None else mx.array(factor),
                dtype=mx.float32,
            )
            tensors[f"{key}.weight"] = words.view(np.uint8)
            tensors[f"{key}.scales"] = scales
            tensors[f"{key}.values"] = np.array(values)


def main() -> None:
    """Write mlx_rows.safetensors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    options = parser.parse_args()
    random = np.random.default_rng(SEED)
    tensors: dict[str, np.ndarray] = {}
    affine(random, tensors)
    floats(random, tensors)
    for name, array in tensors.items():
        if name.endswith(".values") and not np.isfinite(array).all():
            raise ValueError(f"{name}: values that are not finite")
    write_tensors(
        options.out / "mlx_rows.safetensors",
        tensors,
        made_by=f"tools/goldens/mlx_rows.py: mlx {mx.__version__}",
    )


if __name__ == "__main__":
    main()
