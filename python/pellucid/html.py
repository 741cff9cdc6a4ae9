"""Results as pages: what ``--html`` of the command line writes, and the same in
a notebook.

A page is one file that asks for nothing else. In a notebook it is shown in a
frame of its own: its script cannot reach the notebook, nor styles of the
notebook the page.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from html import escape

from . import _core
from ._arguments import write_text

# What the page of a frame may do: run its script, save what it exports.
SANDBOX = "allow-scripts allow-downloads"


def page(data: bytes, others: Sequence[bytes] = ()) -> str:
    """Make a page.

    Parameters
    ----------
    data
        What a result keeps for it, JSON.
    others
        Those of more lenses, to be shown beside.
    """
    if others:
        joined = json.loads(data)
        for other in others:
            joined["runs"] += json.loads(other)["runs"]
        data = json.dumps(
            joined, ensure_ascii=False, separators=(",", ":")
        ).encode()
    return _core.html_page(data)


def deliver(text: str, path: str | os.PathLike[str] | None) -> str | None:
    """Give a page, or write it to a file.

    Raises
    ------
    Error
        It cannot be written.
    """
    if path is None:
        return text
    write_text(path, text, "to_html")
    return None


# A page in a frame is light or dark as the frame is, which is as the system is
# unless somebody says so: as VS Code and JupyterLab show the notebook.
_THEMES = {
    "dark": (
        "body.vscode-dark",
        "body.vscode-high-contrast",
        '[data-jp-theme-light="false"]',
    ),
    "light": (
        "body.vscode-light",
        "body.vscode-high-contrast-light",
        '[data-jp-theme-light="true"]',
    ),
}


def _themes() -> str:
    return "".join(
        ",".join(f"{notebook} .pellucid-frame" for notebook in notebooks)
        + f"{{color-scheme:{theme}}}"
        for theme, notebooks in _THEMES.items()
    )


def frame(text: str, title: str, rows: int, least: int = 620) -> str:
    """Put a page into a frame, for a notebook.

    Parameters
    ----------
    text
        The page.
    title
        For those who hear it.
    rows
        Of the grid, 20 pixels each.
    least
        Pixels that what stands beside the grid needs.
    """
    height = min(max(155 + 20 * rows, least), 780)
    # On one line, without tabulators and any mark of HTML, so that what makes
    # other documents of a notebook leaves it as it is: the page's policy names
    # its script by hash.
    source = escape(text).replace("\n", "&#10;").replace("\t", "&#9;")
    return (
        f'<div><style>{_themes()}</style><iframe class="pellucid-frame" '
        f'title="{escape(title)}" sandbox="{SANDBOX}" '
        'allow="clipboard-write" style="width:100%;border:0;'
        f'height:{height}px" srcdoc="{source}"></iframe></div>'
    )
