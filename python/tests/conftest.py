"""Models that the tests run on."""

from __future__ import annotations

import os
from pathlib import Path

import matplotlib
import pellucid
import pytest

matplotlib.use("agg")

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
HOME = Path(os.environ.get("PELLUCID_HOME", Path.home() / ".cache/pellucid"))
PROMPT = "The capital of France is"


@pytest.fixture(scope="session")
def default_path() -> Path:
    """Give the file of the default model."""
    path = HOME / "models" / "smollm2-135m.gguf"
    if not path.exists():
        pytest.skip("no default model: script/get-model gets it")
    return path


@pytest.fixture(scope="session")
def model(default_path: Path) -> pellucid.InterpretableModel:
    """Open the default model."""
    return pellucid.InterpretableModel(default_path)


@pytest.fixture(scope="session")
def tiny() -> pellucid.InterpretableModel:
    """Open a GPT-2 of random weights, which has no tokenizer."""
    return pellucid.InterpretableModel(GOLDEN / "tiny_hf" / "gpt2_plain")


@pytest.fixture(autouse=True)
def _close_figures() -> None:
    yield
    from matplotlib import pyplot

    pyplot.close("all")
