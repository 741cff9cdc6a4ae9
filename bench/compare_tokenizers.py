#!/usr/bin/env python3
"""Compare tokenizers with the `tokenizers` library, one thread each.

    cmake --preset release -DPELLUCID_BUILD_BENCH=ON
    cmake --build --preset release
    bench/compare_tokenizers.py --documents DOCUMENTS.jsonl FILE...

Each FILE is a tokenizer.json, each line of DOCUMENTS a JSON string. Both
programs load the file and encode all documents, in turn and several times; the
table gives the least times, megabytes a second, and how many times faster the
engine is. Exit status: 1 where the ids differ, or a program failed; 2 for
wrong usage; else 0.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from bench_setup import BENCH, clean_environment, say
from peer_process import Peer, PeerError, Reply

ONE_THREAD = {"TOKENIZERS_PARALLELISM": "false", "RAYON_NUM_THREADS": "1"}
WORKS = ("open", "encode")


@dataclass
class Times:
    """Least milliseconds of both programs on one file, by work."""

    ours: dict[str, float]
    theirs: dict[str, float]
    same: bool  # they made the same ids

    def ratio(self, work: str) -> float:
        """Return how many times faster the engine is."""
        return self.theirs[work] / self.ours[work]


def measure(ours: Peer, theirs: Peer, runs: int) -> Times:
    """Have both do all works in turn.

    Parameters
    ----------
    ours, theirs
        The programs, each with its tokenizer loaded.
    runs
        Turns of each.

    Returns
    -------
    Times
        The least of all turns.
    """
    times = Times({}, {}, same=True)
    for work in WORKS:
        answers: tuple[list[Reply], list[Reply]] = ([], [])
        for _ in range(runs):
            answers[0].append(ours.run(work, []))
            answers[1].append(theirs.run(work, []))
        ids = [
            [(a.get("count"), a.get("sum")) for a in side] for side in answers
        ]
        times.same &= ids[0] == ids[1]
        times.ours[work] = min(a["ms"] for a in answers[0])
        times.theirs[work] = min(a["ms"] for a in answers[1])
    return times


def table_row(name: str, times: Times, megabytes: float) -> str:
    """Return one row of the table, as Markdown."""
    rate = {
        side: megabytes / (ms["encode"] / 1e3)
        for side, ms in (("ours", times.ours), ("theirs", times.theirs))
    }
    note = "" if times.same else " (the ids differ)"
    return (
        f"| {name}{note} | {rate['ours']:.1f} | {rate['theirs']:.1f} "
        f"| {times.ratio('encode'):.1f} | {times.ours['open']:.0f} "
        f"| {times.theirs['open']:.0f} |"
    )


def size_of(documents: Path) -> float:
    """Return the megabytes of all documents."""
    with documents.open(encoding="utf-8") as lines:
        return sum(len(json.loads(line).encode()) for line in lines) / 1e6


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--documents", type=Path, required=True)
    parser.add_argument(
        "--build", type=Path, default=BENCH.parent / "build/release"
    )
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=300)
    parser.add_argument("files", type=Path, nargs="+")
    options = parser.parse_args()
    if options.runs < 1:
        parser.error(f"--runs: {options.runs} is less than 1")
    return options


def main() -> int:
    """Measure every file and print the table."""
    options = parse()
    environment = clean_environment()[0] | ONE_THREAD
    megabytes = size_of(options.documents)
    program = options.build / "bin/tokenize_bench"
    script = BENCH / "peer_tokenizers.py"
    print(
        "| tokenizer | MB/s | `tokenizers` | times | opens in ms "
        "| `tokenizers` |\n|---|---|---|---|---|---|"
    )
    status = 0
    for file in options.files:
        arguments = [str(file), str(options.documents)]
        peers: list[Peer] = []
        try:
            for command in ([program], [options.python, script]):
                full = [*map(str, command), *arguments]
                peers.append(Peer(full, environment, options.timeout))
            times = measure(peers[0], peers[1], options.runs)
        except (PeerError, OSError) as error:
            say(f"{file}: {error}")
            status = 1
            continue
        finally:
            for peer in peers:
                peer.close()
        print(table_row(file.parent.name, times, megabytes), flush=True)
        status = status if times.same else 1
    return status


if __name__ == "__main__":
    sys.exit(main())
