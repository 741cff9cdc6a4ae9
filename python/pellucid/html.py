"""Results as small tables of HTML that need nothing else: for notebooks."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from .fonts import BLANKS

if TYPE_CHECKING:
    from .grids import Grid
    from .lens import Lens

MAX_COLUMNS = 40  # the last so many are shown

STYLE = (
    "border-collapse:collapse;font-size:12px;font-family:sans-serif;"
    "white-space:nowrap"
)
CELL = "padding:1px 6px;border:1px solid #8884;text-align:center"


def _shown(text: str) -> str:
    return escape("".join(BLANKS.get(c, c) for c in text))


def _shade(share: float) -> str:
    """Colours of a cell, from white to blue, with letters that stand out."""
    share = min(max(share, 0.0), 1.0)
    red, green, blue = (round(255 - share * d) for d in (225, 160, 90))
    ink = "#fff" if share > 0.6 else "#000"
    return f"background:rgb({red},{green},{blue});color:{ink}"


def _table(
    header: list[str], rows: list[tuple[str, list[str]]], caption: str
) -> str:
    head = "".join(f'<th style="{CELL}">{name}</th>' for name in ["", *header])
    body = "".join(
        f'<tr><th style="{CELL}">{name}</th>{"".join(cells)}</tr>'
        for name, cells in rows
    )
    return (
        f'<table style="{STYLE}"><caption>{caption}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def lens_table(lens: Lens) -> str:
    """Make a table of a lens: top-1 tokens, shaded by their probability."""
    begin = max(0, len(lens.positions) - MAX_COLUMNS)
    texts = lens.top_texts
    rows = []
    for r, label in enumerate(lens.labels):
        cells = []
        for p in range(begin, len(lens.positions)):
            scored = zip(texts[r][p], lens.probs[r, p], strict=True)
            top = ", ".join(f"{text!r} {prob:.1%}" for text, prob in scored)
            tip = escape(
                f"{top}; entropy {lens.entropy[r, p]:.2f}, "
                f"KL {lens.kl[r, p]:.2f} nats"
            )
            shade = _shade(float(lens.probs[r, p, 0]))
            cells.append(
                f'<td style="{CELL};{shade}" title="{tip}">'
                f"{_shown(texts[r][p][0])}</td>"
            )
        rows.append((escape(label), cells))
    header = [_shown(lens.tokens[p]) for p in lens.positions[begin:]]
    caption = escape(lens.title) + "; shade: probability of the top token"
    if begin:
        caption += (
            f"; the last {MAX_COLUMNS} of {len(lens.positions)} positions"
        )
    return _table(header, rows, caption)


def grid_table(grid: Grid) -> str:
    """Make a table of a grid of patching, shaded by its values."""
    values = grid.values
    begin = max(0, values.shape[1] - MAX_COLUMNS)
    finite = values[np.isfinite(values)]
    low = float(finite.min()) if finite.size else 0.0
    span = (float(finite.max()) - low if finite.size else 0.0) or 1.0
    rows = []
    for r, layer in enumerate(grid.rows):
        cells = []
        for c in range(begin, values.shape[1]):
            value = float(values[r, c])
            tip = f"recovery {grid.recovery[r, c]:.2f}"
            shade = _shade((value - low) / span)
            cells.append(
                f'<td style="{CELL};{shade}" title="{tip}">{value:.3g}</td>'
            )
        rows.append((str(layer), cells))
    header = [_shown(name) for name in grid.column_names[begin:]]
    caption = (
        f"{escape(grid.title)}; {escape(grid.metric)}: clean {grid.clean:.3g}, "
        f"corrupt {grid.corrupt:.3g}"
    )
    return _table(header, rows, caption)
