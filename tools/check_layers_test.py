"""Planted mistakes are found by tools/check_layers, and correct code passes."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOL = Path(__file__).parent / "check_layers"

GOOD_TREE = {
    "include/pellucid/result.h": '#include <string>\n#include "pellucid/v.h"\n',
    "src/CMakeLists.txt": (
        "# The layers.\n"
        "pellucid_layer(base LIBRARIES fmt::fmt)\n"
        "pellucid_layer(kernels LAYERS base LIBRARIES hwy)\n"
        "pellucid_layer(formats LAYERS base)\n"
        "pellucid_layer(hub LAYERS formats\n  base)\n"
        "pellucid_layer(tokenizer LAYERS formats base)\n"
        "pellucid_layer(cli LAYERS hub base)\n"
    ),
    "src/base/a.h": "#include <span>\n",
    "src/kernels/k.cc": '#include "base/a.h"\n#include "hwy/highway.h"\n',
    "src/kernels/k-inl.h": '#include "hwy/highway.h"\n',
    "src/formats/f.h": '#include "base/a.h"\n#include "pellucid/result.h"\n',
    "src/formats/f_test.cc": (
        '#include "kernels/k.h"\n#include "gtest/gtest.h"\n'
    ),
    "src/hub/h.cc": '#include "formats/f.h"\n#include "fmt/format.h"\n',
    "src/tokenizer/t.cc": '#include "tokenizer/t.h"\n',
    "src/cli/main.h": "",
    "apps/pellucid/main.cc": '#include "cli/main.h"\n',
    "examples/e.cc": '#include "pellucid/result.h"\n',
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


class CheckLayersTest(unittest.TestCase):
    """The tool as a whole, on small trees."""

    def expect_found(self, changes: dict[str, str], expected: str) -> None:
        """`changes` to the good tree give exactly the problem `expected`."""
        result = run_on(GOOD_TREE | changes)
        self.assertEqual(result.stdout, expected + "\n", result.stderr)
        self.assertEqual(result.returncode, 1)

    def test_correct_tree_passes(self) -> None:
        result = run_on(GOOD_TREE)
        self.assertEqual(result.stdout + result.stderr, "")
        self.assertEqual(result.returncode, 0)

    def test_include_of_a_higher_layer(self) -> None:
        self.expect_found(
            {"src/base/a.h": '// What.\n#include "formats/f.h"\n'},
            "src/base/a.h:2: base includes formats/f.h,"
            " but formats is not linked with it",
        )

    def test_include_of_a_layer_beside(self) -> None:
        self.expect_found(
            {"src/hub/h.cc": '#include "tokenizer/t.h"\n'},
            "src/hub/h.cc:1: hub includes tokenizer/t.h,"
            " but tokenizer is not linked with it",
        )

    def test_include_of_a_lower_layer_that_is_not_linked(self) -> None:
        self.expect_found(
            {"src/formats/f.h": '#  include "kernels/k.h"\n'},
            "src/formats/f.h:1: formats includes kernels/k.h,"
            " but kernels is not linked with it",
        )

    def test_test_that_looks_up(self) -> None:
        self.expect_found(
            {"src/formats/f_test.cc": '#include "hub/h.h"\n'},
            "src/formats/f_test.cc:1: formats includes hub/h.h,"
            " but hub is not below it",
        )

    def test_highway_outside_kernels(self) -> None:
        self.expect_found(
            {"src/formats/f.h": "#include <hwy/highway.h>\n"},
            "src/formats/f.h:1: hwy/highway.h:"
            " Highway is for src/kernels alone",
        )

    def test_highway_in_a_kernel_header(self) -> None:
        self.expect_found(
            {"src/kernels/k.h": '#include "hwy/highway.h"\n'},
            "src/kernels/k.h:1: hwy/highway.h:"
            " only -inl.h and .cc files may use Highway",
        )

    def test_library_in_a_public_header(self) -> None:
        self.expect_found(
            {"include/pellucid/result.h": "#include <fmt/format.h>\n"},
            "include/pellucid/result.h:1: fmt/format.h:"
            " neither a public nor a standard header",
        )

    def test_private_header_in_an_example(self) -> None:
        self.expect_found(
            {"examples/e.cc": '#include "base/a.h"\n'},
            "examples/e.cc:1: base/a.h is not public",
        )

    def test_test_helper_in_a_source(self) -> None:
        self.expect_found(
            {"src/hub/h.cc": '#include "testutil/noise.h"\n'},
            "src/hub/h.cc:1: testutil/noise.h:"
            " neither of this project nor a known library",
        )

    def test_link_that_goes_up(self) -> None:
        links = GOOD_TREE["src/CMakeLists.txt"]
        links = links.replace("(base LIB", "(base LAYERS cli LIB")
        self.expect_found(
            {"src/CMakeLists.txt": links},
            "src/CMakeLists.txt:2: layer base is linked with cli, not below it",
        )

    def test_folder_that_is_no_layer(self) -> None:
        self.expect_found(
            {"src/util/u.h": ""},
            "src/CMakeLists.txt:1: src/util is no layer here",
        )


if __name__ == "__main__":
    unittest.main()
