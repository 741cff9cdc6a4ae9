"""Results as pages, alone and in the frame of a notebook."""

from __future__ import annotations

import copy
import html
import json
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import PROMPT
from pellucid import Error, InterpretableModel, zero_out

ITALY = "The capital of Italy is"
TEMPLATE_BYTES = 250_000  # at most, as docs/page.md says of files


def data_of(page: str) -> dict[str, Any]:
    """Read the data of a page."""
    (text,) = re.findall(
        r'<script type="application/json" id="pellucid-data">(.*?)</script>',
        page,
        re.DOTALL,
    )
    return json.loads(text)


def framed(shown: str) -> str:
    """Give the page in a frame."""
    (source,) = re.findall(r'srcdoc="([^"]*)"', shown)
    return html.unescape(source)


def test_a_lens_is_the_page_of_the_program(
    model: InterpretableModel, default_path: Path, tmp_path: Path
) -> None:
    target = tmp_path / "program.html"
    command = ["lens", "-m", str(default_path), "--html", str(target)]
    command += ["--top-k", "5", "--target", " Paris", PROMPT]
    subprocess.run(
        [sys.executable, "-m", "pellucid", *command],
        check=True,
        capture_output=True,
    )
    written = target.read_text("utf-8")
    lens = model.lens(PROMPT, targets=" Paris")
    page = lens.to_html()
    program, own = data_of(written), data_of(page)
    for data in (program, own):
        assert data["kind"] == "lens"
        del data["runs"][0]["timing"]
    assert own == program
    assert len(page) - len(lens._page) < TEMPLATE_BYTES


def test_what_is_shown_is_the_page(model: InterpretableModel) -> None:
    lens = model.lens(PROMPT, layers=[0, 29])
    grid = model.patch(PROMPT, ITALY, " Paris", " Rome", layers=[5])
    trace = model.causal_trace(PROMPT, "France", samples=1, layers=[5])
    for result, kind in (
        (lens, "lens"),
        (grid, "patch"),
        (trace, "causal-trace"),
    ):
        shown = result._repr_html_()
        assert 'sandbox="allow-scripts allow-downloads"' in shown
        assert shown.count("<") == 6, "the page stands there as text"
        assert min(shown) >= " ", "no line ends, no tabulators"
        page = result.to_html()
        assert framed(shown) == page
        assert data_of(page)["kind"] == kind
    report = data_of(grid.to_html())["report"]
    np.testing.assert_allclose(report["values"], grid.values, rtol=1e-6)
    assert data_of(trace.to_html())["report"]["answer"]["text"] == " Paris"


def test_several_lenses_on_one_page(model: InterpretableModel) -> None:
    clean = model.lens(PROMPT)
    edited = model.lens(PROMPT, interventions={"layers.28.mlp": zero_out})
    first, second = data_of(clean.to_html(others=[edited]))["runs"]
    assert (first["label"], second["label"]) == (None, "edited")
    assert first["input"]["text"] == second["input"]["text"] == PROMPT
    assert second["run"]["edits"] == 1
    both = model.lens([PROMPT, ITALY])
    texts = [data_of(one.to_html())["runs"][0]["input"]["text"] for one in both]
    assert texts == [PROMPT, ITALY]
    by_ids = model.lens(model.encode(PROMPT))
    assert data_of(by_ids.to_html())["runs"][0]["input"]["text"] is None
    with pytest.raises(TypeError, match="give lenses"):
        clean.to_html(others=[PROMPT])


def test_the_lens_of_a_generation(model: InterpretableModel) -> None:
    made = model.generate(PROMPT, max_tokens=2, lens=True)
    (run,) = data_of(made.lens.to_html())["runs"]
    assert [row["layer"] for row in run["rows"]] == made.lens.layers.tolist()


def test_pages_are_written(model: InterpretableModel, tmp_path: Path) -> None:
    lens = model.lens(PROMPT, layers=[29])
    assert lens.to_html(tmp_path / "a.html") is None
    assert (tmp_path / "a.html").read_text("utf-8") == lens.to_html()
    with pytest.raises(Error, match="to_html"):
        lens.to_html(tmp_path / "none" / "a.html")


