#!/usr/bin/env python3
"""Compare the engine with torch and llama.cpp on this machine.

    cmake --preset release -DPELLUCID_BUILD_BENCH=ON
    cmake --build --preset release
    bench/compare.py --update docs/performance.md

sets up the peers in an environment below `$PELLUCID_HOME/bench` (some
gigabytes, once), runs them and the engine in turn on the same token ids, and
prints the table; docs/performance.md says how it measures. Exit status: 0;
1 where the likeliest tokens of a peer differ from ours, or nothing of ours
could be measured; 2 for wrong usage.
"""

import argparse
import json
import platform
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench_setup import (
    BENCH,
    Files,
    add_common_flags,
    clean_environment,
    say,
    set_up,
)
from comparison import (
    ENGINE,
    PEERS,
    ROWS,
    TOLERANCES,
    Cell,
    Row,
    Shape,
    count_agreeing,
    share_of_peak,
)
from comparison_table import PageError, medians, replace_between, spreads
from engine import STEPS, Engine
from peer_process import Peer, PeerError
from this_machine import busy_share, describe
from token_ids import draw_ids

SCHEMA = "pellucid.compare/1"
TEXT = "The capital of France is"  # five tokens, for the whole process

# A run this short is preceded by one that is not timed, lest it pay for what
# the other programs did to the caches since. The engine's turns always are.
SHORT_MS = 2000.0

# Between turns, for the threads of the last one to stop waiting for more work.
PAUSE_S = 0.2

# Of all processors in the pauses, by other programs. Beyond it a row says so:
# peers whose threads wait for each other in loops suffer most.
MOST_BUSY = 0.1


