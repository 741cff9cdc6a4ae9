"""The Python of the pages is run, block by block."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import ROOT

BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")


def run(code: str, names: dict, page: str, at: int) -> None:
    """Run code that stands at an offset of a page."""
    text = (ROOT / page).read_text("utf-8")
    line = text.count("\n", 0, at)
    exec(compile("\n" * line + code, page, "exec"), names)


@pytest.mark.parametrize(
    "page", ["README.md", "docs/python.md", "docs/coming-from.md"]
)
def test_blocks_of_python(
    default_path: Path,
    page: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (ROOT / page).read_text("utf-8")
    names: dict = {}
    blocks = list(BLOCK.finditer(text))
    assert blocks
    for block in blocks:
        run(block[1], names, page, block.start(1))


def test_what_is_written_here_instead(default_path: Path) -> None:
    page = "docs/coming-from.md"
    text = (ROOT / page).read_text("utf-8")
    names: dict = {}
    exec(BLOCK.search(text)[1], names)
    count = 0
    for row in re.finditer(r"^\|(?P<there>.*) \| (?P<here>.*) \|$", text, re.M):
        for code in CODE.findall(row["here"]):
            run(code, names, page, row.start("here"))
            count += 1
    assert count > 35
