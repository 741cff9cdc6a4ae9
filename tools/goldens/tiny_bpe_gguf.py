"""Tiny byte-level BPE vocabularies as GGUF files, with golden token ids.

One vocabulary a pre-tokenizer, trained in `tokenizers` on text that the
script makes. The ids come from a tokenizer built from the written file.
"""

import argparse
import json
import random
from pathlib import Path

from awkward_text import CURATED, SIZE, corpus
from byte_level import KINDS, pre_tokenizer, tokenizer_of
from gguf import GGUFReader, GGUFWriter
from golden_file import write_json
from tokenizers import Tokenizer, models, normalizers, trainers
from tokenizers.pre_tokenizers import ByteLevel

DEFAULT_OUT = Path(__file__).parents[2] / "tests/golden/tokenizer"
SEED = 20240304
TRAINED = 1500
NORMAL, CONTROL, USER_DEFINED = 1, 3, 4
SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|begin_of_text|>",
)
USER = (
    "<think>",
    "</think>",
    "<tool_call>",
    "\n\n\n",
    "    ",
    "caf\u00e9",
    "<|im_",
)
LETTERS = (
    "etaoinshrdlucmfwypvbgkqjxz",
    "\u043e\u0435\u0430\u0438\u043d\u0442\u0441\u0440\u0432\u043b",
    "\u03b1\u03bf\u03b9\u03b5\u03c4\u03c3\u03bd\u03b7",
    "\u7684\u4e00\u662f\u4e0d\u4e86\u4eba\u6211\u5728\u6771\u4eac",
    "\u0627\u0644\u064a\u0645\u0648\u0646\u0631",
    "e\u0301a\u0300o\u0308n\u0303",
)


def training_text() -> list[str]:
    """Make lines of invented words, numbers, code and white space.

    Returns
    -------
    list of str
        The same lines on every call.
    """
    source = random.Random(SEED)
    words = []
    for letters in LETTERS:
        weights = [1 / (1 + rank) for rank in range(len(letters))]
        for _ in range(400 if letters is LETTERS[0] else 60):
            length = source.randint(1, 9)
            words.append("".join(source.choices(letters, weights, k=length)))
    lines = []
    for _ in range(1500):
        parts = []
        for _ in range(source.randint(3, 14)):
            word = source.choice(words)
            style = source.random()
            if style < 0.1:
                word = word.capitalize()
            elif style < 0.13:
                word = word.upper()
            elif style < 0.2:
                word += source.choice(("'s", "'t", "'re", "'ll", "'S", "'d"))
            elif style < 0.3:
                word = str(source.randint(0, 99999))
            parts.append(word)
            parts.append(
                source.choice((" ", " ", " ", " ", ", ", ". ", "  ", "\n"))
            )
        lines.append("".join(parts))
    lines += [f"    if (x{i} == {i}) {{\n\t\ty();\r\n}}\n\n" for i in range(60)]
    # Enough of the awkward strings for merges across their characters.
    return lines + [text for text in CURATED if len(text) < 60] * 3


def train(kind: str) -> tuple[list[str], list[str]]:
    """Train one vocabulary.

    Parameters
    ----------
    kind
        Name of the pre-tokenizer.

    Returns
    -------
    tuple of list of str
        Tokens in the order of their ids, and merges as "left right".
    """
    tokenizer = Tokenizer(models.BPE())
    if kind == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizer(kind)
    trainer = trainers.BpeTrainer(
        vocab_size=TRAINED,
        initial_alphabet=sorted(ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(training_text(), trainer)
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    merges = [" ".join(pair) for pair in model["merges"]]
    return tokens, merges


def extra_tokens(kind: str, tokens: list[str]) -> list[str]:
    """Give whole-piece tokens that no merges reach, for `ignore_merges`."""
    if kind != "llama-bpe":
        return []
    wanted = (
        "\u0120brown",
        "\u0120lazy",
        "\u0120President",
        "456",
        "\u0120fox",
    )
    return [token for token in wanted if token not in tokens]


def write_gguf(path: Path, kind: str) -> None:
    """Write a vocabulary without tensors.

    Parameters
    ----------
    path
        Target file.
    kind
        Name of the pre-tokenizer.
    """
    tokens, merges = train(kind)
    # Two special tokens come first, as in many real vocabularies; the
    # others follow the trained ones.
    first = list(SPECIAL[:2])
    extra = extra_tokens(kind, tokens)
    tail = list(SPECIAL[2:]) + list(USER)
    everything = first + tokens + extra + tail
    types = (
        [CONTROL] * len(first)
        + [NORMAL] * (len(tokens) + len(extra))
        + [CONTROL] * len(SPECIAL[2:])
        + [USER_DEFINED] * len(USER)
    )
    bos = "<|begin_of_text|>" if kind == "llama-bpe" else "<|im_start|>"
    writer = GGUFWriter(path, "llama")
    writer.add_name(f"tiny {kind}")
    writer.add_vocab_size(len(everything))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(kind)
    writer.add_token_list(everything)
    writer.add_token_types(types)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(everything.index(bos))
    writer.add_eos_token_id(everything.index("<|im_end|>"))
    if kind != "llama-bpe":
        # llama-bpe leaves the key out: BOS follows from the name.
        writer.add_add_bos_token(value=False)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> None:
    """Write one GGUF and one file of golden ids a pre-tokenizer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    texts = corpus()
    if len(texts) != SIZE:
        raise ValueError(f"{len(texts)} strings, not {SIZE}")
    for kind in KINDS:
        path = options.out / f"tiny_{kind}.gguf"
        write_gguf(path, kind)
        reader = GGUFReader(path)
        metadata = {k: f.contents() for k, f in reader.fields.items()}
        tokenizer = tokenizer_of(metadata)
        ids = [tokenizer.encode(text).ids for text in texts]
        plain = [
            tokenizer.encode(text, add_special_tokens=False).ids
            for text in texts
        ]
        golden: dict[str, object] = {
            "ids": ids,
            "decoded": [
                tokenizer.decode(row, skip_special_tokens=False) for row in ids
            ],
            "decoded_no_special": [
                tokenizer.decode(row, skip_special_tokens=True) for row in ids
            ],
        }
        bos = metadata["tokenizer.ggml.bos_token_id"]
        front = [bos] if kind == "llama-bpe" else []
        if any(a != front + b for a, b in zip(ids, plain, strict=True)):
            raise ValueError(f"{kind}: more than BOS was added")
        golden["prefix"] = front
        print(f"{path.name}: {path.stat().st_size} bytes", end=", ")
        print(f"{len(metadata['tokenizer.ggml.tokens'])} tokens")
        write_json(options.out / f"tiny_{kind}.json", golden)


if __name__ == "__main__":
    main()
