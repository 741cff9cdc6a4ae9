"""Small tokenizer.json files that toggle everything, with golden ids.

Each differs from the plain one of `tokenizer_json_document` in the section
that its name says. Ids and decoded texts come from the real `tokenizers`.
"""

import argparse
import itertools
import json
import shutil
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from byte_level import LLAMA_BPE
from golden_file import write_json
from tokenizer_json_document import (
    ALPHABET,
    BYTE_LEVEL,
    EOT,
    FULL_FLAGS,
    MERGES,
    SPECIAL,
    START,
    TOKENS,
    Json,
    added,
    document,
    numbered,
    sequence,
    split,
    template,
)
from tokenizer_json_text import json_corpus
from tokenizers import Tokenizer

DEFAULT_OUT = Path(__file__).parents[2] / "tests/golden/tokenizer"
MAX_FIXTURE_BYTES = 150_000
# Which strings of the corpus a fixture encodes: short ones, spread evenly.
SHORT = 64
STEP = 12

BEHAVIOURS = (
    "Removed",
    "Isolated",
    "MergedWithPrevious",
    "MergedWithNext",
    "Contiguous",
)
O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*"
    r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"
    r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CL100K = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+"
    r"| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)
# Whole patterns of models, and one construct each of Oniguruma's syntax.
PATTERNS = {
    "gpt2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+"
    r"|\s+(?!\S)|\s+",
    "llama3": LLAMA_BPE,
    "qwen2": LLAMA_BPE.replace(r"\p{N}{1,3}", r"\p{N}"),
    "o200k": O200K,
    "cl100k": CL100K,
    "bloom": " ?[^(\\s|[.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c])]+",
    "punctuation": r"[!-/:-@\[-`{-~][A-Za-z]+"
    r"|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+",
    "scripts": "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+|\\p{Hangul}+"
    "|\\p{Cyrillic}+|\\p{Han}",
    "three_digits": "[0-9][0-9][0-9]",
    "repeat_plus": r"\p{N}{1,3}+",
    "hex": r"\h+",
    "lines": r"^\s*|\s+$|^.",
    "dot": r"(?m:a.b)|.",
    "look_behind": r"(?<=\p{L})'|(?<!a)b|(?<=\s)\S",
    "empty_star": r"\p{L}*",
    "empty_look_ahead": r"(?=b)|(?= )",
    "back_reference": r"(.)\1+",
    "folding": r"(?i:strasse)|(?i:k)|(?i:ss)|(?i:\u00e9)",
    "word": r"\w+|\W",
    "boundary": r"\b\w|\B\W",
    "atomic": r"(?>a+|ab)b?|\S+?(?=\s)",
    "posix": r"[[:alpha:]]+|[[:^space:]]|\p{^L}",
    "intersection": r"[\p{L}&&[^aeiou]]+|[a-z&&[aeiou]]",
    "absent": r"<(?~>)>",
    "decimal": r"\d+|\D",
}

Fixture = tuple[str, Json, list[str]]  # name, document, texts of its own


