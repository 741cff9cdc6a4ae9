"""Compare the program's tokenizers with `tokenizers` on random small files.

    tokenizer_random.py --program build/release/bin/pellucid --seeds 1:400

Each seed draws a tokenizer of any model and any steps (`tokenizer_kinds.py`),
and strings for it (`tokenizer_compare.py`). Left out are files on which
`tokenizers` itself fails, and those with two added tokens of one normal form,
of which it draws one anew each time that it opens the file.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from tokenizer_compare import compare, strings
from tokenizer_kinds import random_document
from tokenizers import Tokenizer

TEXTS = 120


def is_ambiguous(document: dict[str, Any], tokenizer: Tokenizer) -> bool:
    """Whether two added tokens are looked for by the same text."""
    normalizer = tokenizer.normalizer
    forms = Counter(
        normalizer.normalize_str(token["content"])
        if normalizer
        else token["content"]
        for token in document["added_tokens"]
        if token["normalized"]
    )
    return any(count > 1 for count in forms.values())


def compare_seed(program: Path, seed: int, folder: Path) -> int | None:
    """Compare one random tokenizer.

    Parameters
    ----------
    program
        The `pellucid` to run.
    seed
        Draws the tokenizer and the strings.
    folder
        Where the file goes.

    Returns
    -------
    int or None
        How many strings differ; all, where the program refuses the file; None
        where `tokenizers` cannot say.
    """
    try:
        document = random_document(seed)
        text = json.dumps(document, ensure_ascii=False)
        tokenizer = Tokenizer.from_str(text)
        tokenizer.encode_batch(strings(tokenizer, TEXTS, seed))
    except BaseException:  # a panic of the library is one
        return None
    if is_ambiguous(document, tokenizer):
        return None
    file = folder / f"random_{seed}.json"
    file.write_text(text, encoding="utf-8")
    return compare(program, file, TEXTS, seed)


def seeds_of(text: str) -> range:
    """Read FIRST:END."""
    first, end = text.split(":")
    return range(int(first), int(end))


def main() -> None:
    """Compare every seed; exit 1 where one differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--seeds", type=seeds_of, default=range(1, 400))
    parser.add_argument("--keep", type=Path, help="a folder for the files")
    options = parser.parse_args()
    found: dict[int, int] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        for seed in options.seeds:
            wrong = compare_seed(options.program, seed, folder)
            if wrong is not None:
                found[seed] = wrong
    wrong_seeds = [seed for seed, wrong in found.items() if wrong]
    print(
        f"{len(found)} tokenizers, {len(found) * TEXTS} strings, "
        f"{sum(found.values())} differ, of seeds {wrong_seeds}"
    )
    sys.exit(bool(wrong_seeds))


if __name__ == "__main__":
    main()
