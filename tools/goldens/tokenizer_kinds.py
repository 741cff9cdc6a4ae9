"""Random small tokenizers of every kind, as tokenizer.json documents.

Each seed draws a model (BPE with its options, Unigram, WordPiece, WordLevel),
trained on awkward text, and a normalizer, pre-tokenizer, decoder,
post-processor and added tokens, whether or not real tokenizers combine them.
Training breaks ties as it likes, so vocabularies differ from run to run; what
is committed are documents and their ids together. Others are compared with the
program by `tokenizer_compare.py`.
"""

import argparse
import base64
import json
import random
import struct
from pathlib import Path
from typing import Any

from golden_file import write_json
from tokenizer_json_document import BYTE_LEVEL, FULL_FLAGS, Json
from tokenizer_json_fixtures import golden_of
from tokenizer_json_text import json_corpus
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

MARK = "\u2581"
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
TRAINING = 300  # texts
DEFAULT_OUT = Path(__file__).parents[2] / "tests/golden/tokenizer"
# Of the goldens: tokens, length of the texts, every which of them.
SMALL, SHORT, STEP = 170, 48, 41
BEHAVIOURS = (
    "Removed",
    "Isolated",
    "MergedWithPrevious",
    "MergedWithNext",
    "Contiguous",
)
# Keys and what they become; a key that begins another one comes before it.
CHARSMAP = {
    "\ufb01": "fi",
    "\u00bd": "1\u20442",
    "\u3000": " ",
    "\t": " ",
    "\r\n": "\n",
    "e\u0301": "\u00e9",
    "\u00ad": "",
    "\uff21": "A",
    "A\u030a": "\u00c5",
    "\u0e33": "\u0e4d\u0e32",
}


def charsmap(table: dict[str, str]) -> str:
    """Give a table as SentencePiece's double array, in base64.

    Parameters
    ----------
    table
        Keys, none empty, and what they become.

    Returns
    -------
    str
        Base64 of the size of the array, the array, and the replacements.
    """
    values, blob = {}, b""
    for key, text in table.items():
        values[key.encode()] = len(blob)
        blob += text.encode() + b"\0"
    # Units: the label in 8 bits, a mark for "a key ends here" in bit 8, the
    # offset to the children from bit 10 on; place = offset XOR label.
    units: dict[int, int] = {0: 0}
    used = {0}

    def place(labels: list[int], base: int) -> int:
        """Find an offset from `base` at which all labels are free."""
        offset = 1
        while any((base ^ offset ^ label) in used for label in labels):
            offset += 1
        return offset

    def build(position: int, prefix: bytes) -> None:
        """Fill in the children of the unit at `position`."""
        longer = {k[len(prefix)] for k in values if k[: len(prefix)] == prefix
                  and len(k) > len(prefix)}  # fmt: skip
        ends = prefix in values
        labels = sorted(longer | ({0} if ends else set()))
        offset = place(labels, position)
        units[position] |= offset << 10 | (256 if ends else 0)
        used.update(position ^ offset ^ label for label in labels)
        if ends:
            units[position ^ offset] = 1 << 31 | values[prefix]
        for label in sorted(longer):
            units[position ^ offset ^ label] = label
        for label in sorted(longer):
            build(position ^ offset ^ label, prefix + bytes([label]))

    build(0, b"")
    array = [units.get(i, 0) for i in range(max(units) + 257)]
    packed = struct.pack(f"<{len(array)}I", *array)
    whole = struct.pack("<I", len(packed)) + packed + blob
    return base64.b64encode(whole).decode()