def normalizers() -> Iterator[Fixture]:
    """Toggle the normalizer."""

    def replace(kind: str, pattern: str, content: str) -> Json:
        return {
            "type": "Replace",
            "pattern": {kind: pattern},
            "content": content,
        }

    def strip(left: bool, right: bool) -> Json:
        return {"type": "Strip", "strip_left": left, "strip_right": right}

    texts = [
        "  both <think> sides \u3000\u2028",
        "\u00a0\u180ex\u180e\u00a0",
        "\u0130\u1e9e \u03a3\u0391\u03a3 \u01c5 \u2160 \u24b6 \U00010400",
        "a.b.c ...",
        "<|endoftext|> a <|endoftext|>  <think>  b",
        "e\u0301 \u212b \ufb01 \u1112\u1161\u11ab \u0344 \ud55c\uae00",
        "\u32ff \u2460\u00bd\uff21 \U0001d400 a\u1df6\u0301 \U00011938",
        "\u0439\u00e9 \u0915\u093c\u0303 \u05d1\u05bc <think>\u0301",
    ]
    kinds: dict[str, Json] = {
        "nfc": {"type": "NFC"},
        "nfd": {"type": "NFD"},
        "nfkc": {"type": "NFKC"},
        "nfkd": {"type": "NFKD"},
        "strip_accents": {"type": "StripAccents"},
        "lowercase": {"type": "Lowercase"},
        "prepend": {"type": "Prepend", "prepend": "> "},
        "strip_left": strip(True, False),
        "strip_right": strip(False, True),
        "strip_both": strip(True, True),
        "strip_none": strip(False, False),
        "replace_string": replace("String", " ", "__"),
        "replace_string_dot": replace("String", ".", "\u2026"),
        "replace_regex": replace("Regex", r"\s+", " "),
        "replace_regex_dot": replace("Regex", r"(a)(?=b)|\.", ""),
        "sequence": sequence(
            "normalizers",
            {"type": "NFC"},
            strip(True, True),
            {"type": "Lowercase"},
            replace("Regex", r"\p{N}+", "0"),
            {"type": "Prepend", "prepend": "\u2581"},
            replace("String", "the", "THE"),
        ),
        "sequence_empty": sequence("normalizers"),
    }
    for name, normalizer in kinds.items():
        yield f"normalizer_{name}", document(normalizer=normalizer), texts


def splits() -> Iterator[Fixture]:
    """Toggle what Split does with a match, and what it looks for."""
    texts = ["a  b c ", "  ", "..", "a.b..c.", " .a. ", "1a22b333"]
    patterns = {"string": {"String": " "}, "regex": {"Regex": r"\s|\p{N}+|\."}}
    for (kind, pattern), behaviour, invert in itertools.product(
        patterns.items(), BEHAVIOURS, (False, True)
    ):
        name = f"split_{kind}_{behaviour.lower()}{'_invert' * invert}"
        chosen = split(pattern, behaviour, invert)
        yield name, document(pre_tokenizer=chosen), texts
    texts = [
        "123456 1234567 12",
        "Stra\u00dfe STRASSE stra\u1e9ee \u212aelvin",
        "<a> <b <c>> <>",
        "  a \n b  \n\n c\r\n d ",
        "aab abb aaa bbb a\nb",
        "deadBEEF xyz 0f",
        "I'\u017fd it's IT'S",
    ]
    for name, pattern in PATTERNS.items():
        chosen = split({"Regex": pattern})
        yield f"pattern_{name}", document(pre_tokenizer=chosen), texts
    dots = split({"String": ".."})
    yield "split_string_two", document(pre_tokenizer=dots), ["a...b....c", ".."]


def pre_tokenizers() -> Iterator[Fixture]:
    """Toggle ByteLevel, Digits and their order."""
    texts = [
        "a<think>b",
        "<think>a <think> b",
        "\tx",
        "\u00b2\u00bd x1\u0661\u0662y \U00016ff4\U00011de3",
        "123456",
    ]
    digits = {
        value: {"type": "Digits", "individual_digits": value}
        for value in (False, True)
    }
    thousand = {
        "type": "Split",
        "pattern": {"Regex": "[0-9][0-9][0-9]"},
        "behavior": "Isolated",
        "invert": False,
    }
    prefix = {**BYTE_LEVEL, "add_prefix_space": True}
    no_regex_key = {k: v for k, v in BYTE_LEVEL.items() if k != "use_regex"}

    def seq(*parts: Json) -> Json:
        return sequence("pretokenizers", *parts)

    kinds = {
        "prefix_space": prefix,
        "prefix_space_no_regex": {**ALPHABET, "add_prefix_space": True},
        "no_regex": ALPHABET,
        "no_regex_key": no_regex_key,
        "digits_individual": seq(digits[True], BYTE_LEVEL),
        "digits_runs": seq(digits[False], BYTE_LEVEL),
        "digits_prefix_space": seq(digits[True], prefix),
        "digits_after": seq(BYTE_LEVEL, digits[False], thousand),
        "nested": seq(seq(digits[True]), seq(seq(thousand), BYTE_LEVEL)),
        "split_then_regex": seq(thousand, BYTE_LEVEL),
    }
    for name, pre in kinds.items():
        yield f"pre_{name}", document(pre_tokenizer=pre), texts


