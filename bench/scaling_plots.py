"""The figures of docs/performance.md.

Usage:
    python bench/scaling_plots.py scaling.json FOLDER

writes FOLDER/performance-*.svg.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

Series = Mapping[str, Sequence[Sequence[float]]]  # points [x, y] by name

# Okabe & Ito 2008: told apart with any colour vision, and in grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73")
MARKERS = ("o", "s", "^")
SIZE = (4.2, 3.1)  # inches


def draw(axes: Axes, series: Series, x_label: str, y_label: str) -> None:
    """Draw lines with marks, named at the top left."""
    styles = zip(series.items(), COLOURS, MARKERS, strict=False)
    for (name, points), colour, marker in styles:
        x, y = zip(*points, strict=True)
        axes.plot(x, y, marker=marker, markersize=4, color=colour, label=name)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.grid(True, which="major", linewidth=0.4, alpha=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)


def plain_numbers(axes: Axes) -> None:
    """Write 1,000 rather than a power of ten, at powers of two below."""
    comma = FuncFormatter(lambda value, _: f"{value:,g}")
    axes.xaxis.set_major_formatter(comma)
    axes.yaxis.set_major_formatter(comma)
    axes.minorticks_off()


def logarithmic(axes: Axes, series: Series) -> None:
    """Give both axes a scale of ratios, with the measured x below."""
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    first = next(iter(series.values()))
    axes.set_xticks([x for x, _ in first][::2])
    plain_numbers(axes)


def tokens(axes: Axes, series: Series) -> None:
    """Time against the length of the prompt."""
    draw(axes, series, "tokens", "ms")
    logarithmic(axes, series)


def memory(axes: Axes, series: Series) -> None:
    """Memory against the length of the prompt."""
    draw(axes, series, "tokens", "MiB")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    plain_numbers(axes)


def rows(axes: Axes, series: Series) -> None:
    """Time against the number of rows."""
    draw(axes, series, "rows decoded", "ms")
    axes.set_ylim(bottom=0)
    plain_numbers(axes)


def vocabulary(axes: Axes, series: Series) -> None:
    """Time against the size of the vocabulary."""
    draw(axes, series, "rows of the unembedding", "ms")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    plain_numbers(axes)


def threads(axes: Axes, series: Series) -> None:
    """What the second thread gains."""
    draw(axes, series, "tokens", "times as fast on two threads")
    axes.set_xscale("log", base=2)
    axes.set_ylim(bottom=1)
    first = next(iter(series.values()))
    axes.set_xticks([x for x, _ in first][::2])
    plain_numbers(axes)


def main() -> None:
    """Draw what the results hold."""
    results = json.loads(Path(sys.argv[1]).read_text())
    folder = Path(sys.argv[2])
    # The same bytes each time: no date, and names not drawn at random.
    mpl.rcParams["svg.hashsalt"] = "pellucid"
    mpl.rcParams["font.size"] = 9
    for part in (tokens, memory, rows, vocabulary, threads):
        series = results.get(part.__name__)
        if series is None:
            continue
        figure, axes = plt.subplots(figsize=SIZE, layout="constrained")
        part(axes, series)
        figure.savefig(
            folder / f"performance-{part.__name__}.svg",
            metadata={"Date": None, "Creator": None},
        )
        plt.close(figure)


if __name__ == "__main__":
    main()
