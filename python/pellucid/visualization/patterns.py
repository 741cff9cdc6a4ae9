"""Kinds of heads, by where they look (Olsson et al. 2022, Wang et al. 2022)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._arguments import FloatArray, bounded, core_of, floats, number
from ..attention import HeadScore
from ..errors import UsageError
from .attention import get_attention_patterns

if TYPE_CHECKING:
    from ..model import InterpretableModel


def _matrix(pattern: Any) -> FloatArray:
    weights = floats(pattern, "attention_pattern")
    if weights.ndim != 2 or weights.size == 0:
        raise UsageError(
            f"attention_pattern: shape {list(weights.shape)}: give "
            "[queries, keys]"
        )
    return weights


def _mean(values: FloatArray) -> float:
    return float(values.mean(dtype=np.float64)) if values.size else 0.0


def induction_score(attention_pattern: Any, seq_len: int) -> float:
    """Mean weight from position i to i - seq_len + 1, over i >= seq_len.

    Parameters
    ----------
    attention_pattern
        ``[queries, keys]`` of a sequence that repeats.
    seq_len
        After how many tokens it does.
    """
    pattern = _matrix(attention_pattern)
    n = bounded(seq_len, "seq_len", 1)
    return _mean(np.diagonal(pattern, 1 - n)[1:])


def previous_token_score(attention_pattern: Any) -> float:
    """Mean weight from each position to the one before."""
    return _mean(np.diagonal(_matrix(attention_pattern), -1))


def first_token_score(attention_pattern: Any) -> float:
    """Mean weight on position 0, over all positions, itself too."""
    return _mean(_matrix(attention_pattern)[:, 0])


def current_token_score(attention_pattern: Any) -> float:
    """Mean weight from each position to itself."""
    return _mean(np.diagonal(_matrix(attention_pattern)))


def copying_score(ov_circuit: Any, unembedding: Any | None = None) -> float:
    """How much a head raises the logit of what it looks at.

    Parameters
    ----------
    ov_circuit
        ``W_V @ W_O``, ``[d_model, d_model]``.
    unembedding
        ``W_U``, ``[d_model, vocab]``: then the whole circuit over tokens is
        taken, which is ``[vocab, vocab]``.

    Returns
    -------
    float
        The mean of the diagonal, over the mean size of all entries.
    """
    circuit = floats(ov_circuit, "ov_circuit").astype(np.float64)
    if circuit.ndim != 2 or len({0, *circuit.shape}) != 2:
        raise UsageError(
            f"ov_circuit: shape {list(circuit.shape)}: give [d_model, d_model]"
        )
    if unembedding is not None:
        words = floats(unembedding, "unembedding").astype(np.float64)
        if words.ndim != 2 or words.shape[0] != len(circuit):
            raise UsageError(
                f"unembedding: shape {list(words.shape)}: give "
                f"[{len(circuit)}, vocab]"
            )
        circuit = words.T @ circuit @ words
    return float(np.diag(circuit).mean() / (np.abs(circuit).mean() + 1e-8))


class AttentionPatternDetector:
    """Names the kinds of a head whose scores are above thresholds.

    Parameters
    ----------
    induction_threshold, previous_token_threshold, first_token_threshold,
    current_token_threshold
        In [0, 1].
    """

    def __init__(
        self,
        induction_threshold: float = 0.4,
        previous_token_threshold: float = 0.5,
        first_token_threshold: float = 0.3,
        current_token_threshold: float = 0.3,
    ) -> None:
        self.induction_threshold = number(induction_threshold, "threshold")
        self.previous_token_threshold = number(
            previous_token_threshold, "threshold"
        )
        self.first_token_threshold = number(first_token_threshold, "threshold")
        self.current_token_threshold = number(
            current_token_threshold, "threshold"
        )

    def analyze_head(
        self, attention_pattern: Any, seq_len_for_induction: int | None = None
    ) -> dict[str, float]:
        """Give all scores of a head; induction if the length is given."""
        scores = {
            "previous_token": previous_token_score(attention_pattern),
            "first_token": first_token_score(attention_pattern),
            "current_token": current_token_score(attention_pattern),
        }
        if seq_len_for_induction is not None:
            scores["induction"] = induction_score(
                attention_pattern, seq_len_for_induction
            )
        return scores

    def classify_head(
        self, attention_pattern: Any, seq_len_for_induction: int | None = None
    ) -> list[str]:
        """Give the kinds of a head, or "unknown" alone."""
        scores = self.analyze_head(attention_pattern, seq_len_for_induction)
        kinds = [
            kind
            for kind, score in scores.items()
            if score > getattr(self, f"{kind}_threshold")
        ]
        return kinds or ["unknown"]


def detect_head_types(
    model: InterpretableModel,
    text: Any,
    threshold: float = 0.4,
    layers: Sequence[int] | None = None,
) -> dict[str, list[tuple[int, int]]]:
    """Sort the heads of a run into kinds.

    Returns
    -------
    dict
        (layer, head) of "previous_token", "first_token", "current_token" and
        "unknown"; a head may be of several kinds.
    """
    detector = AttentionPatternDetector(*[threshold] * 4)
    results: dict[str, list[tuple[int, int]]] = {
        "previous_token": [],
        "first_token": [],
        "current_token": [],
        "unknown": [],
    }
    for layer, head, pattern in _heads(model, text, layers):
        for kind in detector.classify_head(pattern):
            results[kind].append((layer, head))
    return results


def detect_induction_heads(
    model: InterpretableModel,
    n_random_tokens: int = 50,
    n_repeats: int = 2,
    threshold: float = 0.4,
    layers: Sequence[int] | None = None,
    seed: int = 42,
) -> list[HeadScore]:
    """Find heads that look at what followed a token the last time.

    Measured on random tokens that repeat (`InterpretableModel.head_scores`;
    a BOS token comes before them where the model's tokenizer puts one).

    Returns
    -------
    list of HeadScore
        Those above the threshold, the highest first.

    Raises
    ------
    UsageError
        Sizes or layers out of range.
    """
    core_of(model)
    scores = model.head_scores(n_random_tokens, n_repeats, seed=seed)
    chosen = set(model._blocks(layers))
    limit = number(threshold, "threshold")
    return [
        head
        for head in scores.rank("induction")
        if head.score > limit and head.layer in chosen
    ]


def find_attention_pattern(
    model: InterpretableModel,
    text: Any,
    pattern_fn: Callable[[FloatArray], float],
    threshold: float = 0.5,
    layers: Sequence[int] | None = None,
) -> list[HeadScore]:
    """Find heads that a function of ``[queries, keys]`` scores highly."""
    limit = number(threshold, "threshold")
    if not callable(pattern_fn):
        raise TypeError(f"pattern_fn: {pattern_fn!r}: give a function")
    scored = [
        HeadScore(layer, head, float(pattern_fn(pattern)), "custom")
        for layer, head, pattern in _heads(model, text, layers)
    ]
    found = [head for head in scored if head.score > limit]
    return sorted(found, key=lambda head: -head.score)


def _heads(
    model: InterpretableModel, text: Any, layers: Sequence[int] | None
) -> list[tuple[int, int, FloatArray]]:
    core_of(model)
    chosen = model._blocks(layers)
    names = [model._patterns[layer] for layer in chosen]
    patterns = get_attention_patterns(model.trace(text, sites=names), chosen)
    return [
        (layer, head, weights)
        for layer, found in patterns.items()
        for head, weights in enumerate(found[0])
    ]
