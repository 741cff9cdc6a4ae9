"""Golden token ids of real tokenizer.json files, from the real `tokenizers`.

Reads the files that `script/get-tokenizers` gets, and further ones that lie
beside them; none of them is committed, and of what they decode to only hashes
are. Rows of random ids decode to texts that no encoder gives: cut characters,
special tokens anywhere, ids beyond the vocabulary.
"""

import argparse
import hashlib
import os
import random
from pathlib import Path

from golden_file import write_json
from tokenizer_json_text import json_corpus
from tokenizers import Tokenizer

DEFAULT_OUT = Path(__file__).parents[2] / "tests/golden/tokenizer"
NAMES = ("smollm2", "gpt2", "llama-3.1", "qwen3")
# Of these every STEP-th text. Gemma's, GPT-4o's, T5's and MiniLM's are not to
# be had in a small package.
SAMPLED = (
    "llama2", "claude", "deepseek-v3", "gemma3", "gpt4o", "t5-small", "minilm",
)  # fmt: skip
STEP = 8
SEED = 20240306
RANDOM_ROWS = 200
# Ids of the last added tokens come up as often as those of the vocabulary.
TAIL = 40
BEYOND = 3


def default_folder() -> Path:
    """Give the folder in which `script/get-tokenizers` puts the files."""
    home = os.environ.get("PELLUCID_HOME") or Path.home() / ".cache/pellucid"
    return Path(home) / "tokenizers"


def random_rows(size: int, count: int) -> list[list[int]]:
    """Make rows of random ids for a vocabulary of `size`, and a few beyond."""
    source = random.Random(SEED)
    rows = []
    for _ in range(count):
        row = []
        for _ in range(source.randint(1, 24)):
            kind = source.random()
            if kind < 0.6:
                row.append(source.randrange(size))
            elif kind < 0.8:
                row.append(source.randrange(300))  # single bytes, mostly
            else:
                row.append(source.randrange(size - TAIL, size + BEYOND))
        rows.append(row)
    return rows


def around(tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """Give the special ids that the template puts before and after a text."""
    plain = tokenizer.encode("a", add_special_tokens=False).ids
    whole = tokenizer.encode("a").ids
    begin = whole.index(plain[0])
    return whole[:begin], whole[begin + len(plain) :]


def text_hash(text: str) -> str:
    """Give the first 16 hex digits of the SHA-256 of a text's UTF-8."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def golden_of(path: Path, texts: list[str], rows: int) -> dict[str, object]:
    """Encode and decode with one tokenizer.

    Parameters
    ----------
    path
        Its tokenizer.json.
    texts
        What to encode.
    rows
        How many rows of random ids to decode.

    Returns
    -------
    dict
        `ids` without special tokens, and the `prefix` and `suffix` that come
        with them; hashes of what the reversed rows and `random_ids` decode
        to, with and without special tokens.
    """
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    ids = [
        tokenizer.encode(text, add_special_tokens=False).ids for text in texts
    ]
    prefix, suffix = around(tokenizer)
    for text, row in zip(texts, ids, strict=True):
        if tokenizer.encode(text).ids != [*prefix, *row, *suffix]:
            raise ValueError(f"{path}: {text!r}: more than a prefix is added")
    random_ids = random_rows(tokenizer.get_vocab_size(), rows)
    golden: dict[str, object] = {
        "file": {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()},
        "prefix": prefix,
        "suffix": suffix,
        "ids": ids,
        "random_ids": random_ids,
    }
    for name, decoded in (
        ("ids", ids),
        ("reversed", [row[::-1] for row in ids]),
        ("random", random_ids),
    ):
        for key, skip in (("", False), ("_no_special", True)):
            golden[f"{name}_decoded{key}"] = [
                text_hash(tokenizer.decode(row, skip_special_tokens=skip))
                for row in decoded
            ]
    return golden


def main() -> None:
    """Write the corpus, and one file of ids a tokenizer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokenizers", type=Path, default=default_folder())
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    parser.add_argument("--only", choices=[*NAMES, *SAMPLED], nargs="*")
    options = parser.parse_args()
    texts = json_corpus()
    write_json(options.out / "json_corpus.json", texts)
    for name in options.only or [*NAMES, *SAMPLED]:
        path = options.tokenizers / name / "tokenizer.json"
        step = STEP if name in SAMPLED else 1
        chosen = list(range(0, len(texts), step))
        golden = golden_of(
            path, [texts[i] for i in chosen], RANDOM_ROWS // step
        )
        golden = {"corpus": chosen, **golden} if step > 1 else golden
        write_json(options.out / f"json_{name}.json", golden)


if __name__ == "__main__":
    main()
