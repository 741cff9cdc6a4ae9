"""Build a real `tokenizers` tokenizer from the vocabulary of a GGUF."""

from collections.abc import Mapping
from typing import Any

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
)

CONTROL = 3
USER_DEFINED = 4

LLAMA_BPE = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA_BPE.replace(r"\p{N}{1,3}", r"\p{N}")

KINDS = ("gpt-2", "smollm", "llama-bpe", "qwen2")


def pre_tokenizer(kind: str) -> pre_tokenizers.PreTokenizer:
    """Give the pre-tokenizer that a GGUF names in `tokenizer.ggml.pre`.

    Parameters
    ----------
    kind
        One of `KINDS`.

    Returns
    -------
    tokenizers.pre_tokenizers.PreTokenizer
        What the HF tokenizer of such a model has.
    """
    plain = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    if kind == "gpt-2":
        return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    if kind == "smollm":
        return pre_tokenizers.Sequence(
            [
                pre_tokenizers.Digits(individual_digits=True),
                pre_tokenizers.ByteLevel(
                    add_prefix_space=False, use_regex=True
                ),
            ]
        )
    pattern = {"llama-bpe": LLAMA_BPE, "qwen2": QWEN2}[kind]
    split = pre_tokenizers.Split(Regex(pattern), "isolated")
    return pre_tokenizers.Sequence([split, plain])


def adds_bos(metadata: Mapping[str, Any]) -> bool:
    """Say whether the vocabulary's tokenizer puts BOS in front.

    Parameters
    ----------
    metadata
        Keys of the GGUF.

    Returns
    -------
    bool
        The key `add_bos_token`, else the rule of the pre-tokenizer.
    """
    default = metadata["tokenizer.ggml.pre"] == "llama-bpe"
    return bool(metadata.get("tokenizer.ggml.add_bos_token", default))


def tokenizer_of(metadata: Mapping[str, Any]) -> Tokenizer:
    """Build the tokenizer that the keys of a byte-level BPE GGUF describe.

    Parameters
    ----------
    metadata
        Keys of the GGUF.

    Returns
    -------
    tokenizers.Tokenizer
        Control tokens are special added tokens, user-defined ones are added
        tokens that are not special; none of them is normalised.
    """
    kind = metadata["tokenizer.ggml.pre"]
    tokens = metadata["tokenizer.ggml.tokens"]
    merges = [
        tuple(merge.split(" ")) for merge in metadata["tokenizer.ggml.merges"]
    ]
    result = Tokenizer(
        models.BPE(
            vocab={token: i for i, token in enumerate(tokens)},
            merges=merges,
            ignore_merges=kind == "llama-bpe",
        )
    )
    if kind == "qwen2":
        result.normalizer = normalizers.NFC()
    result.pre_tokenizer = pre_tokenizer(kind)
    result.decoder = decoders.ByteLevel()
    for token, type_ in zip(
        tokens, metadata["tokenizer.ggml.token_type"], strict=True
    ):
        if type_ == CONTROL:
            result.add_special_tokens(
                [AddedToken(token, special=True, normalized=False)]
            )
        elif type_ == USER_DEFINED:
            result.add_tokens(
                [AddedToken(token, special=False, normalized=False)]
            )
    if adds_bos(metadata):
        bos = metadata["tokenizer.ggml.bos_token_id"]
        result.post_processor = processors.TemplateProcessing(
            single=f"{tokens[bos]} $A",
            pair=f"{tokens[bos]} $A {tokens[bos]} $B",
            special_tokens=[(tokens[bos], bos)],
        )
    if result.get_vocab_size() != len(tokens):
        raise ValueError("added tokens changed the size of the vocabulary")
    return result
