"""Pictures of attention patterns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .._arguments import (
    FloatArray,
    checked_text,
    figure_size,
    flag,
    floats,
    index,
    span,
    texts,
    word,
)
from .._extras import need
from ..errors import UsageError
from ..fonts import families_for, visible, writable
from ..plots import color_map

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..model import InterpretableModel
    from ..trace import Trace

MAX_HEADS = 16  # of a grid
BACKENDS = ("auto", "matplotlib")


@dataclass
class AttentionVisualizationConfig:
    """How attention is drawn.

    Attributes
    ----------
    colorscale
        A colour map of matplotlib.
    mask_upper_tri
        Leave keys blank that come after their query.
    show_colorbar
        Of a single heatmap.
    figure_width, figure_height
        Pixels (100 an inch), of a single heatmap.
    heads_per_row
        Of a grid.
    hover_info
        For interactive pages.
    backend
        "auto" or "matplotlib".
    """

    colorscale: str = "Blues"
    mask_upper_tri: bool = True
    show_colorbar: bool = True
    figure_width: int = 800
    figure_height: int = 600
    heads_per_row: int = 4
    hover_info: bool = True
    backend: str = "auto"


def model_of(trace: Any) -> InterpretableModel:
    """Give the model of a trace.

    Raises
    ------
    TypeError
        It is no `Trace`.
    """
    from ..trace import Trace

    if not isinstance(trace, Trace):
        raise TypeError(f"trace: {type(trace).__name__}: give a Trace")
    return trace.model


def config_of(config: Any, kind: type) -> Any:
    """Give a configuration, the default one for None.

    Raises
    ------
    TypeError
        It is of another class.
    """
    if config is None:
        return kind()
    if not isinstance(config, kind):
        raise TypeError(
            f"config: {type(config).__name__}: give a {kind.__name__}"
        )
    return config


def get_attention_patterns(
    trace: Trace, layers: int | Sequence[int] | None = None
) -> dict[int, FloatArray]:
    """Give the attention weights of a trace, by block.

    Returns
    -------
    dict
        ``{block: [batch, heads, queries, keys]}``.

    Raises
    ------
    UsageError
        A block that is not there.
    """
    model = model_of(trace)
    chosen = model._blocks(layers)
    return {
        layer: trace.activations[model._patterns[layer]] for layer in chosen
    }


def attention_heatmap(
    attention: Any,
    tokens: Sequence[str],
    head_idx: int = 0,
    title: str | None = None,
    config: AttentionVisualizationConfig | None = None,
    backend: str = "auto",
    colorscale: str | None = None,
    mask_upper_tri: bool | None = None,
    figsize: tuple[float, float] | None = None,
) -> Figure:
    """Draw the pattern of one head.

    Parameters
    ----------
    attention
        ``[batch, heads, queries, keys]`` (of the first of the batch), ``[heads,
        queries, keys]`` or ``[queries, keys]``.
    tokens
        Their texts.
    head_idx
        Which head.
    title
        Words above it.
    config
        `AttentionVisualizationConfig`.
    backend
        "auto" or "matplotlib".
    colorscale, mask_upper_tri, figsize
        Instead of those of `config`; inches.

    Raises
    ------
    UsageError
        Another shape or backend, or a head that is not there.
    """
    config = config_of(config, AttentionVisualizationConfig)
    word(backend, "backend", BACKENDS)
    head_idx = index(head_idx, "head_idx")
    if figsize is None:
        figsize = (config.figure_width / 100, config.figure_height / 100)
    size = figure_size(figsize)
    if mask_upper_tri is None:
        mask_upper_tri = config.mask_upper_tri
    weights = floats(attention, "attention")
    while weights.ndim > 2:
        at = 0 if weights.ndim == 4 else head_idx
        if weights.ndim > 4 or not -len(weights) <= at < len(weights):
            raise UsageError(
                f"attention: shape {list(weights.shape)}: has no head "
                f"{head_idx}"
            )
        weights = weights[at]
    if weights.ndim != 2:
        raise UsageError("attention: give [..., queries, keys]")
    pyplot = need("matplotlib.pyplot", "plot")
    figure, ax = pyplot.subplots(figsize=size, layout="constrained")
    image = _draw(
        ax,
        weights,
        tokens,
        config.colorscale if colorscale is None else colorscale,
        flag(mask_upper_tri, "mask_upper_tri"),
        font_size=9,
    )
    ax.set_xlabel("Key tokens")
    ax.set_ylabel("Query tokens")
    title = "Attention pattern" if title is None else checked_text(title)
    ax.set_title(title)
    if config.show_colorbar:
        figure.colorbar(image, ax=ax, label="attention weight")
    return figure


def attention_from_trace(
    trace: Trace,
    tokens: Sequence[str],
    layers: int | Sequence[int] | None = None,
    heads: Sequence[tuple[int, int]] | None = None,
    mode: str = "grid",
    head_notation: str = "LH",
    config: AttentionVisualizationConfig | None = None,
) -> Any:
    """Draw patterns of a trace.

    Parameters
    ----------
    trace
        Of one prompt, or a batch whose first is drawn.
    tokens
        Their texts.
    layers
        Blocks; None: all.
    heads
        (block, head) of those to draw; None: the first 16 of those blocks.
    mode
        "grid", "single" (the first head) or "interactive" (a page of HTML).
    head_notation
        "LH": "L3H1". "dot": "3.1".
    config
        `AttentionVisualizationConfig`.

    Raises
    ------
    UsageError
        Another mode or backend, or a head that is not there.
    """
    config = config_of(config, AttentionVisualizationConfig)
    word(config.backend, "backend", BACKENDS)
    word(mode, "mode", ("grid", "single", "interactive"))
    word(head_notation, "head_notation", ("LH", "dot"))
    if heads is not None:
        heads = [span(pair, "heads") for pair in heads]
        if not heads:
            raise UsageError("heads: is an empty choice; name at least one")
        if layers is None:
            layers = sorted({layer for layer, _ in heads})
    patterns = get_attention_patterns(trace, layers)
    if mode == "single":
        first = min(patterns)
        title = f"Layer {first}, Head 0"
        return attention_heatmap(patterns[first], tokens, 0, title, config)
    if mode == "interactive":
        from .interactive import interactive_attention

        return interactive_attention(patterns, tokens)
    return _grid(patterns, tokens, heads, head_notation, config)


def _grid(
    patterns: dict[int, FloatArray],
    tokens: Sequence[str],
    heads: Sequence[tuple[int, int]] | None,
    head_notation: str,
    config: AttentionVisualizationConfig,
) -> Figure:
    pyplot = need("matplotlib.pyplot", "plot")
    if heads is None:
        heads = [
            (layer, head)
            for layer, found in patterns.items()
            for head in range(found.shape[1])
        ][:MAX_HEADS]
    for layer, head in heads:
        if layer not in patterns or not 0 <= head < patterns[layer].shape[1]:
            raise UsageError(f"heads: ({layer}, {head}): is not there")
    columns = min(config.heads_per_row, len(heads))
    rows = -(-len(heads) // columns)
    figure, axes = pyplot.subplots(
        rows,
        columns,
        figsize=(3.2 * columns, 3.2 * rows),
        squeeze=False,
        layout="constrained",
    )
    for ax in axes.flat[len(heads) :]:
        ax.axis("off")
    for (layer, head), ax in zip(heads, axes.flat, strict=False):
        _draw(
            ax,
            patterns[layer][0, head],
            tokens,
            config.colorscale,
            config.mask_upper_tri,
            font_size=6,
        )
        name = (
            f"L{layer}H{head}" if head_notation == "LH" else f"{layer}.{head}"
        )
        ax.set_title(name)
    return figure


def _draw(
    ax: Axes,
    weights: FloatArray,
    tokens: Sequence[str],
    cmap: str,
    masked: bool,
    font_size: int,
) -> Any:
    tokens = texts(tokens, "tokens")
    if len(tokens) != len(weights) or weights.shape[0] != weights.shape[1]:
        raise UsageError(
            f"tokens: {len(tokens)} texts for queries and keys "
            f"{list(weights.shape)}; give one for each"
        )
    if masked:
        hidden = np.triu(np.ones(weights.shape, dtype=bool), k=1)
        weights = np.ma.masked_array(weights, hidden)
    image = ax.imshow(weights, cmap=color_map(cmap, "colorscale"))
    shown = [visible(token) for token in tokens]
    families, missing = families_for(shown)
    names = [writable(name, missing) for name in shown]
    style = {"fontsize": font_size, "fontfamily": families}
    ax.set_xticks(range(len(names)), names, rotation=45, ha="right", **style)
    ax.set_yticks(range(len(names)), names, **style)
    return image
