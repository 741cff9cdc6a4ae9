"""Source files of the repository, and problems found in them.

What `check_layers` and `check_style` share: which files there are, their text,
and how a problem is reported (`path:line: text`, as compilers do).
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

CODE_FOLDERS = (
    "include",
    "src",
    "apps",
    "examples",
    "tests",
    "bench",
    "fuzz",
    "python",
)


@dataclass(frozen=True)
class Problem:
    """Something wrong at one place; `path` is relative to the repository."""

    path: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


@dataclass(frozen=True)
class SourceFile:
    """One text file; `path` is relative to the repository."""

    path: Path
    text: str

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @property
    def is_test(self) -> bool:
        """Whether this is test code: `x_test.cc`, or anything in tests/."""
        return self.path.stem.endswith("_test") or self.path.parts[0] == "tests"

    def includes(self) -> Iterator[tuple[int, str, bool]]:
        """Yield (line, name, quoted) for each include directive."""
        pattern = re.compile(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
        for number, line in enumerate(self.lines, start=1):
            if match := pattern.match(line):
                quoted, angled = match.groups()
                yield number, quoted or angled, quoted is not None


def cpp_files(root: Path, folders: Iterable[str]) -> list[SourceFile]:
    """Return the C++ files below `folders` of `root`, in order of path."""
    paths = sorted(
        path
        for folder in folders
        for path in (root / folder).rglob("*")
        if path.suffix in {".h", ".cc"}
    )
    return [
        SourceFile(path.relative_to(root), path.read_text(encoding="utf-8"))
        for path in paths
    ]


Check = Callable[[Path], Iterable[Problem]]


def run_checks(description: str, checks: Sequence[Check]) -> int:
    """Run `checks` on the tree that the command line names; print, and count.

    Returns the exit status: 0 if nothing was found, else 1.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--root",
        type=Path,
        default=Path(__file__).resolve().parent.parent,
        help="the repository (default: the one this program is in)",
    )
    root = parser.parse_args().root
    problems = [problem for check in checks for problem in check(root)]
    for problem in problems:
        print(problem)
    if problems:
        print(f"{len(problems)} problems", file=sys.stderr)
    return 1 if problems else 0
