"""What brings an answer back: patching and causal tracing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import _core
from ._arguments import (
    FloatArray,
    bounded,
    floats,
    number,
    selection,
    span,
    word,
)
from ._extras import need
from .errors import UsageError
from .html import deliver, frame, page

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from ._arguments import Selection
    from .model import InterpretableModel

Doubles = npt.NDArray[np.float64]


class Grid:
    """One number a cell: rows are blocks, columns positions or heads.

    Attributes
    ----------
    values, recovery : numpy.ndarray
        ``[rows, columns]``. Recovery is (value - corrupt) / (clean - corrupt);
        NaN where that is 0 / 0.
    rows, columns : numpy.ndarray
        Blocks, and positions or heads.
    clean, corrupt : float
        The metric of the unpatched runs.
    metric : str
        What the values are.
    ids : list of int
        The prompt that was changed, and `tokens`, its texts.
    """

    title = ""
    column_kind = "position"

    def __init__(
        self, model: InterpretableModel, ids: list[int], made: dict[str, Any]
    ) -> None:
        self.values: Doubles = made["values"]
        self.recovery: Doubles = made["recovery"]
        self.rows = np.array(made["rows"], dtype=np.int64)
        self.columns = np.array(made["columns"], dtype=np.int64)
        self.clean: float = made["clean"]
        self._page: bytes | None = made.get("page")
        self.ids = ids
        has_text = model.tokenizer is not None
        self.tokens = [
            model.token_to_str(i) if has_text else f"<id:{i}>" for i in ids
        ]

    metric = ""
    corrupt = 0.0

    @property
    def column_names(self) -> list[str]:
        """What stands below each column."""
        if self.column_kind == "position":
            return [self.tokens[c] for c in self.columns]
        if self.column_kind == "head":
            return [str(c) for c in self.columns]
        return [self.column_kind]

    def to_pandas(self) -> pd.DataFrame:
        """Give a table: one line a cell.

        Raises
        ------
        ImportError
            pandas is not there.
        """
        pandas = need("pandas", "pandas")
        row, column = (a.ravel() for a in np.indices(self.values.shape))
        return pandas.DataFrame(
            {
                "layer": self.rows[row],
                self.column_kind: self.columns[column],
                "name": np.array(self.column_names, dtype=object)[column],
                "value": self.values.ravel(),
                "recovery": self.recovery.ravel(),
            }
        )

    def plot(self, values: str = "values", **options: Any) -> Figure:
        """Draw "values" or "recovery"; options of `pellucid.plots.heatmap`.

        Raises
        ------
        ImportError
            matplotlib is not there.
        """
        word(values, "plot", ("values", "recovery"))
        from .plots import plot_grid

        return plot_grid(self, values, **options)

    def to_html(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """Make a page to look around in, as ``--html`` of the command does.

        Parameters
        ----------
        path
            Where to write it; None: it is given back.

        Raises
        ------
        Error
            It cannot be written.
        UsageError
            Attribution by gradients has no page.
        """
        if self._page is None:
            raise UsageError(f"to_html: {self.title}: has no page; plot it")
        return deliver(page(self._page), path)

    def _repr_html_(self) -> str | None:
        if self._page is None:
            return None
        text = page(self._page)
        return frame(text, self.title, rows=len(self.rows), least=400)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({len(self.rows)} layers, "
            f"{len(self.columns)} columns, {self.metric})"
        )


class PatchGrid(Grid):
    """Activation patching. `InterpretableModel.patch` makes it.

    `values` are the metric of the changed run with that one activation taken
    from the other run. ``share_of_full_runs``: how much of the work of a run a
    cell was done.
    """

    def __init__(
        self,
        model: InterpretableModel,
        made: dict[str, Any],
        direction: str = "denoise",
    ) -> None:
        super().__init__(model, made["ids"], made)
        self.direction = direction
        self.corrupt: float = made["corrupt"]
        self.metric: str = made["metric"]
        self.site: str = made["site"]
        self.column_kind = made["axes"].partition(",")[2] or "all"
        self.share_of_full_runs: float = made["share_of_full_runs"]
        self.title = f"patching {self.site}"

    def agreement(self, truth: PatchGrid) -> float:
        """Give Spearman's rank correlation of two grids of the same cells.

        Cells that change nothing in either are left out; NaN where ranks are
        undefined. Of an estimate and the patch itself it says how far the
        former can be trusted.

        Raises
        ------
        UsageError
            The grids have different cells.
        """
        if self.values.shape != truth.values.shape:
            raise UsageError("agreement: grids of different cells")
        moves = [
            grid.values - grid.corrupt
            if grid.direction == "denoise"
            else grid.values - grid.clean
            for grid in (self, truth)
        ]
        counts = (moves[0] != 0) | (moves[1] != 0)
        found = _core.rank_correlation(*(list(m[counts]) for m in moves))
        return float("nan") if found is None else found


class CausalTrace(Grid):
    """A causal trace. `InterpretableModel.causal_trace` makes it.

    `values` are probabilities of the answer, means over the samples of noise;
    ``values_low``, ``values_high`` (and the same of `recovery`) the ends of
    their 95% bootstrap intervals. ``corrupt_interval``: that of `corrupt`.

    Attributes
    ----------
    answer, answer_text
        The token whose probability is read.
    noise_std : float
        Standard deviation of the noise.
    noise : numpy.ndarray
        ``[samples, subject, d_model]``, as it was added.
    subject : list of int
        Positions that got it.
    """

    metric = "probability"

    def __init__(
        self,
        model: InterpretableModel,
        ids: list[int],
        subject: list[int],
        kind: str,
        made: dict[str, Any],
    ) -> None:
        super().__init__(model, ids, made)
        self.corrupt, *ends = made["corrupt"]
        self.corrupt_interval = tuple(ends)
        self.values_low: Doubles = made["values_low"]
        self.values_high: Doubles = made["values_high"]
        self.recovery_low: Doubles = made["recovery_low"]
        self.recovery_high: Doubles = made["recovery_high"]
        self.answer: int = made["answer"]
        self.answer_text = (
            model.token_to_str(self.answer) if model.tokenizer else ""
        )
        self.noise_std: float = made["noise_std"]
        self.noise: FloatArray = made["noise"]
        self.window: int = made["window"]
        self.subject = subject
        self.title = (
            f"causal trace of {kind}: probability of {self.answer_text!r}"
        )


class PatchMethods:
    """What `InterpretableModel` does with two runs."""

    def patch(
        self: InterpretableModel,
        clean: Any,
        corrupt: Any,
        answer: Any,
        foil: Any = None,
        site: str = "resid_post",
        grid: str = "layer,position",
        metric: str | None = None,
        direction: str = "denoise",
        align: str = "strict",
        layers: Selection = None,
        positions: Selection = None,
        heads: Selection = None,
        window: int = 1,
        clean_span: tuple[int, int] = (0, 0),
        corrupt_span: tuple[int, int] = (0, 0),
        to: str | None = None,
    ) -> PatchGrid:
        """Take activations from one run to another, one a cell.

        Parameters
        ----------
        clean, corrupt
            Texts or token ids.
        answer, foil
            What should follow, and what should not: a text, an id, or several
            tokens, whose log-probabilities are added up.
        site
            "resid_pre", "resid_mid", "resid_post", "attn_out", "mlp_out", "z",
            "q", "k", "v" or "pattern".
        grid
            "layer,position", "layer,head" or "layer".
        metric
            "logit-diff" (needs a foil), "logprob" (nats), "prob", "kl" (nats,
            from the clean run) or "rank". None: logit-diff with a foil, else
            logprob.
        direction
            "denoise": the corrupt run gets what is patched from the clean one;
            "noise": the other way.
        align
            "strict": prompts of the same length. "tokens": equal tokens at
            beginning and end pair up. "span": as the two spans say.
        layers, positions, heads
            Parts of the grid.
        window
            Blocks that a cell changes together.
        clean_span, corrupt_span
            Tokens [begin, end), for align="span".
        to
            Direct path patching: the only reader of the stream that sees what
            a cell changes: "logits", or "q:L", "k:L", "v:L", "attn:L", "mlp:L"
            of block L, "q:L.H" of one head.

        Raises
        ------
        UsageError
            Prompts, an answer, a site or a range that does not fit.
        """
        if metric is None:
            metric = "logprob" if foil is None else "logit-diff"
        made = _core.patch(
            self._core,
            self._one_prompt(clean, "clean"),
            self._one_prompt(corrupt, "corrupt"),
            self._answer(answer, "answer"),
            [] if foil is None else self._answer(foil, "foil"),
            word(site, "site"),
            word(grid, "grid"),
            word(metric, "metric"),
            word(direction, "direction"),
            word(align, "align"),
            selection(layers, "layers"),
            selection(positions, "positions"),
            selection(heads, "heads"),
            bounded(window, "window", 1),
            span(clean_span, "clean_span"),
            span(corrupt_span, "corrupt_span"),
            self._other_texts,
            to="" if to is None else word(to, "to"),
        )
        return PatchGrid(self, made, direction)

    def causal_trace(
        self: InterpretableModel,
        text: Any,
        subject: str | Sequence[int],
        answer: str | int | None = None,
        kind: str = "resid",
        window: int | None = None,
        samples: int = 10,
        seed: int = 0,
        noise_std: float | None = None,
        noise: Any = None,
        layers: Selection = None,
        positions: Selection = None,
        resamples: int = 1000,
    ) -> CausalTrace:
        """Find where a fact is recalled (Meng et al. 2022).

        Noise on the subject's embeddings makes the model forget the answer;
        then one state at a time is restored.

        Parameters
        ----------
        text
            The prompt.
        subject
            A part of the text, or positions.
        answer
            The token whose probability is read; None: the clean run's top-1.
        kind
            "resid": outputs of blocks; "mlp" or "attn": of that module.
        window
            Blocks restored together; None: 1 of resid, else 10.
        samples, seed, noise_std
            Of the noise; its standard deviation is by default 3 times that of
            the embeddings.
        noise
            The noise itself, ``[samples, subject, d_model]``, instead.
        layers, positions
            Parts of the grid.
        resamples
            Of the bootstrap intervals.

        Raises
        ------
        UsageError
            No such subject, answer, kind or range.
        """
        ids = self._one_prompt(text, "text")
        if isinstance(subject, str):
            at = _core.tokens_of_text(self._core, ids, word(subject, "subject"))
        else:
            at = [bounded(p, "subject", 0, len(ids) - 1) for p in subject]
        made = _core.causal_trace(
            self._core,
            ids,
            at,
            word(kind, "kind"),
            None if window is None else bounded(window, "window", 1),
            None if answer is None else self.token_id(answer, "answer"),
            bounded(samples, "samples", 1),
            bounded(seed, "seed", 0, 2**64 - 1),
            None if noise_std is None else number(noise_std, "noise_std"),
            None if noise is None else floats(noise, "noise"),
            selection(layers, "layers"),
            selection(positions, "positions"),
            bounded(resamples, "resamples", 1),
            text if isinstance(text, str) else None,
            self._other_texts,
        )
        return CausalTrace(self, ids, at, kind, made)

    def _one_prompt(
        self: InterpretableModel, text: Any, what: str
    ) -> list[int]:
        if self._is_batch(text):
            raise TypeError(f"{what}: give one text or the ids of one")
        return self._prompts(text)[0]

    def _answer(self: InterpretableModel, answer: Any, what: str) -> list[int]:
        """Read tokens that follow a prompt: a text, an id or several ids."""
        if isinstance(answer, str):
            ids = self._tokens_alone(answer, what)
            if not ids:
                raise UsageError(f"{what}: {answer!r}: has no tokens")
            return ids
        if not isinstance(answer, (list, tuple, np.ndarray)):
            return [self.token_id(answer, what)]
        return [self.token_id(one, what) for one in answer]
