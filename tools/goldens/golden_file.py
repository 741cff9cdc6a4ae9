"""Write golden tensors: one safetensors file, float32 or bytes, with notes."""

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

MAX_BYTES = 1_000_000


def write_tensors(
    path: Path,
    tensors: Mapping[str, np.ndarray],
    *,
    made_by: str,
    ids: Sequence[int] | None = None,
    notes: Mapping[str, str] | None = None,
) -> None:
    """Write `tensors` to `path` as safetensors with string metadata.

    Parameters
    ----------
    path
        Target file; its folder is made if need be.
    tensors
        Name to array; anything but bytes must be float32 already.
    made_by
        What made the file, for the reader of the metadata.
    ids
        Token ids of the prompt, stored as JSON text under `ids`.
    notes
        Further metadata.

    Raises
    ------
    ValueError
        If a tensor is of another type, or the file grows past the limit
        that the repository keeps for one file.
    """
    arrays = {}
    for name, array in tensors.items():
        if array.dtype not in (np.float32, np.uint8):
            raise ValueError(f"{name}: {array.dtype} is neither f32 nor u8")
        arrays[name] = np.ascontiguousarray(array)
    metadata = {"made_by": made_by, **(notes or {})}
    if ids is not None:
        metadata["ids"] = json.dumps([int(i) for i in ids])
    # By hand, because the library's writer orders metadata by chance and the
    # files should come out byte for byte the same. Wide elements first keeps
    # every tensor aligned.
    header: dict[str, object] = {"__metadata__": dict(sorted(metadata.items()))}
    order = sorted(arrays, key=lambda name: (-arrays[name].itemsize, name))
    begin = 0
    for name in order:
        array = arrays[name]
        header[name] = {
            "dtype": {4: "F32", 1: "U8"}[array.itemsize],
            "shape": list(array.shape),
            "data_offsets": [begin, begin + array.nbytes],
        }
        begin += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in order:
            file.write(arrays[name].tobytes())
    for name, array in load_file(path).items():
        if array.tobytes() != arrays[name].tobytes():
            raise ValueError(f"{path}: {name} did not come back")
    size = path.stat().st_size
    if size >= MAX_BYTES:
        raise ValueError(f"{path}: {size} bytes, the limit is {MAX_BYTES}")
    print(f"{path.name}: {len(arrays)} tensors, {size} bytes")


def write_json(path: Path, value: object) -> None:
    """Write `value` as compact JSON (UTF-8, not escaped) to `path`.

    Parameters
    ----------
    path
        Target file; its folder is made if need be.
    value
        Anything that JSON can hold; lone surrogates cannot.

    Raises
    ------
    ValueError
        If the file grows past the limit for one file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(
        value, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    path.write_bytes(text.encode("utf-8") + b"\n")
    size = path.stat().st_size
    if size >= MAX_BYTES:
        raise ValueError(f"{path}: {size} bytes, the limit is {MAX_BYTES}")
    print(f"{path.name}: {size} bytes")
