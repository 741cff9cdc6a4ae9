"""Write model folders in Hugging Face's layout, the awkward ones too.

The library's own writer always aligns the data and stores what it is given;
here the header may have any length, a checkpoint may be cut in shards, and
every tensor has a storage type of its own.
"""

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

INDEX = "model.safetensors.index.json"
TORCH_TYPES = {
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "U8": torch.uint8,
}


@dataclass(frozen=True)
class Stored:
    """One tensor of a file: its name, storage type and values."""

    name: str
    kind: str
    values: np.ndarray

    def tobytes(self) -> bytes:
        """Give the bytes as they lie in the file."""
        tensor = torch.from_numpy(np.ascontiguousarray(self.values))
        narrow = tensor.to(TORCH_TYPES[self.kind]).reshape(-1)
        return narrow.view(torch.uint8).numpy().tobytes()


def rounded(values: np.ndarray, kind: str) -> np.ndarray:
    """Round float32 values to a storage type and widen them again.

    Parameters
    ----------
    values
        float32 values.
    kind
        "F32", "F16" or "BF16".

    Returns
    -------
    numpy.ndarray
        float32 values that `kind` holds exactly.
    """
    tensor = torch.from_numpy(np.ascontiguousarray(values))
    return tensor.to(TORCH_TYPES[kind]).float().numpy()


def write_safetensors(
    path: Path, tensors: Iterable[Stored], *, skew: int = 0
) -> None:
    """Write one safetensors file.

    Parameters
    ----------
    path
        Target file.
    tensors
        What it holds, in the order of the data.
    skew
        Where the data begins, modulo 8; 0 is what the library writes.
    """
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    data = b""
    for tensor in tensors:
        part = tensor.tobytes()
        header[tensor.name] = {
            "dtype": tensor.kind,
            "shape": list(tensor.values.shape),
            "data_offsets": [len(data), len(data) + len(part)],
        }
        data += part
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * ((skew - len(text)) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def write_checkpoint(
    folder: Path,
    tensors: Sequence[Stored],
    *,
    shards: int = 1,
    skew: int = 0,
) -> None:
    """Write the weights of a folder: one file, or shards with their index.

    Parameters
    ----------
    folder
        Target folder, which exists.
    tensors
        All weights.
    shards
        Number of files; consecutive tensors share one.
    skew
        As in `write_safetensors`.
    """
    if shards == 1:
        write_safetensors(folder / "model.safetensors", tensors, skew=skew)
        return
    weight_map = {}
    for shard in range(shards):
        begin = len(tensors) * shard // shards
        end = len(tensors) * (shard + 1) // shards
        name = f"model-{shard + 1:05d}-of-{shards:05d}.safetensors"
        write_safetensors(folder / name, tensors[begin:end], skew=skew)
        weight_map |= {tensor.name: name for tensor in tensors[begin:end]}
    total = sum(len(tensor.tobytes()) for tensor in tensors)
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    write_settings(folder / INDEX, index)


def write_settings(path: Path, settings: Mapping[str, Any]) -> None:
    """Write a JSON file as transformers does: indented, keys as they come."""
    path.write_text(json.dumps(settings, indent=2) + "\n")
