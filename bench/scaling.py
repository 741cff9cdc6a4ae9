#!/usr/bin/env python3
"""How time and memory grow with tokens, rows, vocabulary and threads.

    bench/scaling.py --update

measures the engine on the default model with the programs and files of
bench/compare.py, writes the numbers to `scaling.json` in its cache and, with
--update, draws docs/images/performance-*.svg from them.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench_setup import (
    BENCH,
    add_common_flags,
    clean_environment,
    make_venv,
    say,
)
from engine import Engine
from peer_process import PeerError
from token_ids import draw_ids

SCHEMA = "pellucid.scaling/1"
TOKENS = (8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
ROWS = (1, 2, 4, 8, 16, 31)
VOCABULARIES = (8192, 16384, 32768, 49152, 98304, 131072)
PARTS = ("tokens", "memory", "rows", "vocabulary", "threads")

# A run that takes so long is not repeated: its noise is small.
LONG_MS = 3000.0


class Scaling:
    """One series of measurements a method; each returns points to plot.

    Parameters
    ----------
    program
        `pellucid`.
    model
        The default model.
    cache
        Where models of other vocabularies are made.
    python
        An interpreter with the packages of bench/requirements.txt.
    runs
        Of each short measurement; the least counts.
    most
        Tokens of the longest prompt.
    """

    def __init__(
        self,
        program: Path,
        model: Path,
        cache: Path,
        python: Path,
        runs: int,
        most: int,
    ) -> None:
        self._environment, _ = clean_environment()
        self._program = program
        self._model = model
        self._cache = cache
        self._python = python
        self._runs = runs
        self._tokens = [t for t in TOKENS if t <= most]

    def _engine(self, threads: int, model: Path | None = None) -> Engine:
        return Engine(
            self._program,
            model or self._model,
            threads,
            self._environment,
            timeout=900,
        )

    def _least(self, engine: Engine, what: str, tokens: int) -> float:
        """Return the least time of some runs, in ms."""
        times: list[float] = []
        while len(times) < self._runs:
            times.append(engine.bench(what, tokens)["min_ms"])
            if times[-1] > LONG_MS:
                break
        return min(times)

    def tokens(self) -> dict[str, Any]:
        """Time against the length of the prompt, two threads."""
        engine = self._engine(2)
        return {
            what: [[t, self._least(engine, what, t)] for t in self._tokens]
            for what in ("forward", "lens")
        }

    def threads(self) -> dict[str, Any]:
        """How many times as fast two threads are as one."""
        tokens = [t for t in self._tokens if t <= 256]
        return {
            what: [[t, self._gain(what, t)] for t in tokens]
            for what in ("forward", "lens")
        }

    def _gain(self, what: str, tokens: int) -> float:
        """Return the ratio of the least times, one and two threads in turn.

        In turn, since a shared machine may be twice as fast a minute later.
        """
        times: dict[int, list[float]] = {1: [], 2: []}
        for _ in range(2 * self._runs):
            for threads, found in times.items():
                engine = self._engine(threads)
                found.append(engine.bench(what, tokens)["min_ms"])
        return min(times[1]) / min(times[2])

    def memory(self) -> dict[str, Any]:
        """Peak resident memory of a lens, and what it cannot do without."""
        shape = self._engine(2).shape()
        rows = shape.layers + 1
        peaks, needed = [], []
        for t in self._tokens:
            ids = ",".join(map(str, draw_ids(t, shape.vocab)))
            peaks.append([t, self._peak_bytes(ids) / 2**20])
            residuals = rows * t * shape.width * 4
            needed.append([t, (residuals + shape.weight_bytes) / 2**20])
        return {
            "lens, peak of the process": peaks,
            "weights and residual rows": needed,
        }

    def _peak_bytes(self, ids: str) -> float:
        """Return the peak resident memory of `lens` on these ids."""
        command = [str(self._program), "lens", "--model", str(self._model)]
        command += ["--threads", "2", "--ids", ids, "--json", "/dev/null"]
        process = subprocess.Popen(
            command, env=self._environment, stdout=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise PeerError(f"lens: exit status {process.returncode}")
        return usage.ru_maxrss * 1024.0

    def rows(self) -> dict[str, Any]:
        """Time of a lens of 128 tokens against how many rows it decodes."""
        engine = self._engine(2)
        shape = engine.shape()
        ids = draw_ids(128, shape.vocab)
        points = []
        for count in ROWS:
            # The final row is decoded whether it is shown or not.
            first = shape.layers - count
            layers = "all" if first < 0 else f"{first}:"
            times = [
                engine.lens(ids, "--layers", layers)["timing"]
                for _ in range(self._runs + 1)
            ]
            least = min(x["forward_ms"] + x["lens_ms"] for x in times)
            points.append([count, least])
        return {"lens, 128 tokens": points}

    def vocabulary(self) -> dict[str, Any]:
        """Time of a lens of 128 tokens against the rows of the unembedding.

        The models are the default one's weights in float32, with the first
        rows of its table, or the table repeated.
        """
        points = []
        for size in VOCABULARIES:
            folder = self._cache / f"vocabulary-{size}"
            if not (folder / "config.json").is_file():
                say(f"writing {folder}")
                script = str(BENCH / "vocabulary_model.py")
                source = str(self._cache / "smollm2-135m-f32")
                subprocess.run(
                    [str(self._python), script, source, str(folder), str(size)],
                    check=True,
                )
            engine = self._engine(2, folder)
            points.append([size, self._least(engine, "lens", 128)])
        return {"lens, 128 tokens, f32 weights": points}


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_common_flags(parser)
    parser.add_argument(
        "--only",
        metavar="PARTS",
        help=f"with a comma between: {', '.join(PARTS)}; others are kept",
    )
    parser.add_argument(
        "--runs",
        type=int,
        default=3,
        help="of each measurement, of which the least counts (default: 3)",
    )
    parser.add_argument(
        "--most",
        type=int,
        default=TOKENS[-1],
        metavar="T",
        help="tokens of the longest prompt (default: %(default)s)",
    )
    parser.add_argument(
        "--update",
        action="store_true",
        help="draw docs/images/performance-*.svg",
    )
    options = parser.parse_args(arguments)
    options.parts = options.only.split(",") if options.only else list(PARTS)
    for part in options.parts:
        if part and part not in PARTS:
            parser.error(f"--only: {part!r} is none of {', '.join(PARTS)}")
    return options


def main() -> int:
    """Measure, write, draw."""
    options = parse()
    python = options.python or make_venv(options.cache / "venv")
    scaling = Scaling(
        options.build / "bin/pellucid",
        options.model,
        options.cache,
        python,
        options.runs,
        options.most,
    )
    file = options.cache / "scaling.json"
    results: dict[str, Any] = {"schema": SCHEMA}
    if file.is_file():
        results.update(json.loads(file.read_text()))
    try:
        for part in options.parts:
            say(part)
            results[part] = getattr(scaling, part)()
            file.write_text(json.dumps(results, indent=1) + "\n")
    except (PeerError, subprocess.CalledProcessError) as error:
        say(f"scaling: {error}")
        return 1
    print(json.dumps(results, indent=1))
    if options.update:
        images = BENCH.parent / "docs/images"
        script = str(BENCH / "scaling_plots.py")
        drawn = subprocess.run([str(python), script, str(file), str(images)])
        return drawn.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
