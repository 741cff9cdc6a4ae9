"""Attention as a page of HTML that needs nothing else."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np

from .._arguments import FloatArray, floats, index, texts, write_text
from .._extras import need
from ..errors import UsageError
from ..fonts import BLANKS
from .attention import config_of, get_attention_patterns

if TYPE_CHECKING:
    from ..trace import Trace

# Weights are sent as whole numbers of this many steps.
STEPS = 1000

PAGE = Template("""<!doctype html>
<meta charset="utf-8"><title>$title</title>
<style>
body { font: 14px sans-serif; margin: 12px }
canvas { image-rendering: pixelated; border: 1px solid #8888 }
.token { display: inline-block; padding: 2px 5px; margin: 1px;
  border: 1px solid #8884; border-radius: 3px; cursor: pointer }
.chosen { outline: 2px solid #c60 }
</style>
<h3>$title</h3>
<label>Layer <select id="layer"></select></label>
<label>Head <select id="head"></select></label>
<label><input type="checkbox" id="from"> who looks at the token</label>
<p id="tokens"></p><canvas id="map"></canvas><p id="said"></p>
<script>
const data = $data, size = $size;
const get = (id) => document.getElementById(id);
let token = data.tokens.length - 1;
for (const [id, names] of [["layer", data.layers], ["head", data.heads]]) {
  names.forEach((name, i) => get(id).add(new Option(name, i)));
  get(id).onchange = draw;
}
get("from").onchange = draw;
data.tokens.forEach((text, i) => {
  const span = document.createElement("span");
  span.className = "token";
  span.textContent = text;
  span.onclick = () => { token = i; draw(); };
  get("tokens").append(span);
});
function draw() {
  const n = data.tokens.length;
  const map = data.weights[get("layer").value][get("head").value];
  const from = get("from").checked;
  const weight = (q, k) => map[q * n + k] / $steps;
  const canvas = get("map"), paint = canvas.getContext("2d");
  canvas.width = canvas.height = n;
  canvas.style.width = canvas.style.height = size + "px";
  for (let q = 0; q < n; q++) for (let k = 0; k <= q; k++) {
    paint.fillStyle = `rgba(8, 48, 107, $${weight(q, k)})`;
    paint.fillRect(k, q, 1, 1);
  }
  const spans = get("tokens").children;
  for (let i = 0; i < n; i++) {
    const w = from ? weight(i, token) : weight(token, i);
    spans[i].style.background = `rgba(255, 140, 0, $${w})`;
    spans[i].title = (100 * w).toFixed(1) + "%";
    spans[i].classList.toggle("chosen", i === token);
  }
}
draw();
</script>
""")


@dataclass
class InteractiveAttentionConfig:
    """How the page looks.

    Attributes
    ----------
    title
        Above it.
    heatmap_size
        Pixels.
    colorscale, show_layer_flow
        As mlxterp has them; the page has one look.
    """

    title: str = "Attention patterns"
    heatmap_size: int = 350
    colorscale: str = "Blues"
    show_layer_flow: bool = True


def interactive_attention(
    attention_patterns: Mapping[int, Any],
    tokens: Sequence[str],
    config: InteractiveAttentionConfig | None = None,
) -> str:
    """Make a page on which layers, heads and tokens can be chosen.

    Parameters
    ----------
    attention_patterns
        ``{block: [batch, heads, queries, keys]}`` (the first of the batch), or
        without the batch axis.
    tokens
        Their texts.
    config
        `InteractiveAttentionConfig`.

    Returns
    -------
    str
        HTML, with its data and its script.

    Raises
    ------
    UsageError
        No patterns, or another shape.
    """
    config = config_of(config, InteractiveAttentionConfig)
    tokens = texts(tokens, "tokens")
    if not isinstance(attention_patterns, Mapping):
        raise TypeError(
            f"attention: {type(attention_patterns).__name__}: give "
            "{block: weights}"
        )
    if not attention_patterns:
        raise UsageError("attention: there are no patterns; give some")
    layers = sorted(index(layer, "attention") for layer in attention_patterns)
    weights = [
        _steps(attention_patterns[layer], len(tokens)) for layer in layers
    ]
    data = {
        "tokens": [
            "".join(BLANKS.get(c, c) for c in token) for token in tokens
        ],
        "layers": layers,
        "heads": list(range(len(weights[0]))),
        "weights": weights,
    }
    # Nothing in a token ends the script.
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    return PAGE.substitute(
        title=escape(config.title),
        data=text,
        size=int(config.heatmap_size),
        steps=STEPS,
    )


def _steps(pattern: Any, n: int) -> list[list[int]]:
    weights: FloatArray = floats(pattern, "attention")
    if weights.ndim == 4:
        weights = weights[0]
    if weights.ndim != 3 or weights.shape[1:] != (n, n):
        raise UsageError(
            f"attention: shape {list(weights.shape)}: give [heads, {n}, {n}]"
        )
    rounded = np.rint(weights * STEPS).astype(int)
    return rounded.reshape(len(weights), -1).tolist()


def save_interactive_attention(
    attention_patterns: Mapping[int, Any],
    tokens: Sequence[str],
    filepath: str | os.PathLike[str],
    config: InteractiveAttentionConfig | None = None,
) -> None:
    """Write the page to a file."""
    page = interactive_attention(attention_patterns, tokens, config)
    write_text(filepath, page, "filepath")


def display_interactive_attention(
    attention_patterns: Mapping[int, Any],
    tokens: Sequence[str],
    config: InteractiveAttentionConfig | None = None,
) -> None:
    """Show the page in a notebook.

    Raises
    ------
    ImportError
        IPython is not there.
    """
    display = need("IPython.display", "notebook")
    page = interactive_attention(attention_patterns, tokens, config)
    # In a frame of its own, so that its names meet no others.
    frame = (
        f'<iframe srcdoc="{escape(page)}" width="100%" height="620" '
        'style="border:0"></iframe>'
    )
    display.display(display.HTML(frame))


def interactive_attention_from_trace(
    trace: Trace,
    tokens: Sequence[str],
    layers: Sequence[int] | None = None,
    config: InteractiveAttentionConfig | None = None,
) -> str:
    """Make the page of a trace's patterns."""
    patterns = get_attention_patterns(trace, layers)
    return interactive_attention(patterns, tokens, config)
