"""Seeds of fuzz_hf_folder and fuzz_gguf: small models and files.

    python fuzz/make_seeds.py [--out fuzz/corpus]

Of each folder and each GGUF file of tests/golden one block is left (two where
blocks differ), a vocabulary of seven and the shortest type that its shapes
allow, filled with one value: what a parser sees is all there. Of each type of
GGUF there is a file with one tensor. Needs Python alone.
"""

import argparse
import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parents[1] / "tests/golden"
OUT = Path(__file__).parent / "corpus"
VOCABULARY = 7
LAYER_KEYS = ("num_hidden_layers", "n_layer", "num_layers")
SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E5M2": 1, "U32": 4}
LIMIT = 26_000  # bytes of a seed

# Name to dtype and shape; of GGUF: name, sizes from the fastest, type.
Tensors = dict[str, tuple[str, list[int]]]
Lines = list[tuple[str, list[int], int]]


def packed(name: str, data: bytes) -> bytes:
    """Give a file as the fuzzer takes it."""
    return name.encode() + b"\n" + struct.pack("<H", len(data)) + data


def layer_of(name: str) -> int | None:
    """Give the number of the block that a tensor belongs to."""
    match = re.search(r"(?:^|\.)(?:layers|h|blk)\.(\d+)\.", name)
    return int(match[1]) if match else None


def kept_layers(config: dict[str, Any]) -> int:
    """Give how many blocks show all that a config says of them."""
    text = config.get("text_config", config)
    mixed = "layer_types" in text or "attention_types" in text
    mixed = mixed or "decoder_sparse_step" in text or "sliding_window" in text
    return 2 if mixed else 1


def cut_config(config: dict[str, Any], layers: int) -> dict[str, Any]:
    """Give the config of the model that is left."""
    cut = dict(config)
    if "text_config" in cut:
        cut["text_config"] = cut_config(cut["text_config"], layers)
    for key in LAYER_KEYS:
        if key in cut:
            cut[key] = layers
    if "vocab_size" in cut:
        cut["vocab_size"] = VOCABULARY
    for key in ("layer_types", "no_rope_layers"):
        if cut.get(key):
            cut[key] = cut[key][:layers]
    if "attention_types" in cut:
        cut["attention_types"] = [[["global", "local"], layers // 2 or 1]]
    return cut


def stored(folder: Path) -> Tensors:
    """Give dtype and shape of every tensor of a folder."""
    tensors: Tensors = {}
    for file in sorted(folder.glob("*.safetensors")):
        data = file.read_bytes()
        (length,) = struct.unpack_from("<Q", data)
        for name, entry in json.loads(data[8 : 8 + length]).items():
            if name != "__metadata__":
                tensors[name] = (entry["dtype"], entry["shape"])
    return tensors


def cut_tensors(tensors: Tensors, layers: int, vocabulary: int) -> Tensors:
    """Give what is left of the tensors: shorter, of one byte an element."""
    cut: Tensors = {}
    for name, (dtype, shape) in tensors.items():
        if (layer_of(name) or 0) >= layers:
            continue
        rows = [VOCABULARY if n == vocabulary else n for n in shape[:1]]
        floats = dtype in ("F32", "F16", "BF16")
        plain = floats and not name.endswith((".scales", ".biases"))
        cut[name] = ("F8_E5M2" if plain else dtype, rows + shape[1:])
    return cut


def safetensors(tensors: Tensors) -> bytes:
    """Give a safetensors file of 0.25 (of 8 bits), or of bytes like it."""
    header, end = {}, 0
    for name, (dtype, shape) in tensors.items():
        size = SIZES.get(dtype, 1)
        for n in shape:
            size *= n
        header[name] = {
            "dtype": dtype,
            "shape": shape,
            "data_offsets": [end, end + size],
        }
        end += size
    text = json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text)) + text + b"\x34" * end


def folder_seed(folder: Path) -> bytes:
    """Give the seed of one folder, in two files if it is sharded."""
    config = json.loads((folder / "config.json").read_text())
    layers = kept_layers(config)
    text = config.get("text_config", config)
    tensors = cut_tensors(stored(folder), layers, text.get("vocab_size", -1))
    cut = json.dumps(cut_config(config, layers), separators=(",", ":"))
    seed = packed("config.json", cut.encode())
    if not (folder / "model.safetensors.index.json").exists():
        return seed + packed("model.safetensors", safetensors(tensors))
    names = list(tensors)
    files = [f"model-0000{i}-of-00002.safetensors" for i in (1, 2)]
    halves = names[::2], names[1::2]
    index = {n: f for f, half in zip(files, halves, strict=True) for n in half}
    seed += packed(
        "model.safetensors.index.json",
        json.dumps({"weight_map": index}, separators=(",", ":")).encode(),
    )
    for file, half in zip(files, halves, strict=True):
        seed += packed(file, safetensors({n: tensors[n] for n in half}))
    return seed


# Bytes of a value of each kind, but for texts and arrays.
WIDTHS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
# Elements and bytes of a block of each type that the goldens have.
BLOCKS = {
    0: (1, 4),
    1: (1, 2),
    2: (32, 18),
    3: (32, 20),
    6: (32, 22),
    7: (32, 24),
    8: (32, 34),
    12: (256, 144),
    13: (256, 176),
    14: (256, 210),
    30: (1, 2),
}
# Number and block of those that have a seed of their own.
LATER = {
    "F64": (28, (1, 8)),
    "Q2_K": (10, (256, 84)),
    "Q3_K": (11, (256, 110)),
    "Q8_1": (9, (32, 36)),
    "Q8_K": (15, (256, 292)),
    "IQ4_NL": (20, (32, 18)),
    "IQ4_XS": (23, (256, 136)),
    "MXFP4": (39, (32, 17)),
    "NVFP4": (40, (64, 36)),
}
BLOCKS |= dict(LATER.values())


