"""Changes of activations during a run, as values.

An `Edit` says what becomes of the numbers of one site, and where. It is made
in C++, costs no call of Python, and can be written to a file. Functions of
arrays are edits too (`pellucid.interventions`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import _core
from ._arguments import (
    FloatArray,
    Selection,
    bound,
    bounded,
    checked_text,
    core_of,
    floats,
    indices,
    number,
    path_text,
    selection,
    word,
)
from .errors import UsageError

if TYPE_CHECKING:
    from .model import InterpretableModel

# What an edit of a whole site is called with: canonical name, prompts of the
# batch, position of each one's first row, and their rows [tokens, ...].
SiteFunction = Callable[
    [str, list[int], list[int], list[FloatArray]], Sequence[FloatArray]
]

KINDS = (
    "zero",
    "scale",
    "add",
    "replace",
    "mean",
    "resample",
    "noise",
    "clamp",
    "project_out",
    "set_component",
    "mask",
    "custom_site",
)


@dataclass(eq=False)
class Edit:
    """What becomes of the numbers x of one site.

    Parameters
    ----------
    site
        Its name, in any spelling.
    kind
        "zero": 0. "scale": x * factor. "add": x + factor * values, or x +
        factor. "replace": values. "mean": the mean of the rows of `values`,
        else of all positions of the prompt. "resample": a row of `values`,
        drawn by `seed` at each position. "noise": x + factor * normal numbers
        drawn by `seed`. "clamp": into [low, high]. "project_out": x less its
        component in the span of the rows of `values`. "set_component": x with
        the component `factor` along `values`. "mask": -inf, of scores only.
    positions
        Where: of the prompt, negative ones from its end; None: everywhere.
    text
        Instead: the tokens that the first occurrence of this text touches.
    keys
        Of scores and pattern: positions of keys.
    heads, features
        Parts of a row; empty: all. Heads are those of per-head sites.
    prompts
        Of a batch; empty: all.
    when
        In a generation: "prompt", "generated" or "both". None: both, unless
        positions are named; then prompt.
    factor, values, seed, low, high
        What the kinds above read. `values` are rows [rows, features] or one
        row: one serves all positions, as many as positions serve one each. Of
        scores and pattern [heads, queries, keys].
    function
        Of kind "custom_site"; `pellucid.interventions` makes these.

    Raises
    ------
    UsageError
        A number that is not finite, an unknown kind, an empty choice. What
        does not fit a model or a prompt shows when a run begins.
    """

    site: str
    kind: str = "zero"
    positions: Selection = None
    text: str | None = None
    keys: Selection = None
    heads: Sequence[int] = field(default_factory=list)
    features: Sequence[int] = field(default_factory=list)
    prompts: Sequence[int] = field(default_factory=list)
    when: str | None = None
    factor: float = 1.0
    values: FloatArray | None = None
    seed: int = 0
    low: float = float("-inf")
    high: float = float("inf")
    function: SiteFunction | None = None

    def __post_init__(self) -> None:
        """Check what does not depend on a model."""
        checked_text(self.site, "edit: site")
        word(self.kind, "edit: kind", KINDS)
        if self.text is not None:
            checked_text(self.text, "edit: text")
        if self.when is not None:
            word(self.when, "edit: when", ("prompt", "generated", "both"))
        if self.positions is not None:
            self.positions = selection(self.positions, "edit: positions")
        if self.keys is not None:
            self.keys = selection(self.keys, "edit: keys")
        self.heads = indices(self.heads, "edit: heads")
        self.features = indices(self.features, "edit: features")
        self.prompts = indices(self.prompts, "edit: prompts")
        self.factor = number(self.factor, "edit: factor")
        self.low = bound(self.low, "edit: low")
        self.high = bound(self.high, "edit: high")
        self.seed = bounded(self.seed, "edit: seed", 0, 2**64 - 1)
        if self.values is not None:
            self.values = floats(self.values, "edit: values")
            if self.values.size == 0:
                raise UsageError("edit: values: are empty; give some")
        if self.kind == "custom_site" and not callable(self.function):
            raise TypeError(f"edit: function: {self.function!r}: give one")


def read_edits(
    model: InterpretableModel, path: str | os.PathLike[str]
) -> list[Edit]:
    """Read edits from a file of JSON ("pellucid.edits/1", docs/edits.md).

    Raises
    ------
    ModelError
        It cannot be read, is damaged, or was saved for another model.
    """
    made = _core.read_edits(core_of(model), path_text(path, "path"))
    return [Edit(**arguments) for arguments in made]


def write_edits(
    model: InterpretableModel,
    path: str | os.PathLike[str],
    edits: Iterable[Edit] | Mapping[str, Any],
) -> None:
    """Write edits to a file of JSON, for this model alone.

    Raises
    ------
    UsageError
        One of them is a function.
    Error
        The file cannot be written.
    """
    from ._apply import edits_of

    core = core_of(model)
    _core.write_edits(core, path_text(path, "path"), edits_of(model, edits))


EditLike = Edit | Callable[..., Any]
Interventions = (
    Mapping[str, EditLike | Sequence[EditLike]] | Sequence[Edit] | Edit | None
)