def normalizer(source: random.Random) -> Json | None:
    """Draw a normalizer, or none."""

    def one() -> Json:
        kind = source.choice(
            (
                "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Strip",
                "StripAccents", "Nmt", "ByteLevel", "Prepend", "Replace",
                "Regex", "BertNormalizer", "Precompiled",
            )
        )  # fmt: skip
        flag = lambda: source.random() < 0.5  # noqa: E731
        more: Json = {}
        if kind == "Strip":
            more = {"strip_left": flag(), "strip_right": flag()}
        elif kind == "Prepend":
            more = {"prepend": source.choice((MARK, "x", " "))}
        elif kind == "Replace":
            more = {"pattern": {"String": " "}, "content": MARK}
        elif kind == "Regex":
            kind = "Replace"
            pattern = source.choice((r"\s+", r"\p{N}+", r"[^\w\s]", " {2,}"))
            more = {"pattern": {"Regex": pattern}, "content": " "}
        elif kind == "Precompiled":
            more = {"precompiled_charsmap": charsmap(CHARSMAP)}
        elif kind == "BertNormalizer":
            more = {
                "clean_text": flag(),
                "handle_chinese_chars": flag(),
                "strip_accents": source.choice((None, True, False)),
                "lowercase": flag(),
            }
        return {"type": kind, **more}

    count = source.choice((0, 0, 1, 1, 2, 3))
    if count == 0:
        return None
    if count == 1:
        return one()
    return {"type": "Sequence", "normalizers": [one() for _ in range(count)]}


def pre_tokenizer(source: random.Random) -> Json | None:
    """Draw a pre-tokenizer, or none."""

    def one() -> Json:
        kind = source.choice(
            (
                "Split", "Split", "ByteLevel", "Digits", "Metaspace",
                "Metaspace", "Punctuation", "Whitespace", "WhitespaceSplit",
                "BertPreTokenizer", "CharDelimiterSplit", "UnicodeScripts",
                "FixedLength",
            )
        )  # fmt: skip
        flag = lambda: source.random() < 0.5  # noqa: E731
        more: Json = {}
        if kind == "Split":
            pattern = source.choice(
                (
                    {"String": " "},
                    {"String": MARK},
                    {"Regex": r"\p{L}+|\p{N}"},
                    {"Regex": r"\s?\p{P}+"},
                    {"Regex": r"[^\s\p{L}\p{M}]+"},
                    {"Regex": r"\w+|\p{Han}"},
                    {"Regex": r"\d{1,3}|[\p{Lu}\p{Lt}]+|\P{L}"},
                )
            )
            more = {
                "pattern": pattern,
                "behavior": source.choice(BEHAVIOURS),
                "invert": flag(),
            }
        elif kind == "ByteLevel":
            more = {
                "add_prefix_space": flag(),
                "trim_offsets": flag(),
                "use_regex": flag(),
            }
        elif kind == "Digits":
            more = {"individual_digits": flag()}
        elif kind == "Metaspace":
            more = {
                "replacement": MARK,
                "prepend_scheme": source.choice(("always", "first", "never")),
                "split": flag(),
            }
        elif kind == "Punctuation":
            more = {"behavior": source.choice(BEHAVIOURS)}
        elif kind == "CharDelimiterSplit":
            more = {"delimiter": source.choice((" ", "e", "\n", MARK))}
        elif kind == "FixedLength":
            more = {"length": source.randint(1, 6)}
        return {"type": kind, **more}

    count = source.choice((0, 1, 1, 1, 2, 2, 3))
    if count == 0:
        return None
    if count == 1:
        return one()
    return {
        "type": "Sequence",
        "pretokenizers": [one() for _ in range(count)],
    }


