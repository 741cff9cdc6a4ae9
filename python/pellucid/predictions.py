"""Predictions of each block as lists of tokens, as mlxterp gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import _core
from ._arguments import (
    FloatArray,
    bounded,
    figure_size,
    flag,
    floats,
    index,
    selection,
    several,
)
from .errors import UsageError
from .translators import AnyLens, trained_of

if TYPE_CHECKING:
    from .model import InterpretableModel

# By block: of each position the tokens of the highest logits, as (id, logit,
# text).
Predictions = dict[int, list[list[tuple[int, float, str]]]]


class PredictionMethods:
    """What `InterpretableModel` says of single tokens."""

    def logit_lens(
        self: InterpretableModel,
        text: str | Sequence[int],
        top_k: int = 1,
        layers: Sequence[int] | None = None,
        position: int | None = None,
        plot: bool = False,
        max_display_tokens: int = 15,
        figsize: tuple[float, float] = (16, 10),
        cmap: str = "viridis",
        font_family: str | None = None,
        final_norm: Any | None = None,
        skip_norm: bool = False,
    ) -> Predictions:
        """Say what each block would predict, as mlxterp's `logit_lens` does.

        Parameters
        ----------
        text
            The prompt, or its token ids.
        top_k
            Tokens a cell.
        layers
            Blocks, negative ones from the last; None: all.
        position
            One position, negative ones from the end; None: all.
        plot
            Also draw a heatmap: colour is the probability of a cell's top-1
            token, from 0 to 1.
        max_display_tokens
            The last so many positions are drawn.
        figsize, cmap, font_family
            Of the heatmap. Without a family, fonts are chosen that have the
            letters.
        final_norm
            Another function of states ``[positions, d_model]`` in place of the
            model's final norm.
        skip_norm
            No norm at all.

        Returns
        -------
        dict
            ``{block: [[(id, score, text), ...] of each position]}``. Scores
            are logits, not probabilities (`lens` gives both). With `position`,
            each list holds that position alone.

        Raises
        ------
        UsageError
            A block or position that is not there, or `top_k`.
        """
        shown = {"figsize": figsize, "cmap": cmap, "font_family": font_family}
        shown["max_display_tokens"] = max_display_tokens
        return self._predictions(
            "logit_lens",
            None,
            text,
            top_k,
            layers,
            position,
            shown if flag(plot, "plot") else None,
            final_norm,
            skip_norm,
        )

    def tuned_lens(
        self: InterpretableModel,
        text: str | Sequence[int],
        tuned_lens: AnyLens,
        top_k: int = 1,
        layers: Sequence[int] | None = None,
        position: int | None = None,
        plot: bool = False,
        max_display_tokens: int = 15,
        figsize: tuple[float, float] = (16, 10),
        cmap: str = "viridis",
        font_family: str | None = None,
        final_norm: Any | None = None,
        skip_norm: bool = False,
    ) -> Predictions:
        """Say what each block would predict, through a trained lens.

        Parameters
        ----------
        text
            The prompt, or its token ids.
        tuned_lens
            A `TunedLens`; or "tuned:FILE", "jacobian:FILE".
        top_k, layers, position, plot, max_display_tokens, figsize, cmap, \
        font_family, final_norm, skip_norm
            As `logit_lens` has them.

        Returns
        -------
        dict
            As `logit_lens` gives it. The last block's is the model's own
            output, whatever the lens.

        Raises
        ------
        UsageError
            A block or position that is not there, or `top_k`; a lens of
            another size.
        ModelError
            The lens is another model's, or cannot be read.
        """
        shown = {"figsize": figsize, "cmap": cmap, "font_family": font_family}
        shown["max_display_tokens"] = max_display_tokens
        return self._predictions(
            "tuned_lens",
            tuned_lens,
            text,
            top_k,
            layers,
            position,
            shown if flag(plot, "plot") else None,
            final_norm,
            skip_norm,
        )

    def _predictions(
        self: InterpretableModel,
        method: str,
        lens: AnyLens,
        text: Any,
        top_k: int,
        layers: Sequence[int] | None,
        position: int | None,
        plot: dict[str, Any] | None,
        final_norm: Any | None,
        skip_norm: bool,
    ) -> Predictions:
        if self._is_batch(text):
            raise TypeError(f"{method}: give one text; lens() takes several")
        trained = trained_of(self, lens)
        skip_norm = flag(skip_norm, "skip_norm")
        chosen = self._blocks(layers)
        at = None if position is None else index(position, "position")
        bounded(top_k, "top_k", 1, self.vocab_size)
        if skip_norm or final_norm is not None:
            cells = self._custom_lens(
                text, chosen, at, top_k, final_norm, skip_norm, trained
            )
        else:
            cells = self._own_lens(text, chosen, at, top_k, trained)
        results = {
            layer: [
                [
                    (token, score, self.token_to_str(token))
                    for token, score in zip(ids, scores, strict=True)
                ]
                for ids, scores in zip(*cells[layer][:2], strict=True)
            ]
            for layer in chosen
        }
        if plot is not None:
            from .plots import plot_predictions

            bounded(plot["max_display_tokens"], "max_display_tokens", 1)
            plot["figsize"] = figure_size(plot["figsize"])
            plot_predictions(
                self,
                text,
                results,
                np.array([cells[layer][2] for layer in chosen]),
                at,
                kind="logit" if trained is None else trained.kind,
                **plot,
            )
        return results

    def _blocks(
        self: InterpretableModel, layers: Sequence[int] | None
    ) -> list[int]:
        n = len(self.layers)
        if layers is None:
            return list(range(n))
        chosen = []
        for number in several(layers, "layers"):
            if not -n <= number < n:
                raise UsageError(
                    f"layers: {number}: the model has {n}, numbered 0 to "
                    f"{n - 1}"
                )
            chosen.append(number % n)
        if not chosen:
            raise UsageError("layers: is an empty choice; name at least one")
        return list(dict.fromkeys(chosen))

    def _own_lens(
        self: InterpretableModel,
        text: Any,
        layers: list[int],
        position: int | None,
        top_k: int,
        trained: Any,
    ) -> dict[int, tuple[list, list, list]]:
        """Ids and logits ``[positions, k]`` and top-1 probabilities a block."""
        made = _core.lens(
            self._core,
            self._prompts(text),
            selection(layers, "layers"),
            selection(position, "position"),
            embed_row=False,
            top_k=top_k,
            lens=trained,
        )[0]
        top = made["top"]
        ids, logits = top["ids"].tolist(), top["logits"].tolist()
        probs = top["probs"][:, :, 0].tolist()
        return {
            layer: (ids[row], logits[row], probs[row])
            for row, layer in enumerate(made["layers"])
        }

    def _custom_lens(
        self: InterpretableModel,
        text: Any,
        layers: list[int],
        position: int | None,
        top_k: int,
        final_norm: Any | None,
        skip_norm: bool,
        trained: Any,
    ) -> dict[int, tuple[list, list, list]]:
        names = [self._core.layer_paths[layer] for layer in layers]
        trace = self.trace(text, sites=names)
        out = {}
        for layer, name in zip(layers, names, strict=True):
            states = trace.activations[name][0]
            if position is not None:
                n = len(states)
                if not -n <= position < n:
                    raise UsageError(
                        f"position: {position}: the prompt has {n} tokens, "
                        f"numbered 0 to {n - 1} or {-n} to -1"
                    )
                states = states[[position]]
            if trained is not None:
                states = trained.map(self._core, name, states)
            if not skip_norm:
                states = floats(final_norm(states), "final_norm")
            logits = self.unembed(states, final_norm=False)
            ids = top_ids(logits, top_k)
            wide = logits.astype(np.float64)
            best = wide.max(axis=-1, keepdims=True)
            probs = 1 / np.exp(wide - best).sum(axis=-1)
            scores = np.take_along_axis(logits, ids, axis=-1)
            out[layer] = (ids.tolist(), scores.tolist(), probs.tolist())
        return out

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