def test_results_outlive_the_model(default_path: Path) -> None:
    model = InterpretableModel(default_path)
    lens = model.lens(PROMPT)
    page = lens.to_html()
    del model
    assert lens.to_html() == page
    for twin in (copy.deepcopy(lens), pickle.loads(pickle.dumps(lens))):
        assert twin.to_html() == page


def test_no_token_ends_the_data(model: InterpretableModel) -> None:
    hostile = model.lens("</script><img src=x onerror=alert(1)>").to_html()
    harmless = model.lens(PROMPT).to_html()
    assert hostile.count("<") == harmless.count("<")


def test_without_a_tokenizer(tiny: InterpretableModel) -> None:
    lens = tiny.lens([1, 2])
    (run,) = data_of(lens.to_html())["runs"]
    assert set(run["blocks"][0]["tokens"]["texts"]) == {None}
    assert lens._repr_html_()


def test_another_tokenizer_names_the_tokens(default_path: Path) -> None:
    class Letters:
        def encode(self, text: str, add_special_tokens: bool = True) -> list:
            return [ord(c) for c in text]

        def decode(self, ids: list[int]) -> str:
            return "".join(f"<{i}>" for i in ids)

    model = InterpretableModel(default_path, tokenizer=Letters())
    lens = model.lens("ab", layers=[29])
    (run,) = data_of(lens.to_html())["runs"]
    texts = run["blocks"][0]["tokens"]["texts"]
    assert {"<97>", "<98>"} <= set(texts)
    grid = model.patch("ab", "ac", 98, 99, layers=[5])
    assert data_of(grid.to_html())["report"]["tokens"][0]["text"] == "<97>"


def draw(shown: str, tmp_path: Path, body: str = "") -> np.ndarray:
    """Draw a notebook's output: pixels [900, 1200, 3], 0 to 255."""
    from matplotlib import image

    document, picture = tmp_path / "a.html", tmp_path / "a.png"
    document.write_text(f"<!doctype html><body {body}>{shown}", "utf-8")
    subprocess.run(
        [
            "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--window-size=1200,900",
            # Lest the frame be a process of its own, which the picture
            # does not wait for.
            "--disable-features=IsolateSandboxedIframes",
            "--virtual-time-budget=10000",
            f"--screenshot={picture}",
            document.as_uri(),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return np.round(255 * image.imread(picture)[..., :3])


def yellow(pixels: np.ndarray) -> int:
    """Count the pixels of a probability of 1 (viridis)."""
    return int((abs(pixels - [253, 231, 37]) <= 2).all(axis=-1).sum())


@pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium")
def test_a_browser_draws_the_frame(
    model: InterpretableModel, tmp_path: Path
) -> None:
    shown = model.lens(PROMPT)._repr_html_()
    seen = 0
    for _ in range(5):  # a busy machine may draw it too late
        if seen == 0:
            seen = yellow(draw(shown, tmp_path))
    assert seen > 2000
    without_script = shown.replace("allow-scripts ", "")
    assert yellow(draw(without_script, tmp_path)) == 0


@pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium")
@pytest.mark.parametrize(
    ("body", "dark"),
    [
        ("", False),
        ('class="vscode-dark"', True),
        ('class="vscode-light"', False),
        ('class="vscode-high-contrast vscode-high-contrast-light"', False),
        ('data-jp-theme-light="false"', True),
    ],
)
def test_a_frame_is_as_dark_as_its_notebook(
    model: InterpretableModel, tmp_path: Path, body: str, dark: bool
) -> None:
    shown = model.lens(PROMPT)._repr_html_()
    pixels = np.zeros(())
    for _ in range(5):
        pixels = draw(shown, tmp_path, body)
        if yellow(pixels) > 0:
            break
    frame = pixels[20:600, 20:1180]
    assert ((frame < 100).all(axis=-1).mean() > 0.5) == dark