class Comparison:
    """The programs, started when they are first needed.

    Parameters
    ----------
    files
        Of the peers.
    engine
        The program.
    threads
        That each of them uses.
    environment
        Their variables.
    timeout
        Seconds until a run is given up.
    """

    def __init__(
        self,
        files: Files,
        engine: Engine,
        threads: int,
        environment: Mapping[str, str],
        timeout: float,
    ) -> None:
        python, number = str(files.python), str(threads)
        torch = [python, str(BENCH / "peer_torch.py"), str(files.hf)]
        llama = [python, str(BENCH / "peer_llama.py")]
        self._commands = {
            "torch f32": [*torch, "float32", number],
            "torch bf16": [*torch, "bfloat16", number],
            "llama.cpp Q4_1": [*llama, str(files.gguf), number],
            "llama.cpp Q8_0": [*llama, str(files.q8_0), number],
            "llama.cpp Q4_0": [*llama, str(files.q4_0), number],
        }
        script = [python, str(BENCH / "torch_lens.py"), str(files.hf), TEXT]
        self._processes = {
            ENGINE: engine.lens_command(TEXT),
            "torch f32": [*script, "--threads", number],
        }
        self.engine = engine
        self._environment = environment
        self._timeout = timeout
        self._peers: dict[str, Peer | PeerError] = {}
        self._busy: list[float] = []

    def peer(self, name: str) -> Peer:
        """Return a running peer; one that failed fails again."""
        if name not in self._peers:
            try:
                self._peers[name] = Peer(
                    self._commands[name], self._environment, self._timeout
                )
            except (PeerError, OSError) as error:
                self._peers[name] = PeerError(str(error))
        found = self._peers[name]
        if isinstance(found, PeerError):
            raise found
        return found

    def close(self) -> None:
        """End all peers."""
        for peer in self._peers.values():
            if isinstance(peer, Peer):
                peer.close()

    def versions(self) -> dict[str, Any]:
        """Return what the peers say of themselves, and our version."""
        found: dict[str, Any] = {"python": platform.python_version()}
        try:
            found[ENGINE] = self.engine.output("--version").strip()
        except PeerError as error:
            found[ENGINE] = str(error)
        for name, peer in self._peers.items():
            found[name] = (
                peer.ready if isinstance(peer, Peer) else {"error": str(peer)}
            )
        return found

    def measure(self, name: str, row: Row, ids: Sequence[int]) -> float:
        """Have one program do the work of a row once.

        Returns
        -------
        float
            In the row's unit.
        """
        if row.work == "process":
            return self._measure_process(name)
        if name == ENGINE:
            return self.engine.measure(row.work, row.tokens)
        peer = self.peer(name)
        if row.work == "decode":
            peer.run("prefill", ids)
            times = sorted(peer.run("decode", ids, STEPS)["step_ms"])
            return 1000 / times[len(times) // 2]
        first = peer.run(row.work, ids)["ms"]
        return peer.run(row.work, ids)["ms"] if first < SHORT_MS else first

    def _measure_process(self, name: str) -> float:
        start = time.perf_counter()
        try:
            subprocess.run(
                self._processes[name],
                env=dict(self._environment),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=self._timeout,
                check=True,
            )
        except subprocess.TimeoutExpired:
            raise PeerError(f"not done in {self._timeout:.0f} s") from None
        except (OSError, subprocess.CalledProcessError) as error:
            raise PeerError(str(error)) from None
        return (time.perf_counter() - start) * 1e3

    def add_run(
        self, name: str, row: Row, ids: Sequence[int], cell: Cell
    ) -> None:
        """Measure once more, unless this peer has failed in this row."""
        if cell.error is not None:
            return
        try:
            cell.values.append(self.measure(name, row, ids))
        except PeerError as error:
            cell.error = str(error)
        self.pause()

    def pause(self) -> None:
        """Wait, and see whether anything else keeps the processors busy."""
        stat = Path("/proc/stat")
        before = stat.read_text()
        time.sleep(PAUSE_S)
        self._busy.append(busy_share(before, stat.read_text()))

    def take_busy(self) -> float:
        """Return how busy others were in all pauses since the last call."""
        busy, self._busy = self._busy, []
        return sum(busy) / max(len(busy), 1)

    def check(
        self, name: str, row: Row, ids: Sequence[int], cell: Cell
    ) -> None:
        """Compare the likeliest tokens, if there is something to compare."""
        tolerance = TOLERANCES.get(name)
        if cell.error or row.work == "process" or tolerance is None:
            return
        work = "lens" if row.work == "lens" else "forward"
        try:
            ours = self.engine.distributions(ids, work)
            theirs = self.peer(name).run(work, ids)["top"]
            cell.agree = count_agreeing(ours, theirs, tolerance)
        except PeerError as error:
            cell.error = str(error)


def run_row(
    comparison: Comparison, row: Row, ids: Sequence[int], runs: int
) -> dict[str, Cell]:
    """Have all programs do the work of one row, in turn.

    Parameters
    ----------
    comparison
        The programs.
    row
        The work.
    ids
        The prompt.
    runs
        Timed turns of each program, behind one that is left out.

    Returns
    -------
    dict of Cell
        By peer.
    """
    cells = {name: Cell() for name in row.peers()}
    for turn in range(runs + 1):
        for name, cell in cells.items():
            comparison.add_run(name, row, ids, cell)
            if turn == 0:
                cell.values.clear()  # the warm-up
    for name, cell in cells.items():
        comparison.check(name, row, ids, cell)
    return cells


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = ", ".join(row.name for row in ROWS)
    add_common_flags(parser)
    parser.add_argument(
        "--only",
        metavar="NAMES",
        help=f"rows with a comma between: {names}; lens: all that begin so",
    )
    parser.add_argument(
        "--runs", type=int, default=5, help="timed turns (default: 5)"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="one turn each, and no row of 512 tokens",
    )
    parser.add_argument(
        "--threads", type=int, default=2, help="of each program (default: 2)"
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=300,
        metavar="SECONDS",
        help="after which a run is given up (default: 300)",
    )
    parser.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="write the results there; rows of it that are not measured now "
        "are kept (default: results.json in the cache)",
    )
    parser.add_argument(
        "--update",
        type=Path,
        metavar="PAGE",
        help="put the table of the results between the markers of this page",
    )
    parser.add_argument(
        "--setup-only", action="store_true", help="measure nothing"
    )
    options = parser.parse_args(arguments)
    if options.runs < 1:
        parser.error(f"--runs: {options.runs} is less than 1")
    options.rows = chosen_rows(options.only, options.quick)
    if not options.rows:
        parser.error(f"--only: {options.only!r} names none of {names}")
    options.json = options.json or options.cache / "results.json"
    return options


def chosen_rows(only: str | None, quick: bool) -> list[Row]:
    """Return the rows that --only and --quick leave."""
    wanted = only.split(",") if only else []
    return [
        row
        for row in ROWS
        if (not only or row.name in wanted or row.work in wanted)
        and not (quick and row.tokens > 128)
    ]


