"""Golden blocks of the quantised types: random bytes and their values.

The values come from our own decoder (the ggml C scalar order); gguf-py must
agree with it bit for bit, and the metadata says where it does not.
"""

import argparse
from pathlib import Path

import numpy as np
from dequant_reference import TYPES, dequantise
from gguf import GGMLQuantizationType, quants
from golden_file import write_tensors

DEFAULT_OUT = Path(__file__).parents[2] / "tests/golden/dequant"
SEED = 20240301
ROWS = 3
BLOCKS = {1: 160, 32: 8, 64: 8, 256: 8}
# Meant for activations: gguf-py has no decoder.
OURS_ALONE = ("Q8_1", "Q8_K")
# Zeros of both signs, the smallest and the largest subnormal, the smallest
# normal, one, the largest finite, and negatives.
SPECIAL = (
    0x0000,
    0x8000,
    0x0001,
    0x03FF,
    0x8155,
    0x0400,
    0x3C00,
    0xBC00,
    0x7BFF,
    0xFBFF,
    0x2E66,
    0xAE66,
)


def scale_bits(random: np.random.Generator, count: int) -> np.ndarray:
    """Draw finite half-precision values: the special ones, then any.

    Parameters
    ----------
    random
        Source of random numbers.
    count
        How many.

    Returns
    -------
    numpy.ndarray
        Bit patterns, u16.
    """
    bits = random.integers(0, 1 << 16, count, dtype=np.uint16)
    infinite = (bits & 0x7C00) == 0x7C00
    bits[infinite] ^= 0x4000
    special = np.array(SPECIAL, dtype=np.uint16)[:count]
    bits[: special.size] = random.permutation(special)
    return bits.astype("<u2")


def main() -> None:
    """Write blocks.safetensors and compare with gguf-py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    options = parser.parse_args()
    random = np.random.default_rng(SEED)
    tensors = {}
    differ = []
    for name, (values, size, halves, _) in TYPES.items():
        per_row = BLOCKS[values]
        count = ROWS * per_row
        blocks = random.integers(0, 256, (count, size), dtype=np.uint8)
        for offset in halves:
            bits = scale_bits(random, count)
            blocks[:, offset : offset + 2] = bits.view(np.uint8).reshape(-1, 2)
        if name == "BF16":
            words = blocks.view("<u2")
            words[(words & 0x7F80) == 0x7F80] ^= 0x4000
            words[:6, 0] = (0x0000, 0x8000, 0x0001, 0x807F, 0x7F7F, 0xFF7F)
        if name == "Q8_K":
            blocks[:, 3] &= 0xBF  # below 2, so that products are finite
        if name == "MXFP4":
            large = blocks[:, 0] > 250
            blocks[large, 0] -= 128
            blocks[:3, 0] = (0, 1, 2)
        if name == "NVFP4":
            blocks[0, :4] = (0, 0x7F, 0x01, 0x7E)
        rows = blocks.reshape(ROWS, per_row * size)
        ours = dequantise(name, rows)
        if not np.isfinite(ours).all():
            raise ValueError(f"{name}: values that are not finite")
        theirs = (
            ours
            if name in OURS_ALONE
            else quants.dequantize(rows, GGMLQuantizationType[name])
        )
        if ours.tobytes() != np.asarray(theirs, np.float32).tobytes():
            differ.append(name)
        tensors[f"{name}.bytes"] = rows
        tensors[f"{name}.values"] = ours
    verdict = ", ".join(differ) or "none"
    print(f"types where gguf-py differs in any bit: {verdict}")
    write_tensors(
        options.out / "blocks.safetensors",
        tensors,
        made_by="tools/goldens/dequant_blocks.py: ggml C scalar order",
        notes={"gguf_py_differs": verdict},
    )


if __name__ == "__main__":
    main()
