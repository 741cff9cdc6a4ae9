"""Tokens of the highest logits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ._arguments import FloatArray, bounded, flag, floats
from .errors import UsageError

if TYPE_CHECKING:
    from .model import InterpretableModel


def top_ids(logits: FloatArray, k: int) -> npt.NDArray[np.int64]:
    """Find the k highest of each row, of equal ones the lower ids first."""
    if len(logits) == 0:
        return np.zeros((0, k), dtype=np.int64)
    if k < logits.shape[-1]:
        # All that could be among the first k, so that ties go by id.
        kth = np.partition(logits, -k, axis=-1)[..., -k]
        rows = []
        for row, least in zip(logits, kth, strict=True):
            found = np.flatnonzero(row >= least)
            rows.append(found[np.argsort(-row[found], kind="stable")][:k])
        return np.array(rows, dtype=np.int64)
    return np.argsort(-logits, axis=-1, kind="stable")[..., :k]


def _projected(states: FloatArray, layer: Any) -> FloatArray:
    if not hasattr(layer, "weight"):
        raise TypeError(
            f"embedding_layer: {type(layer).__name__}: has no weight; give "
            "[vocab, d_model]"
        )
    weight = floats(layer.weight, "embedding_layer")
    if weight.ndim != 2 or weight.shape[1] != states.shape[-1]:
        raise UsageError(
            f"embedding_layer: weight: shape {list(weight.shape)}: give "
            f"[vocab, {states.shape[-1]}]"
        )
    return states @ weight.T


class PredictionMethods:
    """What `InterpretableModel` does with states that are normalised."""

    def get_token_predictions(
        self: InterpretableModel,
        hidden_state: Any,
        top_k: int = 10,
        return_scores: bool = False,
        embedding_layer: Any | None = None,
        lm_head: Any | None = None,
    ) -> list:
        """Decode normalised states with the model's output projection.

        Parameters
        ----------
        hidden_state
            ``[d_model]`` or ``[batch, d_model]``, as the final norm leaves it.
            Logits, ``[vocab]`` or ``[batch, vocab]``, are taken as they are.
        top_k
            Tokens.
        return_scores
            Give (id, logit) pairs.
        embedding_layer
            Something else to project with: its ``weight`` ``[vocab, d_model]``.
        lm_head
            A function that projects. Goes before `embedding_layer`.

        Returns
        -------
        list
            Ids or pairs, the highest logit first, of equal ones the lower id;
            for a batch a list of such lists.

        Raises
        ------
        UsageError
            Another shape, NaN or infinities, or `top_k` out of range.
        """
        states = floats(hidden_state, "hidden_state")
        if states.ndim not in (1, 2):
            raise UsageError(
                f"hidden_state: shape {list(states.shape)}: give [d_model] or "
                "[batch, d_model]"
            )
        bounded(top_k, "top_k", 1, self.vocab_size)
        return_scores = flag(return_scores, "return_scores")
        if lm_head is not None:
            logits = floats(lm_head(states), "lm_head")
        elif embedding_layer is not None and hasattr(
            embedding_layer, "as_linear"
        ):
            logits = embedding_layer.as_linear(states)
        elif embedding_layer is not None:
            logits = _projected(states, embedding_layer)
        elif states.shape[-1] == self.vocab_size != self.config.d_model:
            logits = states
        else:
            logits = self.unembed(states, final_norm=False)
        rows = np.atleast_2d(logits)
        ids = top_ids(rows, min(top_k, rows.shape[-1]))
        scores = np.take_along_axis(rows, ids, axis=-1)
        made = [
            list(zip(i, s, strict=True)) if return_scores else i
            for i, s in zip(ids.tolist(), scores.tolist(), strict=True)
        ]
        return made[0] if states.ndim == 1 else made
