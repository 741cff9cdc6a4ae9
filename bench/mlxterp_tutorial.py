#!/usr/bin/env python3
"""Run the Python of a tutorial of mlxterp's with this package, and time it.

    bench/mlxterp_tutorial.py CHECKOUT [--runs 5] [--show]

CHECKOUT holds mlxterp's repository; the tutorial is its first, the logit lens.
Its blocks run one after another, in a process of their own, unchanged but for
three things: `mlxterp` is `pellucid`, MLX is not imported, and the model is the
default one. A block that uses a name that no block defines is left out. Prints
the seconds of each whole process; one before them, which also builds
matplotlib's cache of fonts, is not counted.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

TUTORIAL = Path("docs/tutorials/01_logit_lens.md")
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
CHANGES = (
    (re.compile(r"\bmlxterp\b"), "pellucid"),
    (re.compile(r"^import mlx\.core as mx\n", re.MULTILINE), ""),
    (re.compile(r'"mlx-community/[^"]*"'), '"smollm2-135m"'),
)
UNDEFINED = "unembed("


def program_of(text: str) -> str:
    """Make one program of a tutorial's blocks."""
    blocks = [block for block in BLOCK.findall(text) if UNDEFINED not in block]
    program = "\n".join(blocks)
    for pattern, new in CHANGES:
        program = pattern.sub(new, program)
    return program


def run(program: str) -> tuple[float, str]:
    """Run a program; give its seconds and what it prints."""
    environment = {**os.environ, "MPLBACKEND": "agg"}
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - begin
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return seconds, done.stdout


def main() -> None:
    """Do so, and print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--show", action="store_true", help="what it prints")
    options = parser.parse_args()
    text = (options.checkout / TUTORIAL).read_text(encoding="utf-8")
    program = program_of(text)
    _, printed = run(program)
    if options.show:
        print(printed)
    seconds = [run(program)[0] for _ in range(options.runs)]
    print(
        f"median {statistics.median(seconds):.2f} s, from {min(seconds):.2f} "
        f"to {max(seconds):.2f} s of {options.runs} runs"
    )


if __name__ == "__main__":
    main()