def added_tokens() -> Iterator[Fixture]:
    """Toggle the flags of added tokens, all 32 ways, and overlaps."""
    flags = [
        dict(zip(FULL_FLAGS, values, strict=True))
        for values in itertools.product((False, True), repeat=5)
    ]
    contents = [f"[{chr(ord('a') + i % 26)}{i}]" for i in range(16)]
    contents += [f"Tok{chr(ord('A') + i)}" for i in range(16)]
    # Every flag on a content in brackets and on one made of letters.
    order = [*flags[0::2], *flags[1::2]]
    combined = numbered(
        *(added(0, c, **f) for c, f in zip(contents, order, strict=True))
    )
    frames = (
        "{}",
        "x{}y",
        " {} ",
        "a  {}\n b",
        "{}{}",
        "_{}1",
        "\u00e9{}\u0301",
    )
    texts = [
        frame.replace("{}", content)
        for index, content in enumerate(contents)
        for frame in (
            frames[index % 7],
            frames[(index + 2) % 7],
            frames[(index + 3) % 7],
        )
    ]
    texts += [
        " \t[a0] \n[b1]\u3000\u00a0[c2]  [d3] ",
        "TokA TokB  TokCTokD \u200dTokE\u00b2 TokF\u24b6",
        "tokA TOKa [A0] [B1]",
        "  ".join(contents),
        "".join(contents),
        "\n".join(contents),
    ]
    lower = {"type": "Lowercase"}
    yield "added_flags", document(added_tokens=combined), texts
    folded = document(added_tokens=combined, normalizer=lower)
    yield "added_flags_lowercase", folded, texts
    prefix = {"type": "Prepend", "prepend": "\u2581"}
    prepended = document(added_tokens=combined, normalizer=prefix)
    yield "added_flags_prepend", prepended, texts

    overlaps = numbered(
        *(
            added(0, content)
            for content in (
                "<a", "<a>", "<a>b<c>", "a>", "b<", "  ", "   ", "\n", "\n\n\n",
                "\u00e9", "caf\u00e9", "caf\u00e9 au", "<|im_", "\uff5cx\uff5c",
            )
        ),
        added(0, "<R>", rstrip=True, special=True),
        added(0, "<L>", lstrip=True, special=True),
        added(0, "ab", single_word=True),
        added(0, "abc"),
    )  # fmt: skip
    texts = [
        "<a>b<c",
        "<a>b<c>",
        "<a<a>b<<a>",
        "     x       y",
        "\n\n\n\n\n",
        "caf\u00e9 au lait caf\u00e9s \u00e9",
        "<R> \n  z",
        "a \n <L><R>  <L>  <R>\n\n\n\nx",
        "ab abc abcd xab ab.",
        "<|im_<|im_|>",
        "\uff5cx\uff5c\uff5c",
        "   <L>   ab   <R>   abc",
    ]
    yield "added_overlaps", document(added_tokens=overlaps), texts
    # The flags of the last entry count, but what was special stays so.
    twice = numbered(
        added(0, "<x>", lstrip=True, special=True),
        added(0, "<x>", rstrip=True),
        added(0, "<y>", single_word=True),
        added(0, "<y>", special=True, normalized=True),
    )
    texts = ["a <x> b <y> c", "a<y>b<x>  c"]
    yield "added_twice", document(added_tokens=twice), texts
    in_vocab = [
        added(TOKENS.index("e"), "e"),
        added(TOKENS.index("!"), "!", special=True),
        added(TOKENS.index("~"), "~", normalized=True),
        *SPECIAL,
    ]
    yield "added_in_vocabulary", document(added_tokens=in_vocab), ["eel!~!e"]