def decoder(source: random.Random) -> Json | None:
    """Draw a decoder, or none."""
    mark_to_space = {
        "type": "Replace",
        "pattern": {"String": MARK},
        "content": " ",
    }

    def one() -> Json:
        kind = source.choice(
            (
                "ByteLevel", "Metaspace", "WordPiece", "BPEDecoder",
                "ByteFallback", "Fuse", "Strip", "Replace",
            )
        )  # fmt: skip
        more: Json = {}
        if kind == "Metaspace":
            scheme = source.choice(("always", "first", "never"))
            more = {"replacement": MARK, "prepend_scheme": scheme}
            more["split"] = True
        elif kind == "WordPiece":
            more = {"prefix": "##", "cleanup": source.random() < 0.5}
        elif kind == "ByteLevel":
            return {**BYTE_LEVEL, "use_regex": source.random() < 0.5}
        elif kind == "BPEDecoder":
            more = {"suffix": "</w>"}
        elif kind == "Strip":
            more = {"content": " ", "start": source.randint(0, 2), "stop": 0}
        elif kind == "Replace":
            return mark_to_space
        return {"type": kind, **more}

    kind = source.randrange(4)
    if kind == 0:
        return None
    if kind == 1:
        return one()
    if kind == 2:
        fallback = [{"type": "ByteFallback"}, {"type": "Fuse"}]
        strip = {"type": "Strip", "content": " ", "start": 1, "stop": 0}
        steps = [mark_to_space, *fallback, strip]
        return {"type": "Sequence", "decoders": steps}
    steps = [one() for _ in range(source.randint(1, 3))]
    return {"type": "Sequence", "decoders": steps}


