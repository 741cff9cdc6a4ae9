"""What each layer would predict: lenses as arrays."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ._arguments import FloatArray, index, word
from ._extras import need
from .errors import UsageError
from .html import deliver, frame, page

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from .model import InterpretableModel

IntArray = npt.NDArray[np.int64]

# What a plot can shade; the last three are of a cell, not of its top-1 token.
METRICS = ("prob", "logprob", "logit", "rank", "entropy", "kl")


@dataclass(frozen=True)
class Crystallization:
    """From which block on a token is the prediction.

    Attributes
    ----------
    id, text
        The token.
    first_hit : numpy.ndarray
        ``[positions]``: the first block whose top-1 token it is; -1: none.
    stable_from : numpy.ndarray
        ``[positions]``: the block from which on it stays so; -1: it does not.
    """

    id: int
    text: str
    first_hit: IntArray
    stable_from: IntArray


class Lens:
    """The lens of one prompt. `InterpretableModel.lens` makes it.

    Logits are scores before the softmax, as the model defines them (after its
    scale and cap); log-probabilities are in nats; probabilities are of the
    softmax over the whole vocabulary. R rows, P positions, K tokens a cell.

    Attributes
    ----------
    kind : str
        "logit", "tuned" or "jacobian".
    input_ids : list of int
        The prompt.
    tokens : list of str
        Its tokens' texts.
    positions : numpy.ndarray
        ``[P]``: those that are shown.
    sites : list of str
        ``[R]``: names of the rows.
    layers : numpy.ndarray
        ``[R]``: their blocks; -1 is the embedding row.
    own_norm : list of bool
        ``[R]``: a row of what a module adds, normalised by itself.
    ids, logits, logprobs, probs : numpy.ndarray
        ``[R, P, K]``: the K tokens of the highest logits.
    logz, entropy, kl : numpy.ndarray
        ``[R, P]``, nats: log of the sum of exp(logit); entropy of the softmax;
        KL(final row || this row).
    rank : numpy.ndarray
        ``[R, P]``: of the final row's top-1 token of that position; 1 is the
        highest.
    next_logprobs, next_ranks : numpy.ndarray
        ``[R, P]``: of the prompt's own next token; NaN and -1 at its end.
    target_ids : list of int
        ``[T]``: tokens that were asked for.
    target_logits, target_logprobs, target_probs, target_ranks : numpy.ndarray
        ``[R, P, T]``.
    summary : list of dict
        ``[R]``: means over the positions.
    max_abs_last_row_minus_logits : float
        How far the last row is from the model's own logits: 0.
    error : dict or None
        At precision "fast": of how many ``cells`` it was compared with exact
        ones, ``max_abs_prob`` and ``mean_abs_prob`` of the tokens that are
        kept, ``max_abs_logz`` (nats), and the share ``top_k_equal`` of cells
        with the same tokens in the same order.
    """

    def __init__(
        self, model: InterpretableModel, arrays: dict[str, Any]
    ) -> None:
        text = model.token_to_str if model.tokenizer is not None else _no_text
        self.kind: str = arrays["kind"]
        self.input_ids: list[int] = arrays["ids"]
        self.tokens = [text(i) for i in self.input_ids]
        self.positions: IntArray = np.array(arrays["positions"], dtype=np.int64)
        self.sites: list[str] = arrays["sites"]
        self.layers: IntArray = np.array(arrays["layers"], dtype=np.int64)
        self.own_norm: list[bool] = arrays["own_norm"]
        self._set_scores(arrays)
        self.summary: list[dict[str, Any]] = arrays["summary"]
        self.max_abs_last_row_minus_logits: float = arrays[
            "max_abs_last_row_minus_logits"
        ]
        self.error: dict[str, Any] | None = arrays.get("error")
        self.forward_ms: float = arrays["forward_ms"]
        self.lens_ms: float = arrays["lens_ms"]
        self._page: bytes = arrays["page"]
        self.n_layers: int = model.config.n_layers
        self.title = f"{model.config.ref}, {self.kind} lens"
        known = {*map(int, np.unique(self.ids)), *self.target_ids}
        self._texts = {i: text(i) for i in known if i >= 0}

    def _set_scores(self, arrays: dict[str, Any]) -> None:
        top, after = arrays["top"], arrays["next"]
        self.ids: IntArray = top["ids"]
        self.logits: FloatArray = top["logits"]
        self.logprobs: FloatArray = top["logprobs"]
        self.probs: FloatArray = top["probs"]
        self.logz: FloatArray = arrays["logz"]
        self.entropy: FloatArray = arrays["entropy"]
        self.kl: FloatArray = arrays["kl"]
        self.rank: IntArray = arrays["followed_scores"]["ranks"]
        self._followed: dict[str, Any] = arrays["followed_scores"]
        self.next_logprobs: FloatArray = after["logprobs"]
        self.next_ranks: IntArray = after["ranks"]
        scores = arrays["target_scores"]
        self.target_ids: list[int] = [t["id"] for t in arrays["targets"]]
        self.target_logits: FloatArray = scores["logits"]
        self.target_logprobs: FloatArray = scores["logprobs"]
        self.target_probs: FloatArray = scores["probs"]
        self.target_ranks: IntArray = scores.get(
            "ranks", np.zeros(scores["logits"].shape, np.int64)
        )
        self._depths = {t["id"]: t for t in arrays["targets"]}

    @property
    def labels(self) -> list[str]:
        """A short name of each row: "embed", "0", "1 attn_out"."""
        return [
            _label(site, int(layer))
            for site, layer in zip(self.sites, self.layers, strict=True)
        ]

    @property
    def top_texts(self) -> list[list[list[str]]]:
        """``[R, P, K]``: the texts of `ids`."""
        return [
            [[self._texts[i] for i in cell] for cell in row]
            for row in self.ids.tolist()
        ]

    def text(self, token_id: int) -> str:
        """Give the text of a token that stands in the lens."""
        return self._texts.get(token_id, f"<id:{token_id}>")

    def crystallization(
        self, target: int | str | None = None
    ) -> Crystallization:
        """Say from which block on a token is the prediction.

        Parameters
        ----------
        target
            The id or the text of a token; None: the final row's top-1 token at
            the last position.

        Raises
        ------
        UsageError
            The lens has not the rows of all blocks, and the token was not
            among its `targets`; or no token of the lens has that text.
        """
        number = self._find(target)
        if number in self._depths:
            depth = self._depths[number]
            first, stable = depth["first_hit"], depth["stable_from"]
        else:
            first, stable = self._depth_of(number)
        return Crystallization(number, self.text(number), first, stable)

    def _find(self, target: int | str | None) -> int:
        if target is None:
            return int(self._followed["ids"][-1, -1])
        if isinstance(target, str):
            found = [i for i, text in self._texts.items() if text == target]
            if len(found) != 1:
                raise UsageError(
                    f"crystallization: {target!r}: is no token of this lens; "
                    "give it to lens(targets=...), or an id"
                )
            return found[0]
        return index(target, "crystallization: target")

    def _depth_of(self, number: int) -> tuple[IntArray, IntArray]:
        blocks = [
            row
            for row, site in enumerate(self.sites)
            if self.layers[row] >= 0
            and not self.own_norm[row]
            and not site.endswith("resid_mid")
        ]
        if [int(self.layers[row]) for row in blocks] != list(
            range(self.n_layers)
        ):
            raise UsageError(
                "crystallization: the lens has not the rows of all blocks; "
                "give the token to lens(targets=...)"
            )
        hits = self.ids[blocks, :, 0] == number
        first = np.where(hits.any(axis=0), hits.argmax(axis=0), -1)
        # The last block without it; behind that it stays.
        misses = ~hits
        last_miss = np.where(
            misses.any(axis=0),
            len(blocks) - 1 - misses[::-1].argmax(axis=0),
            -1,
        )
        stable = np.where(hits[-1], last_miss + 1, -1)
        return first.astype(np.int64), stable.astype(np.int64)

    def metric(self, name: str = "prob") -> FloatArray:
        """Give one number a cell, ``[R, P]``.

        Parameters
        ----------
        name
            "prob", "logprob", "logit": of the cell's top-1 token, or of the
            first target where there are targets. "rank": of the final row's
            top-1 token, or of the first target. "entropy", "kl".

        Raises
        ------
        UsageError
            Another name.
        """
        word(name, "metric", METRICS)
        if name in ("entropy", "kl"):
            return getattr(self, name)
        if self.target_ids:
            return getattr(self, f"target_{name}s")[:, :, 0]
        if name == "rank":
            return self.rank
        return getattr(self, f"{name}s")[:, :, 0]

    def to_pandas(self) -> pd.DataFrame:
        """Give a table: one line a row, position and token of the top K.

        Raises
        ------
        ImportError
            pandas is not there.
        """
        pandas = need("pandas", "pandas")
        _rows, _positions, k = self.ids.shape
        row, at, rank = (a.ravel() for a in np.indices(self.ids.shape))
        token_ids = np.array(self.input_ids)[self.positions][at]
        return pandas.DataFrame(
            {
                "site": np.array(self.sites, dtype=object)[row],
                "layer": self.layers[row],
                "position": self.positions[at],
                "token_id": token_ids,
                "token": [self.tokens[p] for p in self.positions[at]],
                "k": rank + 1,
                "id": self.ids.ravel(),
                "text": [self._texts[i] for i in self.ids.ravel().tolist()],
                "logit": self.logits.ravel(),
                "logprob": self.logprobs.ravel(),
                "prob": self.probs.ravel(),
                "entropy": np.repeat(self.entropy, k),
                "kl_to_final": np.repeat(self.kl, k),
                "logz": np.repeat(self.logz, k),
            }
        )

    def plot(self, metric: str = "prob", **options: Any) -> Figure:
        """Draw it: a column a token, the last block on top.

        Parameters
        ----------
        metric
            What the cells are shaded by (`metric`).
        **options
            Of `pellucid.plots.heatmap`: figsize, cmap, ax, ...

        Raises
        ------
        ImportError
            matplotlib is not there.
        """
        from .plots import plot_lens

        return plot_lens(self, metric, **options)

    def to_html(
        self,
        path: str | os.PathLike[str] | None = None,
        others: Sequence[Lens] = (),
    ) -> str | None:
        """Make a page to look around in, as ``pellucid lens --html`` does.

        Parameters
        ----------
        path
            Where to write it; None: it is given back.
        others
            More lenses for the page, which shows any two side by side.

        Returns
        -------
        str or None
            HTML, one file that asks for nothing else: 160 kB and the data.

        Raises
        ------
        Error
            It cannot be written.
        """
        for other in others:
            if not isinstance(other, Lens):
                raise TypeError(
                    f"to_html: others: {type(other).__name__}: give lenses"
                )
        return deliver(
            page(self._page, [other._page for other in others]), path
        )

    def _repr_html_(self) -> str:
        text = page(self._page)
        return frame(text, self.title, rows=len(self.sites))

    def __repr__(self) -> str:
        rows, positions, k = self.ids.shape
        return f"Lens({rows} rows, {positions} positions, top {k})"


def _no_text(token_id: int) -> str:
    return f"<id:{token_id}>"


def _label(site: str, layer: int) -> str:
    if layer < 0:
        return "embed"
    last = site.rsplit(".", 1)[-1]
    return str(layer) if last == str(layer) else f"{layer} {last}"
