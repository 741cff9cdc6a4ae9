"""Builds small tokenizer.json documents for the goldens.

The plain one is byte-level BPE with the pre-tokenizer of GPT-2. Its
vocabulary is trained without cutting lines, so that merges cross words and
numbers, and ids show where pieces end.
"""

import json
from typing import Any

from tiny_bpe_gguf import training_text
from tokenizer_json_text import json_corpus
from tokenizers import Tokenizer, models, trainers
from tokenizers.pre_tokenizers import ByteLevel

VOCABULARY = 600

Json = dict[str, Any]

BYTE_LEVEL = {
    "type": "ByteLevel",
    "add_prefix_space": False,
    "trim_offsets": True,
    "use_regex": True,
}
# The byte alphabet after other pre-tokenizers.
ALPHABET = {**BYTE_LEVEL, "use_regex": False}
FULL_FLAGS = ("single_word", "lstrip", "rstrip", "normalized", "special")


def train() -> tuple[list[str], list[list[str]]]:
    """Train the vocabulary that all fixtures start from.

    Returns
    -------
    tuple of list
        Tokens in the order of their ids, and the merges, best first.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False, use_regex=False)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        initial_alphabet=sorted(ByteLevel.alphabet()),
        show_progress=False,
    )
    # Much of what is awkward, and every pair of digits.
    digits = [f"{i:04} {i:03}x{i:02} .{i:02}." for i in range(1000)]
    lines = [*json_corpus(), *training_text()[:400], *digits]
    # Added tokens stay out of the vocabulary.
    lines = [line for line in lines if "<" not in line and "[" not in line]
    tokenizer.train_from_iterator(lines, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    return tokens, model["merges"]


TOKENS, MERGES = train()


def added(token_id: int, content: str, **flags: bool) -> Json:
    """Give an entry of `added_tokens`; flags that are not named are false."""
    entry = {"id": token_id, "content": content}
    return {**entry, **dict.fromkeys(FULL_FLAGS, False), **flags}


def numbered(*tokens: Json) -> list[Json]:
    """Number added tokens: as in the vocabulary, else on from its end."""
    ids = {token: i for i, token in enumerate(TOKENS)}
    for token in tokens:
        ids.setdefault(token["content"], len(ids))
    return [{**token, "id": ids[token["content"]]} for token in tokens]


SPECIAL = numbered(
    added(0, "<|endoftext|>", special=True),
    added(0, "<|im_start|>", special=True),
    added(0, "<think>"),
)
EOT, START = SPECIAL[0]["id"], SPECIAL[1]["id"]


def document(*, model: Json | None = None, **sections: Any) -> Json:
    """Give the plain document with sections, or model keys, replaced."""
    plain_model: Json = {
        "type": "BPE",
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "byte_fallback": False,
        "ignore_merges": False,
        "vocab": {token: i for i, token in enumerate(TOKENS)},
        "merges": MERGES,
    }
    plain: Json = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": SPECIAL,
        "normalizer": None,
        "pre_tokenizer": BYTE_LEVEL,
        "post_processor": None,
        "decoder": BYTE_LEVEL,
        "model": {**plain_model, **(model or {})},
    }
    return {**plain, **sections}


def sequence(key: str, *parts: Json) -> Json:
    """Give a Sequence of which `key` names the list."""
    return {"type": "Sequence", key: list(parts)}


def split(
    pattern: Json, behavior: str = "Isolated", invert: bool = False
) -> Json:
    """Give a Split pre-tokenizer, then the byte alphabet."""
    first = {
        "type": "Split",
        "pattern": pattern,
        "behavior": behavior,
        "invert": invert,
    }
    return sequence("pretokenizers", first, ALPHABET)


def template(*parts: str, tokens: dict[str, list[int]]) -> Json:
    """Give a TemplateProcessing; "A" stands for the text."""

    def piece(name: str) -> Json:
        kind = "Sequence" if name == "A" else "SpecialToken"
        return {kind: {"id": name, "type_id": 0}}

    single = [piece(name) for name in parts]
    return {
        "type": "TemplateProcessing",
        "single": single,
        "pair": [*single, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {
            name: {"id": name, "ids": ids, "tokens": [TOKENS[0]] * len(ids)}
            for name, ids in tokens.items()
        },
    }
