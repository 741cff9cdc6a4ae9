"""What an edit makes of an activation, as docs/edits.md says, in NumPy."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from philox import philox

Json = dict[str, object]

NORMAL_STREAM, CHOICE_STREAM = 0, 1  # last word of the counter
NORMAL = NormalDist()


def uniform(counter: tuple[int, int, int, int], seed: int) -> list[float]:
    """Draw two numbers in (0, 1), the middles of 2^52 intervals."""
    words = philox(counter, seed)
    pairs = [words[1] << 32 | words[0], words[3] << 32 | words[2]]
    return [((bits >> 12) + 0.5) * 2.0**-52 for bits in pairs]


def normal(count: int, seed: int, stream: int, row: int) -> np.ndarray:
    """Draw `count` normal numbers, float32."""
    drawn: list[float] = []
    for i in range((count + 1) // 2):
        drawn += uniform((i, row, stream, NORMAL_STREAM), seed)
    return np.float32([NORMAL.inv_cdf(u) for u in drawn[:count]])


def choice(rows: int, seed: int, row: int) -> int:
    """Draw which of `rows` rows the `row`-th position takes."""
    u = uniform((0, row, 0, CHOICE_STREAM), seed)[0]
    return min(int(u * rows), rows - 1)


def indices(text: str, count: int) -> list[int]:
    """Resolve "all", "last", "0,3" or slices."""
    everything = range(count)
    chosen: set[int] = set()
    for item in text.split(","):
        if item == "all":
            chosen |= set(everything)
        elif item == "last":
            chosen.add(count - 1)
        elif ":" in item:
            bounds = [int(b) if b else None for b in item.split(":")]
            chosen |= set(everything[slice(*bounds)])
        else:
            chosen.add(everything[int(item)])
    return sorted(chosen)


def basis_of(rows: np.ndarray) -> np.ndarray:
    """Give an orthonormal basis of the span of rows."""
    _, sizes, right = np.linalg.svd(rows.astype(float), full_matrices=False)
    return right[sizes > 1e-6 * sizes[0]]


@dataclass
class RowScope:
    """Where an edit of rows is made, of one prompt."""

    positions: list[int]
    columns: list[int]


def row_scope(edit: Json, tokens: int, width: int, heads: int) -> RowScope:
    """Resolve the scope of an edit of a site [tokens, width]."""
    positions = indices(str(edit.get("positions", "all")), tokens)
    size = width // heads if "heads" in edit else width
    begins = [size * h for h in edit.get("heads", [0])]
    inside = edit.get("features", range(size))
    return RowScope(positions, sorted({b + f for b in begins for f in inside}))


def edited_row(
    edit: Json, x: np.ndarray, index: int, values: np.ndarray | None
) -> np.ndarray:
    """Edit one row, the `index`-th in scope; `values` are rows of a set."""
    kind = edit["kind"]
    factor = np.float32(edit.get("factor", 1))
    if kind == "zero":
        return np.zeros_like(x)
    if kind == "scale":
        return x * factor
    if kind == "noise":
        return x + factor * normal(x.size, int(edit.get("seed", 0)), 0, index)
    if kind == "clamp":
        return np.clip(x, edit.get("low", -np.inf), edit.get("high", np.inf))
    if kind == "add" and values is None:
        return x + factor
    assert values is not None
    if kind == "mean":
        return values.mean(0, dtype=np.float64)
    if kind == "resample":
        return values[choice(len(values), int(edit.get("seed", 0)), index)]
    basis = basis_of(values)
    along = basis @ x.astype(float)
    if kind == "project_out":
        return x - along @ basis
    if kind == "set_component":
        unit = values[0] / np.linalg.norm(values[0].astype(float))
        return x + (float(factor) - unit @ x.astype(float)) * unit
    raise ValueError(f"unknown kind {kind}")


def edit_rows(
    edit: Json, x: np.ndarray, values: np.ndarray | None, heads: int
) -> np.ndarray:
    """Edit a site [tokens, width].

    Parameters
    ----------
    edit
        As in JSON.
    x
        What it was.
    values
        Those of the edit, if it has some.
    heads
        Heads that a row holds.

    Returns
    -------
    numpy.ndarray
        What it becomes.
    """
    tokens, width = x.shape
    scope = row_scope(edit, tokens, width, heads)
    rows = None
    if values is not None:
        count = values.shape[0] if values.ndim > 1 else 1
        rows = values.reshape(count, -1)
        if rows.shape[1] == width:
            rows = rows[:, scope.columns]
    if edit["kind"] == "mean" and rows is None:
        rows = x[:, scope.columns]
    out = x.copy()
    for i, t in enumerate(scope.positions):
        own = x[t, scope.columns]
        if edit["kind"] in ("add", "replace") and rows is not None:
            row = 0
            if len(rows) > 1:
                row = i if len(rows) == len(scope.positions) else t
            add = np.float32(edit.get("factor", 1)) * rows[row]
            new = own + add if edit["kind"] == "add" else rows[row]
        else:
            new = edited_row(edit, own, i, rows)
        out[t, scope.columns] = new
    return out


def edit_attention(
    edit: Json,
    x: np.ndarray,
    values: np.ndarray | None,
    seen: np.ndarray,
    unseen: float,
) -> np.ndarray:
    """Edit scores or pattern [heads, queries, keys].

    Parameters
    ----------
    edit, x, values
        As of `edit_rows`.
    seen
        Which keys a query sees, [queries, keys].
    unseen
        What stands where it does not.

    Returns
    -------
    numpy.ndarray
        What it becomes.
    """
    count, tokens = x.shape[0], x.shape[1]
    heads: Sequence[int] = sorted(edit.get("heads", range(count)))
    queries = indices(str(edit.get("positions", "all")), tokens)
    keys = indices(str(edit.get("keys", "all")), tokens)
    out = x.copy()
    for h_index, h in enumerate(heads):
        for i, q in enumerate(queries):
            own = [k for k in keys if k <= q]
            old = x[h, q, own]
            if edit["kind"] == "mask":
                new = np.full_like(old, -np.inf)
            elif edit["kind"] == "noise":
                drawn = normal(q + 1, int(edit.get("seed", 0)), h, i)
                new = old + np.float32(edit.get("factor", 1)) * drawn[own]
            elif values is not None:
                table = values[h if len(values) == count else h_index]
                add = np.float32(edit.get("factor", 1)) * table[q, own]
                new = table[q, own] if edit["kind"] == "replace" else old + add
            else:
                new = edited_row(edit, old, i, None)
            out[h, q, own] = new
    return np.where(seen, out, np.float32(unseen))
