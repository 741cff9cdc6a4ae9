"""Block dequantisation, written from the format description.

Scalar order of the ggml C reference: float32 throughout, every multiply and
add rounded on its own, in the order written here.
"""

from collections.abc import Callable

import numpy as np

F32 = np.float32
Decoder = Callable[[np.ndarray], np.ndarray]


def _f16(blocks: np.ndarray, offset: int) -> np.ndarray:
    """Read one half-precision field of every block as float32 [n, 1]."""
    field = np.ascontiguousarray(blocks[:, offset : offset + 2])
    return field.view("<f2").astype(F32)


def _nibbles(quants: np.ndarray) -> np.ndarray:
    """Give the low nibbles, then the high ones."""
    return np.concatenate([quants & 15, quants >> 4], axis=1)


def _fifth_bits(blocks: np.ndarray, offset: int) -> np.ndarray:
    """Give the 32 high bits of Q5_0 and Q5_1, shifted to value 16."""
    field = blocks[:, offset : offset + 4]
    return np.unpackbits(field, axis=1, bitorder="little") << 4


def q4_0(b: np.ndarray) -> np.ndarray:
    """(q - 8) * d."""
    q = _nibbles(b[:, 2:]).astype(np.int32) - 8
    return q.astype(F32) * _f16(b, 0)


def q4_1(b: np.ndarray) -> np.ndarray:
    """Q * d + m."""
    product = _nibbles(b[:, 4:]).astype(F32) * _f16(b, 0)
    return product + _f16(b, 2)


def q5_0(b: np.ndarray) -> np.ndarray:
    """(q - 16) * d with the fifth bit from a 32-bit field."""
    q = (_nibbles(b[:, 6:]) | _fifth_bits(b, 2)).astype(np.int32) - 16
    return q.astype(F32) * _f16(b, 0)


def q5_1(b: np.ndarray) -> np.ndarray:
    """Q * d + m with the fifth bit from a 32-bit field."""
    q = _nibbles(b[:, 8:]) | _fifth_bits(b, 4)
    product = q.astype(F32) * _f16(b, 0)
    return product + _f16(b, 2)


def q8_0(b: np.ndarray) -> np.ndarray:
    """Q * d."""
    q = np.ascontiguousarray(b[:, 2:]).view(np.int8)
    return q.astype(F32) * _f16(b, 0)


def _scale_min(s: np.ndarray, j: int) -> tuple[np.ndarray, np.ndarray]:
    """Unpack the j-th 6-bit scale and minimum of Q4_K and Q5_K."""
    low = 4
    if j < low:
        return s[:, j] & 63, s[:, j + 4] & 63
    scale = (s[:, j + 4] & 15) | ((s[:, j - 4] >> 6) << 4)
    minimum = (s[:, j + 4] >> 4) | ((s[:, j] >> 6) << 4)
    return scale, minimum


def _k45(b: np.ndarray, high: np.ndarray | None, quants: int) -> np.ndarray:
    """(d * scale) * q - (dmin * min), for Q4_K and Q5_K."""
    out = np.empty((b.shape[0], 256), F32)
    for j in range(8):
        scale, minimum = _scale_min(b[:, 4:16], j)
        d = _f16(b, 0)[:, 0] * scale.astype(F32)
        m = _f16(b, 2)[:, 0] * minimum.astype(F32)
        start = quants + 32 * (j // 2)
        q = b[:, start : start + 32] >> (4 * (j % 2)) & 15
        if high is not None:
            q = q + ((high >> j & 1) << 4)
        product = d[:, None] * q.astype(F32)
        out[:, 32 * j : 32 * j + 32] = product - m[:, None]
    return out


def q4_k(b: np.ndarray) -> np.ndarray:
    """Decode Q4_K."""
    return _k45(b, None, 16)


def q5_k(b: np.ndarray) -> np.ndarray:
    """Decode Q5_K."""
    return _k45(b, b[:, 16:48], 48)


def q6_k(b: np.ndarray) -> np.ndarray:
    """(d * scale) * (q - 32)."""
    out = np.empty((b.shape[0], 256), F32)
    scales = np.ascontiguousarray(b[:, 192:208]).view(np.int8).astype(F32)
    d = _f16(b, 208)
    for half in range(2):
        low = b[:, 64 * half : 64 * half + 64]
        high = b[:, 128 + 32 * half : 160 + 32 * half]
        for quarter in range(4):
            part = low[:, 32 * (quarter % 2) : 32 * (quarter % 2) + 32]
            q = part >> (4 * (quarter // 2)) & 15
            q = q | ((high >> (2 * quarter) & 3) << 4)
            first = 8 * half + 2 * quarter
            scale = np.repeat(scales[:, first : first + 2], 16, axis=1)
            start = 128 * half + 32 * quarter
            centred = (q.astype(np.int32) - 32).astype(F32)
            out[:, start : start + 32] = (d * scale) * centred
    return out


def f16(b: np.ndarray) -> np.ndarray:
    """Widen half precision; `b` has one value a block."""
    return _f16(b, 0)


def bf16(b: np.ndarray) -> np.ndarray:
    """Shift left by 16; `b` has one value a block."""
    words = np.ascontiguousarray(b).view("<u2").astype(np.uint32)
    return (words << 16).view(F32)


# Type name: values a block, bytes a block, offsets of half-precision fields,
# decoder.
TYPES: dict[str, tuple[int, int, tuple[int, ...], Decoder]] = {
    "F16": (1, 2, (0,), f16),
    "BF16": (1, 2, (), bf16),
    "Q4_0": (32, 18, (0,), q4_0),
    "Q4_1": (32, 20, (0, 2), q4_1),
    "Q5_0": (32, 22, (0,), q5_0),
    "Q5_1": (32, 24, (0, 2), q5_1),
    "Q8_0": (32, 34, (0,), q8_0),
    "Q4_K": (256, 144, (0, 2), q4_k),
    "Q5_K": (256, 176, (0, 2), q5_k),
    "Q6_K": (256, 210, (208,), q6_k),
}


def dequantise(name: str, rows: np.ndarray) -> np.ndarray:
    """Decode rows of blocks to float32.

    Parameters
    ----------
    name
        A key of `TYPES`.
    rows
        Bytes [rows, row_bytes].

    Returns
    -------
    numpy.ndarray
        float32 [rows, n].
    """
    _, size, _, decode = TYPES[name]
    blocks = np.ascontiguousarray(rows).reshape(-1, size)
    return decode(blocks).reshape(rows.shape[0], -1)
