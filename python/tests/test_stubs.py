"""The type stubs are those of the module that is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pellucid

FROZEN = Path(pellucid.__file__).with_name("_core.pyi")


def test_stubs_are_what_the_generator_makes(tmp_path: Path) -> None:
    made = tmp_path / "_core.pyi"
    command = ["-m", "nanobind.stubgen", "-q", "-m", "pellucid._core"]
    subprocess.run([sys.executable, *command, "-o", made], check=True)
    new, old = (_meaning(path.read_text("utf-8")) for path in (made, FROZEN))
    assert new == old, f"python {' '.join(command)} -o {FROZEN} makes it anew"


def _meaning(text: str) -> list[str]:
    # Blank lines are not the same in all versions of the generator.
    return [line for line in text.splitlines() if line.strip()]


def test_the_package_says_that_it_is_typed() -> None:
    assert FROZEN.with_name("py.typed").exists()
    assert pellucid.__version__ in {"0.1.0"}
    for name in pellucid.__all__:
        assert getattr(pellucid, name) is not None
