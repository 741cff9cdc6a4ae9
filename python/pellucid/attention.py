"""Where heads look, and what kind they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import _core
from ._arguments import FloatArray, bounded, selection, word

if TYPE_CHECKING:
    from ._arguments import Selection
    from .model import InterpretableModel

KINDS = ("previous_token", "duplicate_token", "induction", "first_token")


@dataclass(frozen=True)
class HeadScore:
    """A head and how much it does what was looked for, in [0, 1]."""

    layer: int
    head: int
    score: float
    head_type: str | None = None


@dataclass(frozen=True)
class HeadScores:
    """Four habits of every head, measured on repeated random tokens.

    Attributes
    ----------
    previous_token, duplicate_token, induction, first_token : numpy.ndarray
        ``[layers, heads]``: mean attention weights, in [0, 1].
    sequences
        What they were measured on.
    has_bos
        Each begins with BOS.
    """

    previous_token: npt.NDArray[np.float64]
    duplicate_token: npt.NDArray[np.float64]
    induction: npt.NDArray[np.float64]
    first_token: npt.NDArray[np.float64]
    sequences: list[list[int]]
    has_bos: bool

    def rank(self, kind: str = "induction") -> list[HeadScore]:
        """List all heads, the highest of a kind first.

        Raises
        ------
        UsageError
            No such kind.
        """
        word(kind, "rank", KINDS)
        scores = getattr(self, kind)
        order = np.argsort(-scores, axis=None, kind="stable")
        places = zip(*np.unravel_index(order, scores.shape), strict=True)
        return [
            HeadScore(int(layer), int(head), float(scores[layer, head]), kind)
            for layer, head in places
        ]


@dataclass(frozen=True)
class AttentionPatterns:
    """Attention weights of one prompt.

    Attributes
    ----------
    layers, heads
        Those that were asked for.
    weights : numpy.ndarray
        ``[layers, heads, queries, keys]``; a row of keys adds up to 1.
    """

    layers: list[int]
    heads: list[int]
    weights: FloatArray


class AttentionMethods:
    """What `InterpretableModel` does with heads."""

    def attention_patterns(
        self: InterpretableModel,
        text: Any,
        layers: Selection = None,
        heads: Selection = None,
    ) -> AttentionPatterns:
        """Give the attention weights of a run, as the run itself has them.

        Raises
        ------
        UsageError
            A layer or head that is not there, or more than 1 GiB of weights.
        """
        made = _core.attention_patterns(
            self._core,
            self._one_prompt(text, "text"),
            selection(layers, "layers"),
            selection(heads, "heads"),
        )
        return AttentionPatterns(**made)

    def head_scores(
        self: InterpretableModel,
        n_random_tokens: int = 50,
        n_repeats: int = 2,
        n_sequences: int = 1,
        seed: int = 42,
    ) -> HeadScores:
        """Measure every head on random tokens that repeat (docs/attention.md).

        Raises
        ------
        UsageError
            Sizes out of range, or more than the context holds.
        """
        made = _core.head_scores(
            self._core,
            bounded(n_random_tokens, "n_random_tokens", 2),
            bounded(n_repeats, "n_repeats", 2),
            bounded(n_sequences, "n_sequences", 1),
            bounded(seed, "seed", 0, 2**64 - 1),
        )
        return HeadScores(**made)
