"""Planted mistakes are found by tools/check_style, and correct code passes."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOL = Path(__file__).parent / "check_style"

HEADER = """\
// What this is,
// and why so.
#ifndef PELLUCID_BASE_A_H_
#define PELLUCID_BASE_A_H_
#endif  // PELLUCID_BASE_A_H_
"""
SOURCE = """\
// May say printf() and throw in comments,
const char* kText = "abort()";  // and in texts.
const int kMany = 1'000'000;
void Write() { std::snprintf(buffer, sizeof(buffer), R"(throw)"); }
"""
GOOD_TREE = {
    "src/base/a.h": HEADER,
    "src/base/a.cc": SOURCE,
    "src/base/a_test.cc": "void Test() { std::abort(); }\n",
    "src/cli/main.cc": "void Main() { std::fputs(text, stdout); }\n",
    "src/cli/main_test.cc": "\n",
}


def run_on(tree: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the tool on `tree` (path to text), laid in a new folder."""
    with tempfile.TemporaryDirectory() as folder:
        for path, text in tree.items():
            target = Path(folder) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        return subprocess.run(
            [sys.executable, TOOL, "--root", folder],
            capture_output=True,
            text=True,
            check=False,
        )


class CheckStyleTest(unittest.TestCase):
    """The tool as a whole, on small trees."""

    def expect_found(self, changes: dict[str, str], expected: str) -> None:
        """`changes` to the good tree give the problem `expected`."""
        result = run_on(GOOD_TREE | changes)
        self.assertIn(expected + "\n", result.stdout)
        self.assertEqual(result.returncode, 1)

    def test_correct_tree_passes(self) -> None:
        result = run_on(GOOD_TREE)
        self.assertEqual(result.stdout + result.stderr, "")
        self.assertEqual(result.returncode, 0)

    def test_library_that_prints_ends_or_throws(self) -> None:
        for code, found in [
            ("void F() { printf(x); }", "printf("),
            ("void F() { std::abort(); }", "abort("),
            ("void F() { exit (1); }", "exit ("),
            ("void F() { std::cerr << 1; }", "std::cerr"),
            ("int F() { throw 1; }", "throw"),
            ("int a = 1'0; char b = 'x'; int c = exit(2);", "exit("),
        ]:
            with self.subTest(code):
                self.expect_found(
                    {"src/base/a.cc": f"// One\n{code}\n"},
                    f"src/base/a.cc:2: '{found}' is not for the library",
                )

    def test_header_without_opening_comment(self) -> None:
        self.expect_found(
            {"src/base/a.h": HEADER.replace("// and why so.\n", "")},
            "src/base/a.h:1: opens with no comment of two lines:"
            " what it is, and why so",
        )

    def test_wrong_include_guard(self) -> None:
        self.expect_found(
            {"src/base/b.h": HEADER},
            "src/base/b.h:1: has not the include guard PELLUCID_BASE_B_H_",
        )

    def test_source_without_test(self) -> None:
        self.expect_found(
            {"src/base/b.cc": "\n"},
            "src/base/b.cc:1: has no _test.cc beside it"
            " and is not in tests/untested.txt",
        )

    def test_source_that_is_excused(self) -> None:
        excuse = "# Why.\n\nsrc/base/b.cc  one constant\n"
        tree = GOOD_TREE | {"tests/untested.txt": excuse}
        self.assertEqual(run_on(tree | {"src/base/b.cc": "\n"}).returncode, 0)
        self.expect_found(
            {"tests/untested.txt": excuse},
            "tests/untested.txt:3: src/base/b.cc does not exist",
        )

    def test_platform_dependent_random_numbers(self) -> None:
        self.expect_found(
            {"src/base/a_test.cc": "std::normal_distribution<float> d;\n"},
            "src/base/a_test.cc:1:"
            " std distributions differ by platform; use testutil",
        )

    def test_lines(self) -> None:
        for line, found in [
            ("/" * 81, "81 columns, more than 80"),
            ("// \N{LATIN SMALL LETTER E WITH ACUTE}", "not ASCII"),
            ("int a; ", "ends with white space"),
            ("\tint a;", "has a tab"),
            ("// TO" + "DO: later", "'TO" + "DO': unfinished"),
        ]:
            with self.subTest(found):
                self.expect_found(
                    {"src/base/a.cc": f"{line}\n"},
                    f"src/base/a.cc:1: {found}",
                )

    def test_long_file_is_a_note(self) -> None:
        result = run_on(GOOD_TREE | {"src/base/a.cc": "\n" * 501})
        self.assertIn("note: src/base/a.cc: 501 lines\n", result.stdout)
        self.assertNotIn("src/base/a.cc:", result.stdout.split("\n", 1)[1])


if __name__ == "__main__":
    unittest.main()
