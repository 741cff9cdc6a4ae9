"""What is done to an activation: functions of arrays, and edits.

Each is handed to a run under the name of a site::

    with model.trace("Hello", interventions={"layers.4": scale(0.5)}):
        ...

Any function of an array will do. It gets the whole activation, float32
``[batch, tokens, features]`` (per-head sites ``[batch, tokens, heads,
head_dim]``, scores and pattern ``[batch, heads, queries, keys]``), and returns
one of the same shape; it may mix positions and prompts. Prompts of one length
come in one call. Those of different lengths come one by one, ``[1, tokens,
...]``, so that a prompt's result never depends on what it is run with.

Those of this module are such functions (call them on arrays, compose them),
and where the library has an edit of the kind (`Edit`) a run uses that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ._arguments import FloatArray, bounded, floats, number, word
from .edits import Edit, EditLike
from .errors import UsageError

Function = Callable[[FloatArray], Any]
Shape = tuple[int, ...] | None  # behind [batch, tokens]; None: a matrix
EditMaker = Callable[[Shape], dict[str, Any] | None]

__all__ = [
    "Edit",
    "Intervention",
    "InterventionComposer",
    "add_vector",
    "clamp",
    "compose",
    "custom",
    "mean_ablate",
    "noise",
    "project_out",
    "replace_with",
    "scale",
    "set_component",
    "zero_out",
]


class Intervention:
    """A function of an activation that may have an edit of its own.

    Parameters
    ----------
    name
        For people.
    function
        Of ``x`` and ``prompts``, the numbers in the batch of what x holds, or
        None: all of it.
    edit
        Gives the keyword arguments of an `Edit` that does the same, or None: a
        run calls the function. It is called with the shape of what a token has
        at the site, None for scores and pattern.
    is_users
        What the function raises is left as it is.
    """

    def __init__(
        self,
        name: str,
        function: Callable[[FloatArray, list[int] | None], Any],
        edit: EditMaker | None = None,
        is_users: bool = False,
    ) -> None:
        self._name = name
        self._function = function
        self._edit = edit
        self._is_users = is_users

    def __call__(self, x: Any) -> Any:
        """Apply it to an array."""
        return self.apply(np.asarray(x), None)

    def apply(self, x: FloatArray, prompts: list[int] | None) -> Any:
        """Apply it to a part of a batch: the prompts that x holds.

        Raises
        ------
        UsageError
            Its numbers do not fit the shape of x.
        """
        if self._is_users:
            return self._function(x, prompts)
        try:
            return self._function(x, prompts)
        except UsageError:
            raise
        except ValueError as error:
            raise UsageError(
                f"{self._name}: does not fit {list(x.shape)}: {error}"
            ) from error

    def edits(self, site: str, shape: Shape) -> list[Edit] | None:
        """Give the edits that do the same, or None: there are none."""
        made = None if self._edit is None else self._edit(shape)
        return None if made is None else [Edit(site, **made)]

    def __repr__(self) -> str:
        return f"<intervention {self._name}>"


def scale(factor: float) -> Intervention:
    """Multiply by `factor`.

    Raises
    ------
    UsageError
        It is not finite.
    """
    by = np.float32(number(factor, "scale: factor"))
    return Intervention(
        f"scale({by:g})",
        lambda x, _: x * by,
        lambda _: {"kind": "scale", "factor": float(by)},
    )


class _Zero(Intervention):
    """`zero_out`, which is an intervention and no function that makes one."""

    def __init__(self) -> None:
        super().__init__(
            "zero_out",
            lambda x, _: np.zeros_like(x),
            lambda _: {"kind": "zero"},
        )


zero_out = _Zero()


def add_vector(vector: Any) -> Intervention:
    """Add `vector`, which may be anything that broadcasts to the activation.

    Parameters
    ----------
    vector
        Most often ``[features]``: a direction to steer along.

    Raises
    ------
    UsageError
        It has NaN or an infinity.
    """
    values = floats(vector, "add_vector: vector")
    return Intervention(
        f"add_vector({list(values.shape)})",
        lambda x, prompts: x + _of_prompts(values, x, prompts),
        _of_vector({"kind": "add", "values": values}, values.shape),
    )


def replace_with(value: Any, align: str = "end") -> Intervention:
    """Replace the activation by a number or an array.

    Parameters
    ----------
    value
        A number; what was recorded (``[batch, tokens, features]``, a batch of
        one serves all prompts); or anything that broadcasts.
    align
        Where the numbers of tokens differ: "end" pairs up the last tokens,
        "start" the first ones, and the other tokens stay as they are. "strict"
        raises.

    Raises
    ------
    UsageError
        It has NaN or an infinity, or another word for `align`; in the run,
        shapes that do not fit.
    """
    word(align, "replace_with: align", ("end", "start", "strict"))
    values = floats(value, "replace_with: value")

    def edit(shape: Shape) -> dict[str, Any] | None:
        if shape is None or values.ndim > 0:
            return None
        return {"kind": "replace", "values": np.full(shape, values)}

    def replace(x: FloatArray, prompts: list[int] | None) -> FloatArray:
        return _replaced(x, _of_prompts(values, x, prompts), align)

    return Intervention(f"replace_with({list(values.shape)})", replace, edit)


def clamp(
    min_val: float | None = None, max_val: float | None = None
) -> Intervention:
    """Bring the numbers into [min_val, max_val]; None is no bound.

    Raises
    ------
    UsageError
        A bound is NaN, or they are the wrong way round.
    """
    low, high = float("-inf"), float("inf")
    if min_val is not None:
        low = number(min_val, "clamp: min_val")
    if max_val is not None:
        high = number(max_val, "clamp: max_val")
    if low > high:
        raise UsageError(f"clamp: {low:g} is above {high:g}; swap them")
    return Intervention(
        f"clamp({low:g}, {high:g})",
        lambda x, _: np.minimum(
            np.maximum(x, np.float32(low)), np.float32(high)
        ),
        lambda _: {"kind": "clamp", "low": low, "high": high},
    )


def noise(std: float = 0.1, seed: int | None = None) -> Intervention:
    """Add normal noise.

    Parameters
    ----------
    std
        Its standard deviation.
    seed
        The same numbers for the same seed, on every machine. None: other ones
        each time (drawn from `numpy.random`, whose seed decides).

    Raises
    ------
    UsageError
        `std` is not finite or negative, or the seed is out of range.
    """
    deviation = number(std, "noise: std")
    if deviation < 0:
        raise UsageError(f"noise: std: {deviation:g}: give 0 or more")
    if seed is not None:
        seed = bounded(seed, "noise: seed", 0, 2**64 - 1)

    def drawn() -> int:
        if seed is not None:
            return seed
        return int(np.random.randint(0, 2**63 - 1, dtype=np.int64))

    def add(x: FloatArray, prompts: list[int] | None) -> FloatArray:
        made = np.random.default_rng(drawn()).standard_normal(x.shape)
        return x + made.astype(np.float32) * np.float32(deviation)

    return Intervention(
        f"noise({deviation:g})",
        add,
        lambda _: {"kind": "noise", "factor": deviation, "seed": drawn()},
    )


def mean_ablate(values: Any = None) -> Intervention:
    """Replace each position by a mean.

    Parameters
    ----------
    values
        Rows ``[rows, features]`` to take the mean of; None: all positions of
        the same prompt.
    """
    given = None
    if values is not None:
        given = np.atleast_2d(floats(values, "mean_ablate: values"))

    def mean(x: FloatArray, _: list[int] | None) -> FloatArray:
        rows = x if given is None else given.reshape(1, -1, x.shape[-1])
        made = rows.mean(axis=1, keepdims=True, dtype=np.float64)
        return np.broadcast_to(made.astype(np.float32), x.shape).copy()

    return Intervention(
        "mean_ablate",
        mean,
        lambda shape: {"kind": "mean", "values": given} if shape else None,
    )


def project_out(directions: Any) -> Intervention:
    """Take out the component in the span of directions ``[n, features]``.

    Raises
    ------
    UsageError
        A first direction that is 0, or numbers that are not finite.
    """
    rows = np.atleast_2d(floats(directions, "project_out: directions"))

    def project(x: FloatArray, _: list[int] | None) -> FloatArray:
        basis = np.linalg.qr(rows.T.astype(np.float64))[0]
        wide = x.astype(np.float64)
        return (wide - wide @ basis @ basis.T).astype(np.float32)

    return Intervention(
        "project_out",
        project,
        _of_vector({"kind": "project_out", "values": rows}, rows.shape[1:]),
    )


def set_component(direction: Any, value: float) -> Intervention:
    """Set the component along a direction ``[features]``, of length 1 then."""
    row = floats(direction, "set_component: direction").reshape(-1)
    to = number(value, "set_component: value")

    def put(x: FloatArray, _: list[int] | None) -> FloatArray:
        unit = row.astype(np.float64) / np.linalg.norm(row.astype(np.float64))
        along = x.astype(np.float64) @ unit
        made = x + (to - along)[..., None] * unit
        return made.astype(np.float32)

    return Intervention(
        "set_component",
        put,
        _of_vector(
            {"kind": "set_component", "values": row, "factor": to}, row.shape
        ),
    )


def custom(function: Function) -> Intervention:
    """Make an intervention of a function of an array."""
    if not callable(function):
        raise TypeError(f"custom: {function!r}: give a function")
    name = getattr(function, "__name__", type(function).__name__)
    return Intervention(name, lambda x, _: function(x), is_users=True)


class InterventionComposer:
    """Several interventions, one after another, as one.

    Examples
    --------
    >>> both = compose().add(scale(0.5)).add(clamp(-5, 5)).build()
    """

    def __init__(self) -> None:
        self.interventions: list[EditLike] = []

    def add(self, fn: EditLike) -> InterventionComposer:
        """Append one; returns itself."""
        if not callable(fn):
            raise TypeError(f"compose: {fn!r}: give a function")
        self.interventions.append(fn)
        return self

    def build(self) -> Intervention:
        """Make one intervention of those that were added."""
        return _Composed([as_intervention(fn) for fn in self.interventions])


compose = InterventionComposer


class _Composed(Intervention):
    """Interventions one after another."""

    def __init__(self, parts: list[Intervention]) -> None:
        def run(x: FloatArray, prompts: list[int] | None) -> Any:
            for part in parts:
                x = part.apply(x, prompts)
            return x

        name = " then ".join(map(repr, parts)) or "nothing"
        super().__init__(name, run, is_users=True)
        self._parts = parts

    def edits(self, site: str, shape: Shape) -> list[Edit] | None:
        made: list[Edit] = []
        for part in self._parts:
            edits = part.edits(site, shape)
            if edits is None:
                return None
            made += edits
        return made


def as_intervention(function: Any) -> Intervention:
    """Give an intervention as it is, and make one of another function."""
    if isinstance(function, Intervention):
        return function
    return custom(function)


def _of_vector(edit: dict[str, Any], shape: tuple[int, ...]) -> EditMaker:
    """Make an edit where a token has just a vector of that shape."""
    return lambda of_token: edit if of_token == shape else None


def _of_prompts(
    values: FloatArray, x: FloatArray, prompts: Sequence[int] | None
) -> FloatArray:
    """Give those rows of a batch of values that x holds."""
    if prompts is None or values.ndim < x.ndim or values.shape[0] == 1:
        return values
    if max(prompts) < values.shape[0]:
        return values[list(prompts)]
    return values


def _replaced(x: FloatArray, values: FloatArray, align: str) -> FloatArray:
    if values.shape == x.shape:
        return values
    if values.ndim >= 2 and x.ndim >= 2:
        axis = 1 if values.ndim >= 3 else 0
        given, here = (
            values.shape[axis],
            x.shape[axis if values.ndim >= 3 else 1],
        )
        if given != here and given != 1:
            if align == "strict":
                raise UsageError(
                    f"replace_with: {given} tokens for {here}; use align="
                    '"end" or "start"'
                )
            n = min(given, here)
            rows = slice(-n, None) if align == "end" else slice(0, n)
            made = x.copy()
            part = values[:, rows] if values.ndim >= 3 else values[rows]
            try:
                made[:, rows] = part
            except ValueError as error:
                raise UsageError(f"replace_with: {error}") from None
            return made
    try:
        return np.broadcast_to(values, x.shape).copy()
    except ValueError:
        raise UsageError(
            f"replace_with: the shape {list(values.shape)} does not become "
            f"{list(x.shape)}"
        ) from None
