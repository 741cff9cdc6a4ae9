"""Compare the program's tokenizers with the real `tokenizers`, at length.

    tokenizer_compare.py --program build/release/bin/pellucid FILE...

Each FILE is a tokenizer.json. Encodes 20,000 strings with and without special
tokens, decodes their ids both ways, and prints what differs. Strings are drawn
from a seed: code points of all planes, white space, words with contractions,
digits of many kinds, combining marks, emoji, pieces of the vocabulary, added
tokens whole and cut short beside all of these.
"""

import argparse
import json
import random
import subprocess
import sys
from pathlib import Path

from awkward_text import corpus
from tokenizers import Tokenizer

COUNT = 20_000
SEED = 5
SHOWN = 5  # differences a file
PLANES = (
    (0x20, 0x7F), (0x80, 0x800), (0x800, 0xFFFE), (0x10000, 0x20000),
    (0x20000, 0x33480), (0xE0000, 0xE0200), (0x10000, 0x110000),
)  # fmt: skip
WEIGHTS = (40, 20, 25, 8, 3, 1, 3)
SURROGATES = range(0xD800, 0xE000)
WHITE = (" ", "  ", "\n", "\t", "\r\n", " \n", "\u00a0", "\u3000", "\u180e")
WORDS = (
    "the", "Hello", "it's", "I'LL", "'s", "'\u017f", "don't", "CamelCase",
    "stra\u00dfe", "\u65e5\u672c\u8a9e", "\ud55c\uad6d", "caf\u00e9",
    "e\u0301", "a\u0315\u0300", "\U0001f600", "\u00bd", "\u0663", "12345",
    "3.14", "\u200d", "\ufeff", "__init__", "//", "...", "\ufb01", "\ufffd",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467", "http://x.y/z?q=1#f",
)  # fmt: skip


def character(source: random.Random) -> str:
    """Draw a scalar value, assigned or not."""
    first, end = source.choices(PLANES, WEIGHTS)[0]
    code = source.randrange(first, end)
    return " " if code in SURROGATES else chr(code)


def mixed(source: random.Random, added: list[str]) -> str:
    """Put words, characters and added tokens side by side."""
    parts = []
    for _ in range(source.randint(1, 14)):
        kind = source.random()
        if kind < 0.5:
            parts.append(source.choice(WORDS))
        elif kind < 0.7:
            parts.append(source.choice(WHITE))
        elif kind < 0.85 or not added:
            parts.append(character(source))
        else:
            token = source.choice(added)
            cut = source.random() < 0.2
            parts.append(
                token[: source.randint(1, len(token))] if cut else token
            )
    return "".join(parts)


def strings(tokenizer: Tokenizer, count: int, seed: int) -> list[str]:
    """Draw strings for one tokenizer.

    Parameters
    ----------
    tokenizer
        Its vocabulary and added tokens are part of some strings.
    count, seed
        How many, and what decides them.

    Returns
    -------
    list of str
        The awkward corpus, then random ones.
    """
    source = random.Random(seed)
    added = sorted(
        {
            token.content
            for token in tokenizer.get_added_tokens_decoder().values()
        }
    )
    added = source.sample(added, min(40, len(added)))
    vocabulary = sorted(tokenizer.get_vocab())
    texts = corpus()[:count]
    while len(texts) < count:
        kind = source.random()
        if kind < 0.1:
            length = source.randint(1, 40)
            texts.append("".join(character(source) for _ in range(length)))
        elif kind < 0.2:
            texts.append(
                "".join(source.choices(WHITE, k=source.randint(1, 24)))
            )
        elif kind < 0.3:
            pieces = source.choices(vocabulary, k=source.randint(1, 10))
            joined = "".join(pieces)
            texts.append(joined.replace("\u0120", " ").replace("\u2581", " "))
        else:
            texts.append(mixed(source, added))
    return texts


def run(program: Path, model: Path, *flags: str, lines: list[object]) -> list:
    """Let the program encode or decode `lines`, a JSON value each."""
    text = "".join(
        json.dumps(line, ensure_ascii=False) + "\n" for line in lines
    )
    command = [program, "tokenize", "--model", model, "--jsonl", "-", *flags]
    done = subprocess.run(command, input=text.encode(), capture_output=True)
    if done.returncode != 0:
        print(done.stderr.decode().strip())
    # An error ends the output early: what is missing is null.
    got = [json.loads(line) for line in done.stdout.splitlines()]
    return [*got, *[None] * (len(lines) - len(got))]


def compare(
    program: Path,
    file: Path,
    count: int,
    seed: int,
    model: Path | None = None,
) -> int:
    """Compare one tokenizer.

    Parameters
    ----------
    program
        The `pellucid` to run.
    file
        The tokenizer.json.
    count, seed
        Of the strings.
    model
        What the program reads instead of `file`.

    Returns
    -------
    int
        How many strings differ.
    """
    tokenizer = Tokenizer.from_file(str(file))
    model = model or file
    tokenizer.no_truncation()
    tokenizer.no_padding()
    texts = strings(tokenizer, count, seed)
    whole = [e.ids for e in tokenizer.encode_batch(texts)]
    plain = [
        e.ids for e in tokenizer.encode_batch(texts, add_special_tokens=False)
    ]
    kept = tokenizer.decode_batch(whole, skip_special_tokens=False)
    skipped = tokenizer.decode_batch(whole, skip_special_tokens=True)
    bare, back = "--no-special", "--decode"
    pairs = (
        ("ids", whole, run(program, model, lines=texts)),
        ("plain", plain, run(program, model, bare, lines=texts)),
        ("text", kept, run(program, model, back, lines=whole)),
        ("skipped", skipped, run(program, model, back, bare, lines=whole)),
    )
    wrong: dict[int, list[str]] = {}
    for name, expected, got in pairs:
        for i, (a, b) in enumerate(zip(expected, got, strict=True)):
            if a != b:
                wrong.setdefault(i, []).append(f"{name}: {a!r}, not {b!r}")
    for i, lines in list(wrong.items())[:SHOWN]:
        print(ascii(texts[i]), *lines, sep="\n  ")
    print(f"{model}: {len(texts)} strings, {len(wrong)} differ", flush=True)
    return len(wrong)


def main() -> None:
    """Compare every file; exit 1 where one differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument(
        "--model",
        type=Path,
        help="what the program reads instead of FILE, such as a .gguf",
    )
    parser.add_argument("files", type=Path, nargs="+")
    options = parser.parse_args()
    wrong = [
        compare(
            options.program, file, options.count, options.seed, options.model
        )
        for file in options.files
    ]
    sys.exit(any(wrong))


if __name__ == "__main__":
    main()