def model_keys() -> Iterator[Fixture]:
    """Toggle the keys of the BPE model."""
    texts = ["abba~~ab", "~", "~~~x~", "a\u00e9\u00e9b", "the thethe"]
    vocab = {token: i for i, token in enumerate(TOKENS)}
    # Whole words that no merge reaches.
    extra = {"\u0120brown": 0, "\u0120fox": 0, "456": 0, "Hello": 0}
    extra = {token: len(TOKENS) + i for i, token in enumerate(extra)}
    shifted = [{**token, "id": token["id"] + len(extra)} for token in SPECIAL]
    for name, value in (("ignore_merges", True), ("unreachable", False)):
        keys = {"ignore_merges": value, "vocab": {**vocab, **extra}}
        words = [*texts, "the brown fox 456 Hello 4567 Hello brown foxes"]
        yield name, document(model=keys, added_tokens=shifted), words

    strings = ["#version: 0.2", *(" ".join(pair) for pair in MERGES)]
    yield "merges_as_strings", document(model={"merges": strings}), texts
    legacy = document(model={"merges": strings})
    for key in ("type", "unk_token", "byte_fallback", "ignore_merges"):
        del legacy["model"][key]
    legacy["model"] |= {"continuing_subword_prefix": "", "fuse_unk": False}
    legacy["model"] |= {"end_of_word_suffix": ""}
    for key in ("truncation", "padding", "normalizer"):
        del legacy[key]
    yield "legacy", legacy, texts
    # The last of equal pairs counts.
    twice = [*MERGES, *MERGES[:20], *reversed(MERGES[:7])]
    yield "merges_twice", document(model={"merges": twice}), texts

    # Bytes without a token: of "~", and the first of most accented letters.
    known = [t for t in TOKENS if "~" not in t and "\u00c3" not in t]
    merges = [pair for pair in MERGES if "".join(pair) in known]
    merges = [pair for pair in merges if set(pair) <= set(known)]
    base = {"vocab": {t: i for i, t in enumerate([*known, "<unk>"])}}
    base["merges"] = merges
    tokens = [
        {**token, "id": len(known) + 1 + i} for i, token in enumerate(SPECIAL)
    ]
    unknown = {
        "unk_none": {"unk_token": None},
        "unk": {"unk_token": "<unk>"},
        "unk_fused": {"unk_token": "<unk>", "fuse_unk": True},
    }
    for name, keys in unknown.items():
        doc = document(model={**base, **keys}, added_tokens=tokens)
        yield f"model_{name}", doc, texts

    gaps = {token: 3 * i + 7 for i, token in enumerate(TOKENS)}
    far = [
        {**token, "id": 4 * len(TOKENS) + i} for i, token in enumerate(SPECIAL)
    ]
    far_vocab = {token["content"]: token["id"] for token in far}
    keys = {"vocab": {**gaps, **far_vocab}}
    yield "gaps", document(model=keys, added_tokens=far), texts