class Gguf:
    """A GGUF file, version 3, as keys (raw) and tensors."""

    def __init__(self, data: bytes) -> None:
        """Read the header of a file."""
        self.data, self.at = data, 4
        _, tensors, keys = self.take("<IQQ")
        self.keys = [self.key() for _ in range(keys)]
        self.tensors = [self.tensor() for _ in range(tensors)]

    def take(self, layout: str) -> tuple[Any, ...]:
        """Unpack what comes next."""
        values = struct.unpack_from(layout, self.data, self.at)
        self.at += struct.calcsize(layout)
        return values

    def text(self) -> str:
        """Read a text."""
        (length,) = self.take("<Q")
        self.at += length
        return self.data[self.at - length : self.at].decode()

    def value(self, kind: int) -> bytes:
        """Read a value as it lies there."""
        begin = self.at
        if kind == 8:
            self.text()
        elif kind == 9:
            inner, count = self.take("<IQ")
            for _ in range(count):
                self.value(inner)
        else:
            self.at += WIDTHS[kind]
        return self.data[begin : self.at]

    def key(self) -> tuple[str, int, bytes]:
        """Read a key."""
        name = self.text()
        (kind,) = self.take("<I")
        return name, kind, self.value(kind)

    def tensor(self) -> tuple[str, list[int], int]:
        """Read a line of the table: name, sizes from the fastest, type."""
        name = self.text()
        (dims,) = self.take("<I")
        *sizes, kind, _ = self.take(f"<{dims}QIQ")
        return name, sizes, kind


def string(text: str) -> bytes:
    """Give a text as GGUF has it."""
    return struct.pack("<Q", len(text.encode())) + text.encode()


def cut_key(name: str, kind: int, raw: bytes, layers: int) -> bytes:
    """Give a key of the model that is left."""
    if name.endswith(".block_count"):
        raw = struct.pack("<I", layers)
    elif name.endswith(".vocab_size"):
        raw = struct.pack("<I", VOCABULARY)
    elif name.startswith("tokenizer.ggml.") and kind == 9:
        inner, count = struct.unpack_from("<IQ", raw)
        left = min(count, VOCABULARY)
        if inner == 8:
            whole = Gguf.__new__(Gguf)
            whole.data, whole.at = raw, 12
            for _ in range(left):
                whole.text()
            raw = struct.pack("<IQ", inner, left) + raw[12 : whole.at]
        else:
            width = WIDTHS[inner]
            raw = struct.pack("<IQ", inner, left) + raw[12 : 12 + width * left]
    return string(name) + struct.pack("<I", kind) + raw


def gguf(keys: list[bytes], tensors: Lines) -> bytes:
    """Give a GGUF file of zeros."""
    out = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys))
    out += b"".join(keys)
    end = 0
    for name, sizes, kind in tensors:
        out += string(name) + struct.pack("<I", len(sizes))
        out += struct.pack(f"<{len(sizes)}QIQ", *sizes, kind, end)
        elements, size = BLOCKS[kind]
        count = size
        for n in sizes:
            count *= n
        end = -(-(end + count // elements) // 32) * 32
    return out + bytes(-len(out) % 32) + bytes(end)


def cut_gguf(file: Path) -> tuple[list[bytes], Lines]:
    """Give what is left of a file: one block, in 16 bits where it may be."""
    whole = Gguf(file.read_bytes())
    layers = 2 if "moe" in file.name or "pattern" in file.name else 1
    sizes = {name: sizes for name, sizes, _ in whole.tensors}
    vocabulary = sizes["token_embd.weight"][1]
    tensors: Lines = []
    for name, shape, kind in whole.tensors:
        if (layer_of(name) or 0) >= layers:
            continue
        cut = list(shape)
        cut[-1] = VOCABULARY if cut[-1] == vocabulary else cut[-1]
        tensors.append((name, cut, 1 if kind in (0, 30) else kind))
    return [cut_key(*key, layers) for key in whole.keys], tensors


def split_seed(file: Path) -> bytes:
    """Give the model in two files, as llama-gguf-split cuts it."""
    keys, tensors = cut_gguf(file)
    seed = b""
    for part, half in enumerate((tensors[::2], tensors[1::2])):
        own = [
            string("split.no") + struct.pack("<IH", 2, part),
            string("split.count") + struct.pack("<IH", 2, 2),
            string("split.tensors.count") + struct.pack("<Ii", 5, len(tensors)),
        ]
        name = f"model-0000{part + 1}-of-00002.gguf"
        seed += packed(name, gguf((keys if part == 0 else []) + own, half))
    return seed


def seeds() -> Iterator[tuple[str, bytes]]:
    """Give path and bytes of every seed."""
    folders = "fuzz_hf_folder/"
    for place in ("families", "tiny_hf", "mlx"):
        for path in sorted((GOLDEN / place).iterdir()):
            if path.is_dir() and not path.name.endswith("_f32"):
                yield folders + path.name, folder_seed(path)
            elif path.suffix == ".gguf":
                data = gguf(*cut_gguf(path))
                yield f"{folders}gguf_{path.stem}", packed("model.gguf", data)
    granite = GOLDEN / "families/granite_plain.gguf"
    yield folders + "gguf_split", split_seed(granite)
    for name, (kind, (elements, _)) in LATER.items():
        data = gguf([], [("t", [2 * elements, 3], kind)])
        yield f"fuzz_gguf/dtype_{name}", data


def main() -> None:
    """Write every seed that is small enough."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    for name, data in seeds():
        if len(data) > LIMIT:
            print(f"{name}: {len(data)} bytes: left out")
            continue
        path = arguments.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


if __name__ == "__main__":
    main()
