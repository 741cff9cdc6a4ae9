"""Figures, with matplotlib."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ._arguments import checked_text, figure_size, word
from ._extras import need
from .errors import UsageError
from .fonts import families_for, visible, writable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .grids import Grid
    from .lens import Lens
    from .model import InterpretableModel

CELL_LETTERS = 10

# Axis labels by metric: what a colour means, and in which unit.
LABELS = {
    "prob": "probability",
    "logprob": "log-probability (nats)",
    "logit": "logit",
    "rank": "rank (1 is the highest)",
    "entropy": "entropy (nats)",
    "kl": "KL divergence from the final row (nats)",
}


def color_map(name: Any, what: str = "cmap") -> Any:
    """Find a colour map of matplotlib.

    Raises
    ------
    TypeError
        It is neither a name nor a map.
    UsageError
        There is none of that name.
    """
    matplotlib = need("matplotlib", "plot")
    colors = need("matplotlib.colors", "plot")
    if isinstance(name, colors.Colormap):
        return name
    text = word(name, what)
    if text not in matplotlib.colormaps:
        raise UsageError(
            f"{what}: {text!r}: is no colour map of matplotlib; give another"
        )
    return matplotlib.colormaps[text]


def show() -> None:
    """Show figures where there is something to show them on."""
    pyplot = need("matplotlib.pyplot", "plot")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*non-interactive.*")
        pyplot.show()


def heatmap(
    values: Any,
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    texts: Sequence[Sequence[str]] | None = None,
    title: str = "",
    x_label: str = "",
    y_label: str = "",
    color_label: str = "",
    figsize: tuple[float, float] | None = None,
    cmap: str = "viridis",
    limits: tuple[float | None, float | None] = (None, None),
    log: bool = False,
    font_family: str | None = None,
    top_down: bool = True,
    ax: Axes | None = None,
) -> Figure:
    """Draw a matrix with a text in each cell.

    Parameters
    ----------
    values
        ``[rows, columns]``; NaN is left blank.
    rows, columns
        What stands beside and below.
    texts
        ``[rows, columns]``: what stands in the cells; blanks become visible.
    title, x_label, y_label, color_label
        Words.
    figsize
        Inches; None: by the number of cells.
    cmap, limits, log
        Colours: their map, the values at its ends (None: of the data), and
        whether they go by the logarithm.
    font_family
        Preferred; others are added for letters that it lacks.
    top_down
        The first row is on top.
    ax
        Where to draw; None: a new figure.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, not yet shown.
    """
    pyplot = need("matplotlib.pyplot", "plot")
    data = np.ma.masked_invalid(np.asarray(values, dtype=float))
    shown = [
        [visible(text, CELL_LETTERS) for text in row] for row in texts or []
    ]
    names = [visible(text) for text in columns]
    everything = [
        title,
        *names,
        *map(str, rows),
        *(t for row in shown for t in row),
    ]
    if font_family is not None:
        checked_text(font_family, "font_family")
    families, missing = families_for(everything, font_family)
    font = {"fontfamily": families}
    if ax is None:
        size = (2 + 0.9 * len(columns), 1.5 + 0.32 * len(rows))
        size = size if figsize is None else figure_size(figsize)
        figure, ax = pyplot.subplots(figsize=size, layout="constrained")
    else:
        figure = ax.get_figure()
    norm = _norm(data, limits, log)
    image = ax.imshow(
        data,
        aspect="auto",
        interpolation="nearest",
        cmap=color_map(cmap),
        norm=norm,
        origin="upper" if top_down else "lower",
    )
    ax.set_xticks(
        range(len(names)),
        [writable(name, missing) for name in names],
        rotation=45,
        ha="right",
        fontsize=9,
        **font,
    )
    ax.set_yticks(range(len(rows)), [str(row) for row in rows], fontsize=9)
    _write_cells(ax, image, data, shown, missing, font)
    ax.set_xlabel(x_label)
    ax.set_ylabel(y_label)
    ax.set_title(writable(title.replace("$", r"\$"), missing), **font)
    figure.colorbar(image, ax=ax, label=color_label)
    return figure


def _norm(
    data: np.ma.MaskedArray,
    limits: tuple[float | None, float | None],
    log: bool,
) -> Any:
    from matplotlib.colors import LogNorm, Normalize

    low, high = limits
    if data.count() == 0:
        return Normalize(0, 1)
    low = float(data.min()) if low is None else low
    high = float(data.max()) if high is None else high
    if log:
        return LogNorm(max(low, 1e-30), max(high, low * 1.001, 1e-30))
    return Normalize(low, high)


def _write_cells(
    ax: Axes,
    image: Any,
    data: np.ma.MaskedArray,
    shown: list[list[str]],
    missing: frozenset[str],
    font: dict[str, Any],
) -> None:
    # Dark letters on light cells and light ones on dark cells.
    colors = image.cmap(image.norm(data))[..., :3] @ [0.299, 0.587, 0.114]
    for r, row in enumerate(shown):
        for c, text in enumerate(row):
            ax.text(
                c,
                r,
                writable(text, missing),
                ha="center",
                va="center",
                fontsize=8,
                color="black" if colors[r, c] > 0.55 else "white",
                clip_on=True,
                **font,
            )


def plot_lens(lens: Lens, metric: str = "prob", **options: Any) -> Figure:
    """Draw a lens; `Lens.plot`."""
    values = lens.metric(metric)
    options.setdefault("log", metric == "rank")
    if metric == "prob":
        options.setdefault("limits", (0, 1))
    what = LABELS[metric]
    if metric in ("prob", "logprob", "logit"):
        of = lens.text(lens.target_ids[0]) if lens.target_ids else ""
        what += f" of {of!r}" if of else " of the top token"
    return heatmap(
        values,
        rows=lens.labels,
        columns=[lens.tokens[p] for p in lens.positions],
        texts=[[cell[0] for cell in row] for row in lens.top_texts],
        title=lens.title,
        x_label="input token",
        y_label="layer",
        color_label=what,
        top_down=False,
        **options,
    )


def plot_predictions(
    model: InterpretableModel,
    text: Any,
    results: dict[int, list[list[tuple[int, float, str]]]],
    probs: np.ndarray,
    position: int | None,
    *,
    kind: str,
    max_display_tokens: int,
    figsize: tuple[float, float],
    cmap: str,
    font_family: str | None,
) -> Figure:
    """Draw what `logit_lens` or `tuned_lens` gives, and show it."""
    order = np.argsort(list(results))
    layers = sorted(results)
    ids = model._prompts(text)[0]
    tokens = [model.token_to_str(i) for i in ids]
    if position is not None:
        tokens = [tokens[position]]
    begin = max(0, len(tokens) - max_display_tokens)
    prompt = text if isinstance(text, str) else "".join(tokens)
    if len(prompt) > 60:
        prompt = prompt[:60] + "..."
    figure = heatmap(
        probs[order][:, begin:],
        rows=[f"Layer {layer}" for layer in layers],
        columns=tokens[begin:],
        texts=[
            [cell[0][2] for cell in results[layer][begin:]] for layer in layers
        ],
        title=f"Token predictions across layers ({kind} lens)\n"
        f'Input: "{visible(prompt)}"',
        x_label="Input token",
        y_label="Layer",
        color_label="probability of the top token",
        figsize=figsize,
        cmap=cmap,
        limits=(0, 1),
        font_family=font_family,
    )
    show()
    return figure


def plot_grid(grid: Grid, values: str = "values", **options: Any) -> Figure:
    """Draw a grid of patching or causal tracing; `Grid.plot`."""
    data = getattr(grid, values)
    if values == "recovery":
        options.setdefault("cmap", "RdBu")
        options.setdefault("limits", (-1, 1))
    return heatmap(
        data,
        rows=grid.rows.tolist(),
        columns=grid.column_names,
        title=grid.title,
        x_label=grid.column_kind,
        y_label="layer",
        color_label=values if values == "recovery" else grid.metric,
        top_down=False,
        **options,
    )


def plot_recovery(
    results: dict[int, float],
    component: str,
    clean: str,
    corrupted: str,
    figsize: tuple[float, float],
    cmap: str,
) -> Figure:
    """Draw a bar a layer of `InterpretableModel.activation_patching`."""
    pyplot = need("matplotlib.pyplot", "plot")
    layers = sorted(results)
    values = np.array([results[layer] for layer in layers])
    figure, ax = pyplot.subplots(figsize=figsize, layout="constrained")
    # Blue is positive, red negative, by the map's two ends.
    ends = color_map(cmap)(np.where(values > 0, 0.1, 0.9))
    bars = ax.bar(layers, values, color=ends, edgecolor="black", alpha=0.8)
    ax.bar_label(bars, fmt="%.1f%%", fontsize=8, padding=2)
    ax.axhline(0, color="black", linewidth=0.8)
    title = (
        f"Activation patching: {component}\nClean: {visible(clean, 60)}\n"
        f"Corrupted: {visible(corrupted, 60)}"
    )
    families, missing = families_for([title])
    ax.set_title(writable(title, missing), fontfamily=families)
    ax.set_xlabel("Layer")
    ax.set_ylabel("Recovery (%)")
    ax.grid(axis="y", alpha=0.3, linestyle="--")
    ax.set_axisbelow(True)
    show()
    return figure