def as_markdown(results: Mapping[str, Any], shape: Shape) -> str:
    """Return what goes into the page: machine, medians, spreads."""
    table = {
        name: {peer: Cell.from_json(data) for peer, data in cells.items()}
        for name, cells in results["rows"].items()
    }
    loud = [
        row.title
        for row in ROWS
        if results["rows"].get(row.name, {}).get("others", {}).get("busy", 0)
        > MOST_BUSY
    ]
    rows = [row for row in ROWS if row.name in table]
    machine = results["machine"]
    shares = []
    for row in rows:
        own = table[row.name].get(ENGINE, Cell()).median
        share = share_of_peak(row, own, shape, machine) if own else "-"
        shares.append(share)
    peaks = ", ".join(
        f"{machine[key]:.0f} {unit}"
        for key, unit in (
            ("peak_gflops", "GFLOP/s of f32 multiply-adds"),
            ("read_gbytes", "GB/s of reading"),
        )
        if key in machine
    )
    title = (
        f"{machine['processor']}, {machine['cores']} cores, "
        f"{' '.join(machine['instructions'])}; {machine['threads']} threads"
        + (f"; measured first: {peaks}" if peaks else "")
    )
    parts = [title + ".", medians(rows, table, shares)]
    if loud:
        parts.append(
            f"Other programs kept the machine busy during: {'; '.join(loud)}. "
            "These numbers are not to be trusted."
        )
    parts += ["Least and greatest of all runs:", spreads(rows, table)]
    return "\n\n".join(parts)


def verdict(rows: Mapping[str, Mapping[str, Any]]) -> int:
    """Return the exit status that the measured rows ask for."""
    status = 0
    for name, cells in rows.items():
        for peer in PEERS:
            agree = cells.get(peer, {}).get("agree")
            if agree and agree[0] < agree[1]:
                say(f"{name}: {peer}: {agree[0]} of {agree[1]} top-5 agree")
                status = 1
        if "median" not in cells[ENGINE]:
            say(f"{name}: {ENGINE}: {cells[ENGINE]['error']}")
            status = 1
    return status


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Run everything that was asked for; return the results."""
    files = set_up(options.cache, options.model, options.python)
    if options.setup_only:
        raise SystemExit(0)
    environment, dropped = clean_environment()
    programs = options.build / "bin"
    engine = Engine(
        programs / "pellucid",
        files.gguf,
        options.threads,
        environment,
        options.timeout,
    )
    shape = engine.shape()
    machine = describe(programs / "kernels_bench", options.threads, environment)
    comparison = Comparison(
        files, engine, options.threads, environment, options.timeout
    )
    rows: dict[str, Any] = {}
    try:
        for row in options.rows:
            say(f"{row.name}, {1 if options.quick else options.runs} runs")
            ids = draw_ids(row.tokens, shape.vocab)
            cells = run_row(
                comparison, row, ids, 1 if options.quick else options.runs
            )
            rows[row.name] = {k: v.as_json() for k, v in cells.items()}
            busy = comparison.take_busy()
            rows[row.name]["others"] = {"busy": busy}
            if busy > MOST_BUSY:
                say(f"{row.name}: other work took {busy:.0%} of the processors")
        versions = comparison.versions()
    finally:
        comparison.close()
    return {
        "schema": SCHEMA,
        "machine": machine,
        "versions": versions,
        "variables_left_out": dropped,
        "shape": vars(shape),
        "rows": rows,
    }


def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return new results, with the rows of old ones that they lack."""
    if old.get("schema") != SCHEMA:
        return dict(new)
    both = {**old["rows"], **new["rows"]}
    rows = {row.name: both[row.name] for row in ROWS if row.name in both}
    versions = {**old["versions"], **new["versions"]}
    return {**new, "versions": versions, "rows": rows}


def main() -> int:
    """Measure, print, write."""
    options = parse()
    try:
        new = measure(options)
    except PeerError as error:
        say(f"compare: {options.build}: {error}")
        return 1
    except subprocess.CalledProcessError as error:
        say(f"compare: cannot set up: {error}")
        return 1
    old = json.loads(options.json.read_text()) if options.json.is_file() else {}
    results = merged(old, new)
    options.json.write_text(json.dumps(results, indent=1) + "\n")
    text = as_markdown(results, Shape(**results["shape"]))
    print(text)
    if options.update:
        try:
            page = options.update.read_text(encoding="utf-8")
            options.update.write_text(
                replace_between(page, text), encoding="utf-8"
            )
        except (OSError, PageError) as error:
            say(f"compare: {options.update}: {error}")
            return 1
    return verdict(new["rows"])


if __name__ == "__main__":
    sys.exit(main())
