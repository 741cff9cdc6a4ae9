"""Pages that are right pass tools/run_docs, and wrong ones are told."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOL = Path(__file__).parent / "run_docs"


def run_on(page: str, *flags: str) -> tuple[int, str, str]:
    """Run the tool on a page.

    Parameters
    ----------
    page
        Its text.
    flags
        Flags of the tool.

    Returns
    -------
    tuple of int, str, str
        Exit code, output, and the page afterwards.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.md"
        path.write_text(page, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, str(TOOL), *flags, str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
        output = done.stdout + done.stderr
        return done.returncode, output, path.read_text(encoding="utf-8")


def console(*lines: str) -> str:
    """Make a page of one block.

    Parameters
    ----------
    lines
        Lines of the block.

    Returns
    -------
    str
        The page.
    """
    return "\n".join(["A page.", "", "```console", *lines, "```", ""])


class RunDocsTest(unittest.TestCase):
    """Each kind of block, right and wrong."""

    def test_right_output_passes(self) -> None:
        """Commands share a folder; errors count as output."""
        page = console(
            "$ echo one > file; cat file",
            "one",
            "$ cat file absent 2>&1 | tail -1 | grep -c absent",
            "1",
            "$ true",
        )
        code, output, _ = run_on(page)
        self.assertEqual(code, 0, output)

    def test_wrong_output_is_told(self) -> None:
        """Line, command and both outputs are named."""
        code, output, _ = run_on(console("$ echo one", "two"))
        self.assertEqual(code, 1)
        self.assertIn(":4: $ echo one", output)
        self.assertIn("-two", output)
        self.assertIn("+one", output)

    def test_missing_and_surplus_lines_are_told(self) -> None:
        """No output is an output."""
        self.assertEqual(run_on(console("$ true", "x"))[0], 1)
        self.assertEqual(run_on(console("$ echo x"))[0], 1)

    def test_dots_stand_for_any_lines(self) -> None:
        """Also for none, and only where they stand."""
        self.assertEqual(run_on(console("$ seq 9", "1", "...", "9"))[0], 0)
        self.assertEqual(run_on(console("$ seq 2", "1", "...", "2"))[0], 0)
        self.assertEqual(run_on(console("$ seq 9", "1", "...", "8"))[0], 1)

    def test_continued_commands_are_one(self) -> None:
        """As a shell shows them."""
        page = console("$ echo a \\", ">   b", "a b")
        self.assertEqual(run_on(page)[0], 0)

    def test_update_writes_the_output(self) -> None:
        """Afterwards the page is right."""
        code, _, page = run_on(
            console("$ seq 2", "old", "$ echo x"), "--update"
        )
        self.assertEqual(code, 0)
        self.assertEqual(page, console("$ seq 2", "1", "2", "$ echo x", "x"))
        self.assertEqual(run_on(page)[0], 0)

    def test_code_must_stand_in_its_file(self) -> None:
        """Line by line."""
        here = Path(__file__).relative_to(Path(__file__).parents[1])
        for line, code in (("import unittest", 0), ("import nothing", 1)):
            page = f"<!-- from {here} -->\n```cpp\n{line}\n```\n"
            self.assertEqual(run_on(page)[0], code, line)


if __name__ == "__main__":
    unittest.main()
