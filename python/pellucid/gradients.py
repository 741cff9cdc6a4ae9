"""What activations are worth to a metric, by gradients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from ._arguments import FloatArray, bounded, selection, word
from .grids import Doubles, Grid, PatchGrid
from .trace import canonical

if TYPE_CHECKING:
    from ._arguments import Selection
    from .model import InterpretableModel

METHODS = ("ig", "grad")  # of attribution
BASELINES = ("zero", "mean")


class Gradient(Mapping):
    """Derivatives of a metric, by site name.

    `InterpretableModel.gradient` makes it. Names may be spelt in any way; the
    arrays are ``[tokens, features]``, of per-head sites ``[tokens, heads,
    head_dim]``, of scores and pattern ``[heads, queries, keys]``.

    Attributes
    ----------
    value : float
        The metric.
    """

    def __init__(
        self,
        model: InterpretableModel,
        value: float,
        arrays: dict[str, FloatArray],
    ) -> None:
        self.value = value
        self._model = model
        self._arrays = arrays

    def __getitem__(self, name: str) -> FloatArray:
        return self._arrays[canonical(self._model, name)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __repr__(self) -> str:
        return f"Gradient({len(self)} sites, value={self.value:.4g})"


class ActivationGrid(Grid):
    """A metric taken apart. `InterpretableModel.attribution` makes it.

    `values` are parts of the metric: of integrated gradients, those of a row
    sum to ``value - baseline``, as exactly as the steps allow.

    Attributes
    ----------
    value : float
        The metric of the run.
    baseline : numpy.ndarray
        ``[rows]``: that of the run with the baseline in place of the row's
        activations; empty for method "grad".
    total : numpy.ndarray
        ``[rows]``: the sum over all positions and heads.
    """

    def __init__(
        self,
        model: InterpretableModel,
        ids: list[int],
        method: str,
        site: str,
        metric: str,
        made: dict[str, Any],
    ) -> None:
        made["recovery"] = np.full_like(made["values"], np.nan)
        made["clean"] = made["value"]
        super().__init__(model, ids, made)
        self.value: float = made["value"]
        self.baseline: Doubles = made["baseline"]
        self.total: Doubles = made["total"]
        self.method = method
        self.metric = metric
        self.site = site
        self.column_kind = made["axes"].partition(",")[2] or "all"
        names = {"ig": "integrated gradients", "grad": "gradient x activation"}
        self.title = f"{names[method]} of {site}"


def _metric(metric: Any, foil: Any) -> str:
    if metric is None:
        return "logprob" if foil is None else "logit-diff"
    return word(metric, "metric")


class GradientMethods:
    """What `InterpretableModel` does with gradients."""

    def gradient(
        self: InterpretableModel,
        text: Any,
        sites: Any,
        answer: Any = None,
        foil: Any = None,
        metric: str | None = None,
        reference: Any = None,
    ) -> Gradient:
        """Differentiate a metric by activations.

        Parameters
        ----------
        text
            The prompt, or its ids.
        sites
            A name or several, or patterns such as "blocks.*.attn.hook_z".
        answer, foil
            As of `patch`.
        metric
            "logit-diff", "logprob", "prob" or "kl"; None: logit-diff with a
            foil, else logprob.
        reference
            With "kl": the prompt whose distribution is compared with.

        Raises
        ------
        UsageError
            An answer, a metric or a site that does not fit.
        UnknownSiteError
            A site that is not there.
        """
        names = [sites] if isinstance(sites, str) else list(sites)
        wanted = [
            name if "*" in name or name == "all" else canonical(self, name)
            for name in (word(name, "sites") for name in names)
        ]
        value, recording = _core.gradient(
            self._core,
            self._one_prompt(text, "text"),
            wanted,
            _metric(metric, foil),
            [] if answer is None else self._answer(answer, "answer"),
            [] if foil is None else self._answer(foil, "foil"),
            []
            if reference is None
            else self._one_prompt(reference, "reference"),
        )
        arrays = {name: recording.take(name) for name in recording.names()}
        return Gradient(self, value, arrays)

    def attribution(
        self: InterpretableModel,
        text: Any,
        answer: Any,
        foil: Any = None,
        method: str = "ig",
        site: str = "embed",
        grid: str = "layer,position",
        metric: str | None = None,
        baseline: Any = None,
        steps: int = 32,
        layers: Selection = None,
        positions: Selection = None,
        heads: Selection = None,
    ) -> ActivationGrid:
        """Take a metric apart into what activations are worth to it.

        Parameters
        ----------
        text
            The prompt, or its ids.
        answer, foil, metric
            As of `gradient`.
        method
            "ig": integrated gradients (Sundararajan et al. 2017); "grad":
            gradient x activation.
        site
            "embed", or a site of `patch`, with a row for each block.
        grid
            "layer,position", "layer,head" or "layer".
        baseline
            "zero", "mean" (over the prompt's positions), or the prompt whose
            activations are the baseline, of as many tokens. None: of "grad"
            zero, of "ig" mean.
        steps
            Points between baseline and run.
        layers, positions, heads
            Parts of the grid.

        Raises
        ------
        UsageError
            A method, site, baseline or range that does not fit.
        """
        word(method, "method", METHODS)
        ids = self._one_prompt(text, "text")
        named = isinstance(baseline, str) and baseline in BASELINES
        kind = baseline if named else ""
        other = (
            []
            if kind or baseline is None
            else self._one_prompt(baseline, "baseline")
        )
        wanted = _metric(metric, foil)
        made = _core.attribute_activations(
            self._core,
            ids,
            method,
            word(site, "site"),
            word(grid, "grid"),
            wanted,
            [] if answer is None else self._answer(answer, "answer"),
            [] if foil is None else self._answer(foil, "foil"),
            other,
            kind,
            bounded(steps, "steps", 1),
            selection(layers, "layers"),
            selection(positions, "positions"),
            selection(heads, "heads"),
        )
        return ActivationGrid(self, ids, method, site, wanted, made)

    def attribution_patching(
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
    ) -> PatchGrid:
        """Estimate every cell of `patch` to first order (Nanda 2023).

        From two forward passes and one backward, whatever the number of cells.
        ``estimate.agreement(truth)`` says how it agrees with `patch`.

        Parameters
        ----------
        clean, corrupt, answer, foil, site, grid, metric, direction, align
            As of `patch`; a rank has no derivative.
        layers, positions, heads
            Parts of the grid.

        Raises
        ------
        UsageError
            As `patch`.
        """
        wanted = _metric(metric, foil)
        made = _core.patch(
            self._core,
            self._one_prompt(clean, "clean"),
            self._one_prompt(corrupt, "corrupt"),
            self._answer(answer, "answer"),
            [] if foil is None else self._answer(foil, "foil"),
            word(site, "site"),
            word(grid, "grid"),
            wanted,
            word(direction, "direction"),
            word(align, "align"),
            selection(layers, "layers"),
            selection(positions, "positions"),
            selection(heads, "heads"),
            1,
            (0, 0),
            (0, 0),
            None,
            estimate=True,
        )
        estimate = PatchGrid(self, made, direction)
        estimate.title = f"attribution patching {site}"
        return estimate
