"""Small tokenizer.json files that must be refused.

Beside them stands a table: file name to a word that the message must hold.
Most are refused by the real `tokenizers` as well; the others are valid but
not supported, and a message that only says so helps nobody.
"""

import argparse
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from golden_file import write_json
from tokenizer_json_document import (
    Json,
    added,
    document,
    sequence,
    split,
    template,
)

DEFAULT_OUT = Path(__file__).parents[2] / "tests/golden/tokenizer"
VOCAB = {"a": 0, "b": 1, "ab": 2}
SMALL = {"vocab": VOCAB, "merges": [["a", "b"]]}
DEEP = 3000

Refused = tuple[str, Json, str]  # name, document, word of the message


def small(*, model: Json | None = None, **sections: object) -> Json:
    """Give a document of three tokens with sections, or keys, replaced."""
    sections.setdefault("added_tokens", [])
    return document(model={**SMALL, **(model or {})}, **sections)


def unsupported() -> Iterator[Refused]:
    """Give what is valid for `tokenizers`."""
    keys = {"pad_token": "a", "word_delimiter_token": "b", "cleanup": True}
    ctc = {"type": "CTC", **keys}
    yield "decoder_ctc", small(decoder=ctc), "CTC"
    nested = sequence("decoders", {"type": "Fuse"}, ctc)
    yield "decoder_in_sequence", small(decoder=nested), "CTC"
    yield "dropout", small(model={"dropout": 0.5}), "dropout"


def damaged_kinds() -> Iterator[Refused]:
    """Give damaged sections of other kinds than byte-level BPE."""
    unigram = {"type": "Unigram", "unk_id": 1, "vocab": [["a", 0.0]]}
    yield "unigram_unknown", {**small(), "model": unigram}, "unk_id"
    unigram = {"type": "Unigram", "unk_id": 0, "vocab": [["a", "b"]]}
    yield "unigram_score", {**small(), "model": unigram}, "vocab"
    prefix = {"continuing_subword_prefix": "##"}
    yield "subword_prefix", small(model=prefix), "merge"
    for name, text in (("base64", "a"), ("trie", "/wAAAAAA")):
        broken = {"type": "Precompiled", "precompiled_charsmap": text}
        doc = small(normalizer=broken)
        yield f"charsmap_{name}", doc, "precompiled_charsmap"
    scheme = {
        "type": "Metaspace",
        "replacement": "_",
        "prepend_scheme": "often",
    }
    yield "metaspace_scheme", small(pre_tokenizer=scheme), "often"
    strip = {"type": "Strip", "content": "ab", "start": 0, "stop": 0}
    yield "decoder_strip", small(decoder=strip), "content"


def damaged() -> Iterator[Refused]:
    """Give documents of the right shape with something wrong inside."""
    merges = {
        "merge_token": [["a", "c"]],
        "merge_result": [["b", "a"]],
        "merge_three": ["a b c"],
        "merge_one": [["a"]],
        "merge_number": [[1, 2]],
    }
    for name, value in merges.items():
        yield name, small(model={"merges": value}), "merge"
    ids = {"id_negative": -1, "id_fraction": 1.5}
    for name, value in ids.items():
        doc = small(model={"vocab": {**VOCAB, "bad": value}})
        yield name, doc, "bad"
    large = small(model={"vocab": {**VOCAB, "bad": 2**32}})
    yield "id_large", large, str(2**32)
    yield "vocab_list", small(model={"vocab": [["a", 0]]}), "vocab"
    doc = small()
    del doc["model"]["vocab"]
    yield "vocab_absent", doc, "vocab"
    doc = small()
    del doc["model"]["merges"]
    yield "merges_absent", doc, "merges"
    yield "model_null", {**small(), "model": None}, "model"
    doc = small()
    del doc["model"]
    yield "model_absent", doc, "model"
    yield "version", small(version="2.0"), "2.0"
    for section in ("normalizer", "pre_tokenizer", "post_processor", "decoder"):
        doc = small(**{section: {"type": "Magic"}})
        yield f"unknown_{section}", doc, "Magic"
        doc = small(**{section: {"kind": "none"}})
        yield f"untyped_{section}", doc, section
    bad = split({"Regex": "(a"})
    yield "regex_syntax", small(pre_tokenizer=bad), "(a"
    bad = split({"Regex": "(?s)a"})
    yield "regex_perl", small(pre_tokenizer=bad), "(?s)a"
    bad = split({"Glob": "*"})
    yield "pattern_kind", small(pre_tokenizer=bad), "pattern"
    bad = split({"String": "a"}, behavior="Isolate")
    yield "behavior", small(pre_tokenizer=bad), "Isolate"
    bad = template("<s>", "A", tokens={})
    yield "template_token", small(post_processor=bad), "<s>"
    bad = [added(7, "<s>")]
    yield "added_id", small(added_tokens=bad), "<s>"


def broken() -> Iterator[tuple[str, bytes]]:
    """Give bytes that are no JSON, or another value than an object."""
    whole = json.dumps(small()).encode()
    yield "empty", b""
    yield "cut", whole[: len(whole) // 2]
    yield "trailing", whole + b" x"
    yield "list", b"[" + whole + b"]"
    yield "null", b"null"
    yield "not_utf8", whole.replace(b'"ab"', b'"\xff\xfe"')
    yield "surrogate", whole.replace(b'"ab"', b'"\\ud800"')
    yield "deep", b'{"a":' * DEEP + b"1" + b"}" * DEEP


def main() -> None:
    """Write the files and the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    options = parser.parse_args()
    folder = options.out / "refused"
    shutil.rmtree(folder, ignore_errors=True)
    words = {}
    for name, doc, word in (*unsupported(), *damaged_kinds(), *damaged()):
        write_json(folder / f"{name}.json", doc)
        words[name] = word
    for name, data in broken():
        (folder / f"{name}.json").write_bytes(data)
        words[name] = f"{name}.json"
    write_json(options.out / "refused.json", words)


if __name__ == "__main__":
    main()
