"""Build a tokenizer.json from files that hold the same tokenizer otherwise.

    make_tokenizer_json.py gpt2 encoder.json vocab.bpe OUT
    make_tokenizer_json.py gguf model.gguf OUT

The first takes the two files of the original GPT-2. The second takes the
vocabulary of a byte-level BPE GGUF whose pre-tokenizer is `smollm`: control
tokens are special added tokens, user-defined ones are added tokens. Needs
nothing but Python; the same input gives the same bytes.
"""

import argparse
import json
import struct
from pathlib import Path
from typing import Any, BinaryIO

Json = dict[str, Any]

# GGUF value types that are one number, as struct formats.
NUMBERS = {
    0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?",
    10: "Q", 11: "q", 12: "d",
}  # fmt: skip
STRING, ARRAY = 8, 9
CONTROL, USER_DEFINED = 3, 4


def byte_level(add_prefix_space: bool, trim_offsets: bool) -> Json:
    """Give a ByteLevel section; which of its keys matter depends on where."""
    return {
        "type": "ByteLevel",
        "add_prefix_space": add_prefix_space,
        "trim_offsets": trim_offsets,
        "use_regex": True,
    }


def added_token(token_id: int, content: str, special: bool) -> Json:
    """Give the entry of an added token that is taken from the raw text."""
    return {
        "id": token_id,
        "content": content,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": special,
    }


def tokenizer_json(
    vocab: dict[str, int],
    merges: list[list[str]],
    added_tokens: list[Json],
    pre_tokenizer: Json,
    post_processor: Json | None,
) -> Json:
    """Give the document of a byte-level BPE tokenizer.

    Parameters
    ----------
    vocab
        Token, in the byte alphabet, to id.
    merges
        Pairs, the best first.
    added_tokens
        Entries of `added_token`, in the order of their ids.
    pre_tokenizer, post_processor
        Sections of the file.

    Returns
    -------
    dict
        What the `tokenizers` library takes.
    """
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added_tokens,
        "normalizer": None,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": post_processor,
        "decoder": byte_level(add_prefix_space=True, trim_offsets=True),
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": vocab,
            "merges": merges,
        },
    }


def from_gpt2(encoder: Path, merges: Path) -> Json:
    """Read `encoder.json` (token to id) and `vocab.bpe` (merges)."""
    vocab = json.loads(encoder.read_text(encoding="utf-8"))
    version, *lines = merges.read_text(encoding="utf-8").split("\n")
    if not version.startswith("#version"):
        raise ValueError(f"{merges}: no #version in the first line")
    end = "<|endoftext|>"
    return tokenizer_json(
        dict(sorted(vocab.items(), key=lambda item: item[1])),
        [line.split(" ") for line in lines if line],
        [added_token(vocab[end], end, special=True)],
        byte_level(add_prefix_space=False, trim_offsets=True),
        byte_level(add_prefix_space=True, trim_offsets=False),
    )


class GgufKeys:
    """Reads the keys of a GGUF version 2 or 3, little-endian."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self) -> Json:
        """Give all keys; the file must stand at its beginning."""
        magic, version, _, count = self._unpack("<4sIQQ")
        if magic != b"GGUF" or version not in (2, 3):
            raise ValueError("not a GGUF file of version 2 or 3")
        keys = {}
        for _ in range(count):
            name = self._string()
            keys[name] = self._value(self._unpack("<I")[0])
        return keys

    def _unpack(self, layout: str) -> tuple[Any, ...]:
        return struct.unpack(layout, self._file.read(struct.calcsize(layout)))

    def _string(self) -> str:
        return self._file.read(self._unpack("<Q")[0]).decode("utf-8")

    def _value(self, kind: int) -> object:
        if kind == STRING:
            return self._string()
        if kind == ARRAY:
            element, count = self._unpack("<IQ")
            return [self._value(element) for _ in range(count)]
        return self._unpack("<" + NUMBERS[kind])[0]


def from_gguf(path: Path) -> Json:
    """Read the vocabulary of a GGUF whose pre-tokenizer is `smollm`."""
    with path.open("rb") as file:
        keys = GgufKeys(file).read()
    pre = keys["tokenizer.ggml.pre"]
    if pre != "smollm":
        raise ValueError(f"{path}: pre-tokenizer {pre!r}, not 'smollm'")
    tokens = keys["tokenizer.ggml.tokens"]
    kinds = keys["tokenizer.ggml.token_type"]
    digits = {"type": "Digits", "individual_digits": True}
    split = byte_level(add_prefix_space=False, trim_offsets=True)
    return tokenizer_json(
        {token: token_id for token_id, token in enumerate(tokens)},
        [merge.split(" ") for merge in keys["tokenizer.ggml.merges"]],
        [
            added_token(token_id, tokens[token_id], kind == CONTROL)
            for token_id, kind in enumerate(kinds)
            if kind in (CONTROL, USER_DEFINED)
        ],
        {"type": "Sequence", "pretokenizers": [digits, split]},
        None,
    )


def main() -> None:
    """Build the file that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    gpt2 = kinds.add_parser("gpt2")
    gpt2.add_argument("encoder", type=Path)
    gpt2.add_argument("merges", type=Path)
    gguf = kinds.add_parser("gguf")
    gguf.add_argument("model", type=Path)
    for kind in (gpt2, gguf):
        kind.add_argument("out", type=Path)
    options = parser.parse_args()
    if options.kind == "gpt2":
        document = from_gpt2(options.encoder, options.merges)
    else:
        document = from_gguf(options.model)
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    options.out.write_bytes(text.encode("utf-8"))


if __name__ == "__main__":
    main()
