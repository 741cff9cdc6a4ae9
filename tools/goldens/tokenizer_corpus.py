"""Golden token ids, pieces and normal forms from the real `tokenizers`."""

import argparse
import itertools
import random
import unicodedata
from pathlib import Path

from awkward_text import corpus
from byte_level import KINDS, pre_tokenizer
from golden_file import write_json
from tokenizers import Tokenizer, normalizers

DEFAULT_TOKENIZER = Path("~/oracle/smollm2-hf/tokenizer.json")
DEFAULT_OUT = Path(__file__).parents[2] / "tests/golden/tokenizer"
SEED = 20240303

# Combining marks and composition pairs that are newer than Unicode 9.0:
# the normaliser neither reorders nor composes them.
NEW_MARKS = (
    "\u07fd\u0898\u08d3\u0c3c\u0ebd\u1abf\u1ac1\u1ace\u1df6\u1df7\u1dfa"
    "\U00010d24\U00010eab\U00010efd\U00010f46\U00010f82\U00011070\U0001133b"
    "\U0001145e\U00011839\U0001183a\U0001193e\U00011943\U000119e0\U00011d42"
    "\U0001e130\U0001e2ae\U0001e4ec"
)
NEW_PAIRS = (
    "\U00011935\U00011930",
    "\U00011382\U000113c9",
    "\U00011384\U000113bb",
    "\U0001138b\U000113c2",
    "\U000113c2\U000113c2",
    "\U0001611e\U0001611e",
    "\U0001611e\U00016129",
    "\U00016d63\U00016d67",
    "\U00016d67\U00016d67",
    "\U000105d2\U00000307",
    "\U000105da\U00000307",
)
OLD_MARKS = (
    "\u0300\u0301\u0302\u0303\u0304\u0307\u0308\u030a\u0315\u031b\u0323"
    "\u0327\u0328\u0338\u0345\u035d\u05b0\u05b4\u05bc\u05c1\u064b\u0651"
    "\u0653\u0670\u093c\u094d\u0e38\u0e48\u0f71\u0f72\u3099\u309a\u20d0"
    "\U0001d165\U000110ba"
)
STARTERS = "aAeEiInosSuUyz<=\u03b1\u03c9\u0415\u0438\u05e9\u0627\u0915\u304b"
JAMO = "\u1100\u1112\u1161\u1175\u11a7\u11a8\u11c2\uac00\ud788"


def chain(text: str) -> list[int]:
    """Give the code points, for keys of a sort."""
    return [ord(character) for character in text]


def nfc_inputs() -> dict[str, list[str]]:
    """Make strings whose NFC is not obvious.

    Returns
    -------
    dict of str to list of str
        By class: single characters, decomposed forms, newer pairs, and
        random runs of starters and marks of every age.
    """
    characters = [
        chr(code)
        for code in itertools.chain(
            range(0xAC00), range(0xD7A4, 0xD800), range(0xE000, 0x30000)
        )
    ]
    decomposed = [
        unicodedata.normalize("NFD", character)
        for character in characters
        if unicodedata.decomposition(character)[:1] not in ("", "<")
    ]
    syllables = "\uac00\uac01\uac1b\uac1c\ud55c\uae00\ud7a3"
    decomposed += [unicodedata.normalize("NFD", s) for s in syllables]
    source = random.Random(SEED)
    pools = (STARTERS, OLD_MARKS, NEW_MARKS, JAMO)
    mixes = []
    for _ in range(400):
        parts = [source.choice(STARTERS)]
        for _ in range(source.randint(1, 7)):
            pool = source.choices(pools, (2, 6, 3, 1))[0]
            parts.append(source.choice(pool))
        mixes.append("".join(parts))
    return {
        "singles": characters,
        "decomposed": sorted(set(decomposed), key=chain),
        "new_pairs": list(NEW_PAIRS),
        "mixes": mixes,
    }


def main() -> None:
    """Write corpus, ids, pieces and normal forms."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokenizer", type=Path, default=DEFAULT_TOKENIZER)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    options = parser.parse_args()
    out = options.out
    texts = corpus()
    write_json(out / "corpus.json", texts)

    tokenizer = Tokenizer.from_file(str(options.tokenizer.expanduser()))
    ids = [tokenizer.encode(text).ids for text in texts]
    write_json(
        out / "smollm2.json",
        {
            "ids": ids,
            "decoded": [
                tokenizer.decode(row, skip_special_tokens=False) for row in ids
            ],
            "decoded_no_special": [
                tokenizer.decode(row, skip_special_tokens=True) for row in ids
            ],
        },
    )

    nfc = normalizers.NFC()
    pieces: dict[str, object] = {}
    for kind in KINDS:
        splitter = pre_tokenizer(kind)
        # After the byte-to-character table one character is one byte.
        pieces[kind] = [
            [
                len(piece)
                for piece, _ in splitter.pre_tokenize_str(
                    nfc.normalize_str(text) if kind == "qwen2" else text
                )
            ]
            for text in texts
        ]
    changed = {
        str(index): nfc.normalize_str(text)
        for index, text in enumerate(texts)
        if nfc.normalize_str(text) != text
    }
    for kind in KINDS:
        for index, text in enumerate(texts):
            whole = changed.get(str(index), text) if kind == "qwen2" else text
            if sum(pieces[kind][index]) != len(whole.encode()):
                raise ValueError(f"{kind}: string {index}: pieces lack bytes")
    write_json(
        out / "pretokenize.json", {"nfc_where_changed": changed, **pieces}
    )

    golden = {}
    for name, inputs in nfc_inputs().items():
        pairs = [[text, nfc.normalize_str(text)] for text in inputs]
        if name == "singles":
            pairs = [pair for pair in pairs if pair[0] != pair[1]]
        golden[name] = pairs
    write_json(out / "nfc.json", golden)


if __name__ == "__main__":
    main()