def trainer_of(source: random.Random, kind: str, size: int) -> tuple[Any, Any]:
    """Give an untrained model of a kind, and what trains it."""
    quiet = {"vocab_size": size, "show_progress": False}
    if kind == "Unigram":
        trainer = trainers.UnigramTrainer(
            **quiet, unk_token="<unk>", special_tokens=["<unk>"]
        )
        return models.Unigram(), trainer
    if kind == "WordPiece":
        trainer = trainers.WordPieceTrainer(
            **quiet, special_tokens=["[UNK]"], limit_alphabet=100
        )
        return models.WordPiece(unk_token="[UNK]"), trainer
    if kind == "WordLevel":
        trainer = trainers.WordLevelTrainer(**quiet, special_tokens=["<unk>"])
        return models.WordLevel(unk_token="<unk>"), trainer
    affixes: Json = {}
    if source.random() < 0.25:
        affixes["continuing_subword_prefix"] = "##"
    if source.random() < 0.25:
        affixes["end_of_word_suffix"] = "</w>"
    trainer = trainers.BpeTrainer(
        **quiet,
        special_tokens=["<unk>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
        if source.random() < 0.5
        else [],
        limit_alphabet=source.choice((60, 120, 400)),
        **affixes,
    )
    return models.BPE(unk_token="<unk>", **affixes), trainer


def adjust(source: random.Random, model: Json) -> None:
    """Toggle what training does not: flags, byte tokens, a missing unknown."""
    kind = model["type"]
    flag = lambda: source.random() < 0.5  # noqa: E731
    if kind == "WordPiece":
        model["max_input_chars_per_word"] = source.choice((5, 20, 100))
    if kind == "Unigram":
        model["byte_fallback"] = flag()
        if model["byte_fallback"]:
            model["vocab"] += [[token, -20.0] for token in BYTES]
    if kind != "BPE":
        return
    model["fuse_unk"] = flag()
    model["ignore_merges"] = flag()
    if source.random() < 0.3:
        model["unk_token"] = None
    model["byte_fallback"] = flag()
    if model["byte_fallback"]:
        # At times only of ASCII, so that other characters stay unknown.
        count = source.choice((128, 256))
        for token in BYTES[:count]:
            model["vocab"].setdefault(token, len(model["vocab"]))


def added_tokens(source: random.Random, model: Json) -> list[Json]:
    """Draw added tokens with all kinds of flags."""
    vocab = model["vocab"]
    if isinstance(vocab, list):
        vocab = {token: i for i, (token, _) in enumerate(vocab)}
    contents = ["<s>", "</s>", "<think>", "  ", "Hello", MARK * 2, "e", "\n\n"]
    chosen = source.sample(contents, source.randint(0, 5))
    tokens, following = [], len(vocab)
    for content in sorted(chosen, key=lambda c: (c not in vocab, c)):
        flags = {key: source.random() < 0.3 for key in FULL_FLAGS}
        token_id = vocab.get(content)
        if token_id is None:
            token_id = following
            following += 1
        tokens.append({"id": token_id, "content": content, **flags})
    return tokens


def post_processor(source: random.Random, tokens: list[Json]) -> Json | None:
    """Draw what stands around a text, of the added tokens."""
    if not tokens or source.random() < 0.4:
        return None
    first, last = tokens[0], tokens[-1]
    if source.random() < 0.3:
        wrap = {"cls": [first["content"], first["id"]]}
        return {
            "type": "BertProcessing",
            "sep": [last["content"], last["id"]],
            **wrap,
        }
    used = {first["content"]: first, last["content"]: last}
    special = {
        name: {"id": name, "ids": [token["id"]], "tokens": [name]}
        for name, token in used.items()
    }
    single = [
        {"SpecialToken": {"id": first["content"], "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}},
    ]
    if source.random() < 0.5:
        single.append({"SpecialToken": {"id": last["content"], "type_id": 0}})
    return {
        "type": "TemplateProcessing",
        "single": single,
        "pair": [*single, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": special,
    }


def random_document(seed: int, size: int = 300) -> Json:
    """Draw a whole tokenizer.

    Parameters
    ----------
    seed
        Decides everything.
    size
        Tokens to train, about.

    Returns
    -------
    dict
        What `tokenizers` takes as a tokenizer.json.
    """
    source = random.Random(seed)
    kind = source.choice(("BPE", "BPE", "BPE", "Unigram", "WordPiece",
                          "WordLevel"))  # fmt: skip
    model, trainer = trainer_of(source, kind, size)
    tokenizer = Tokenizer(model)
    chosen = {
        "normalizer": normalizer(source),
        "pre_tokenizer": pre_tokenizer(source),
    }
    shell = json.loads(tokenizer.to_str())
    shell |= chosen
    pre = Tokenizer.from_str(json.dumps(shell, ensure_ascii=False))
    if chosen["normalizer"]:
        tokenizer.normalizer = pre.normalizer
    if chosen["pre_tokenizer"]:
        tokenizer.pre_tokenizer = pre.pre_tokenizer
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    texts = json_corpus()
    picked = [texts[source.randrange(len(texts))] for _ in range(TRAINING)]
    if kind == "Unigram":  # it must hold every character that it sees
        picked = [text for text in picked if max(text, default="a") < "\u0180"]
    tokenizer.train_from_iterator(
        [*picked, "Hello world, it's the end of 2024."] * 2, trainer
    )
    document = json.loads(tokenizer.to_str())
    document |= chosen
    adjust(source, document["model"])
    document["added_tokens"] = added_tokens(source, document["model"])
    document["decoder"] = decoder(source)
    document["post_processor"] = post_processor(
        source, document["added_tokens"]
    )
    return document


def write_goldens(folder: Path, count: int) -> None:
    """Write documents of the first seeds that `tokenizers` can run all of.

    Parameters
    ----------
    folder
        Where `kind_NN.json` and `kind_NN.golden.json` go.
    count
        How many.
    """
    corpus = json_corpus()
    short = [i for i, text in enumerate(corpus) if len(text) <= SHORT]
    own = ["Hello  world", " <s>Hello</s>", f"{MARK}{MARK}e Hello {MARK}e", ""]
    seed, written = 0, 0
    while written < count:
        seed += 1
        chosen = short[seed % STEP :: STEP]
        try:
            document = random_document(seed, SMALL)
            text = json.dumps(document, ensure_ascii=False)
            golden = golden_of(text, [*(corpus[i] for i in chosen), *own])
        except BaseException as error:  # a panic of the library
            print(f"seed {seed}: {error}")
            continue
        stem = f"kind_{written:02}"
        write_json(folder / f"{stem}.json", document)
        golden = {"corpus": chosen, "texts": own, **golden}
        write_json(folder / f"{stem}.golden.json", golden)
        written += 1


def main() -> None:
    """Write the golden documents and ids."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    parser.add_argument("--count", type=int, default=24)
    options = parser.parse_args()
    write_goldens(options.out / "json", options.count)


if __name__ == "__main__":
    main()
