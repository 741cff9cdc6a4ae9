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


# Sixteen values that four bits choose from, in IQ4_NL and IQ4_XS.
UNEVEN = np.array(
    [
        "-127",
        "-104",
        "-83",
        "-65",
        "-49",
        "-35",
        "-22",
        "-10",
        "1",
        "13",
        "25",
        "38",
        "53",
        "69",
        "89",
        "113",
    ],
    np.int8,
)
# Floats of four bits, doubled.
DOUBLED_E2M1 = np.array(
    [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12], np.int8
)


def _two_bits(quants: np.ndarray) -> np.ndarray:
    """Give 2-bit values [n, 256] of bytes [n, 64], 16 alike at a time."""
    halves = quants.reshape(-1, 2, 1, 32)
    shifts = np.array([0, 2, 4, 6], np.uint8).reshape(1, 1, 4, 1)
    return (halves >> shifts & 3).reshape(-1, 256)


def q2_k(b: np.ndarray) -> np.ndarray:
    """(d * scale) * q - (dmin * min)."""
    scales = (_f16(b, 80) * (b[:, :16] & 15).astype(F32)).repeat(16, axis=1)
    minima = (_f16(b, 82) * (b[:, :16] >> 4).astype(F32)).repeat(16, axis=1)
    product = scales * _two_bits(b[:, 16:80]).astype(F32)
    return product - minima


def q3_k(b: np.ndarray) -> np.ndarray:
    """(d * (scale - 32)) * (q - 4, or q where the mask has a bit)."""
    s = b[:, 96:108]
    low = np.concatenate([s[:, :8] & 15, s[:, :8] >> 4], axis=1)
    high = np.concatenate([s[:, 8:] >> (2 * i) & 3 for i in range(4)], axis=1)
    scales = (low | high << 4).astype(np.int32) - 32
    bits = np.concatenate([b[:, :32] >> i & 1 for i in range(8)], axis=1)
    q = _two_bits(b[:, 32:96]).astype(np.int32) - 4 * (1 - bits.astype(int))
    d = (_f16(b, 108) * scales.astype(F32)).repeat(16, axis=1)
    return d * q.astype(F32)


def q8_1(b: np.ndarray) -> np.ndarray:
    """Q * d; the sum in the header is for products."""
    q = np.ascontiguousarray(b[:, 4:]).view(np.int8)
    return q.astype(F32) * _f16(b, 0)


def q8_k(b: np.ndarray) -> np.ndarray:
    """Q * d, with d in float32; the sums at the end are for products."""
    d = np.ascontiguousarray(b[:, :4]).view("<f4").astype(F32)
    q = np.ascontiguousarray(b[:, 4:260]).view(np.int8)
    return q.astype(F32) * d


def iq4_nl(b: np.ndarray) -> np.ndarray:
    """D * value."""
    return _f16(b, 0) * UNEVEN[_nibbles(b[:, 2:])].astype(F32)


def iq4_xs(b: np.ndarray) -> np.ndarray:
    """(d * (scale - 32)) * value."""
    high = np.ascontiguousarray(b[:, 2:4]).view("<u2")
    out = np.empty((b.shape[0], 256), F32)
    for i in range(8):
        low = b[:, 4 + i // 2] >> (4 * (i % 2)) & 15
        six = low | (high[:, 0] >> (2 * i) & 3) << 4
        d = _f16(b, 0)[:, 0] * (six.astype(np.int32) - 32).astype(F32)
        q = UNEVEN[_nibbles(b[:, 8 + 16 * i : 24 + 16 * i])].astype(F32)
        out[:, 32 * i : 32 * i + 32] = d[:, None] * q
    return out


def mxfp4(b: np.ndarray) -> np.ndarray:
    """Value * 2^(e - 128), the values being doubled."""
    scale = np.ldexp(F32(1), b[:, :1].astype(np.int32) - 128)
    return DOUBLED_E2M1[_nibbles(b[:, 1:])].astype(F32) * scale


def nvfp4(b: np.ndarray) -> np.ndarray:
    """Value * half of an E4M3 for each 16, the values being doubled."""
    d = b[:, :4].astype(np.int32)
    exponent, mantissa = d >> 3 & 15, d & 7
    scale = np.where(
        exponent == 0,
        np.ldexp(mantissa.astype(F32), -9),
        np.ldexp((mantissa + 8).astype(F32), exponent - 10),
    )
    scale = np.where(d == 0x7F, F32(0), scale) * F32(0.5)
    q = [_nibbles(b[:, 4 + 8 * i : 12 + 8 * i]) for i in range(4)]
    values = DOUBLED_E2M1[np.concatenate(q, axis=1)].astype(F32)
    return scale.astype(F32).repeat(16, axis=1) * values


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
    "Q2_K": (256, 84, (80, 82), q2_k),
    "Q3_K": (256, 110, (108,), q3_k),
    "Q8_1": (32, 36, (0,), q8_1),
    "Q8_K": (256, 292, (), q8_k),
    "IQ4_NL": (32, 18, (0,), iq4_nl),
    "IQ4_XS": (256, 136, (0,), iq4_xs),
    "MXFP4": (32, 17, (), mxfp4),
    "NVFP4": (64, 36, (), nvfp4),
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