def post_processors() -> Iterator[Fixture]:
    """Toggle what surrounds a text, and the decoder."""
    texts = ["a", "<|im_start|>a", " <think> <|endoftext|>"]
    bos, eos = {"<s>": [START]}, {"</s>": [EOT]}
    offsets = {**BYTE_LEVEL, "trim_offsets": False}
    wrap = {"sep": ["<|endoftext|>", EOT], "cls": ["<|im_start|>", START]}
    roberta = {**wrap, "trim_offsets": True, "add_prefix_space": False}
    front = template("<s>", "A", tokens=bos)
    kinds = {
        "byte_level": offsets,
        "bos": front,
        "eos": template("A", "</s>", tokens=eos),
        "both": template("<s>", "A", "</s>", tokens={**bos, **eos}),
        "many": template(
            "<s>", "<s>", "A", "</s>", tokens={"<s>": [START, 5, 9], **eos}
        ),
        "roberta": {"type": "RobertaProcessing", **roberta},
        "bert": {"type": "BertProcessing", **wrap},
        "sequence": sequence("processors", offsets, front),
        "sequence_last": sequence("processors", front, offsets),
    }
    for name, post in kinds.items():
        yield f"post_{name}", document(post_processor=post), texts
    yield "decoder_none", document(decoder=None), texts
    limits = {
        "truncation": {
            "direction": "Right",
            "max_length": 3,
            "strategy": "LongestFirst",
            "stride": 0,
        },
        "padding": {
            "strategy": {"Fixed": 12},
            "direction": "Right",
            "pad_to_multiple_of": None,
            "pad_id": 0,
            "pad_type_id": 0,
            "pad_token": "!",
        },
    }
    yield "truncation_padding", document(**limits), texts


def fixtures() -> list[Fixture]:
    """Give all fixtures.

    Returns
    -------
    list of tuple
        Name, document, and texts beside those of the corpus.
    """
    plain: Fixture = ("plain", document(), [])
    return [
        plain,
        *normalizers(),
        *splits(),
        *pre_tokenizers(),
        *added_tokens(),
        *model_keys(),
        *post_processors(),
    ]


def is_assigned(text: str) -> bool:
    """Say whether all of `text` is in Unicode 14, that of this Python.

    So old is the Oniguruma that distributions ship; the one inside of
    `tokenizers` knows Unicode 16.
    """
    return all(unicodedata.category(c) != "Cn" for c in text)


def golden_of(text: str, texts: list[str]) -> Json:
    """Encode and decode `texts` with the tokenizer of the JSON `text`."""
    tokenizer = Tokenizer.from_str(text)
    for token in json.loads(text)["added_tokens"]:
        if tokenizer.token_to_id(token["content"]) != token["id"]:
            raise ValueError(f"{token} has another id")
    # As transformers does; a prompt is never cut here.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    ids = [tokenizer.encode(t, add_special_tokens=False).ids for t in texts]
    whole = tokenizer.encode("").ids
    begin = next(
        n
        for n in range(len(whole) + 1)
        if all(
            tokenizer.encode(t).ids == [*whole[:n], *row, *whole[n:]]
            for t, row in zip(texts, ids, strict=True)
        )
    )
    return {
        "prefix": whole[:begin],
        "suffix": whole[begin:],
        "ids": ids,
        "decoded": [
            tokenizer.decode(row, skip_special_tokens=False) for row in ids
        ],
        "reversed_no_special": [
            tokenizer.decode(row[::-1], skip_special_tokens=True) for row in ids
        ],
    }


def main() -> None:
    """Write every fixture and its golden."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    options = parser.parse_args()
    folder = options.out / "json"
    shutil.rmtree(folder, ignore_errors=True)
    corpus = json_corpus()
    short = [i for i, text in enumerate(corpus) if len(text) <= SHORT]
    for name, doc, texts in fixtures():
        chosen = short[::STEP]
        if name.startswith("pattern_"):
            chosen = [i for i in chosen if is_assigned(corpus[i])]
        path = folder / f"{name}.json"
        write_json(path, doc)
        if path.stat().st_size > MAX_FIXTURE_BYTES:
            raise ValueError(f"{path}: too large")
        golden = golden_of(
            path.read_text(encoding="utf-8"),
            [*(corpus[i] for i in chosen), *texts],
        )
        golden = {"corpus": chosen, "texts": texts, **golden}
        write_json(folder / f"{name}.golden.json", golden)


if __name__ == "__main__":
    main()
