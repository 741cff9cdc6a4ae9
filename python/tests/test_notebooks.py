"""The notebooks are run, and say what they show.

With PELLUCID_UPDATE_NOTEBOOKS=1 they are written anew instead.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from conftest import ROOT

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

UPDATE = os.environ.get("PELLUCID_UPDATE_NOTEBOOKS") == "1"
NOTEBOOKS = sorted((ROOT / "docs" / "tutorials").glob("*.ipynb"))


def texts(notebook: object) -> list[list[str]]:
    """Give what each cell prints or returns; figures count by their number."""
    shown = []
    for cell in notebook.cells:
        parts = []
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if output.output_type == "stream":
                parts.append(output.text)
            elif "image/png" in data:
                parts.append("figure")
            else:
                parts.append(data.get("text/plain", output.output_type))
        shown.append("".join(parts).splitlines())
    return shown


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook(default_path: Path, path: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    expected = texts(notebook)
    # Figures as notebooks show them, wherever the tests draw theirs.
    environment = {**os.environ}
    environment.pop("MPLBACKEND", None)
    nbclient.NotebookClient(notebook, timeout=300).execute(
        cwd=str(tmp_path), env=environment
    )
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    if UPDATE:
        notebook.metadata.pop("language_info", None)
        nbformat.write(notebook, path)
        return
    assert texts(notebook) == expected


def test_there_are_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS] == [
        "attribution",
        "causal_tracing",
        "induction_heads",
        "jacobian_lens",
        "logit_lens",
        "steering",
        "tuned_lens",
    ]
    for path in NOTEBOOKS:
        assert path.stat().st_size < 1 << 20
