"""The reference says what headers say; headers that say too little fail."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOL = Path(__file__).parent / "make_api_reference"

HEADER = """\
// pellucid/lens.h - what is seen?
//
// Looks at residuals `r` [rows, d_model]; costs rows * vocab.
//
//   Lens lens = Look(model).value();
//
//   Use(lens);
#ifndef PELLUCID_LENS_H_
#define PELLUCID_LENS_H_

#include <vector>

namespace pellucid {

class Model;  // pellucid/model.h

// How to look.
enum class Mode {
  kNear,  // closely,
          // through glass
  kFar,
};

// A number in [0, 1], as Lens::Size() has it.
struct Cell {
  int position = 0;  // in the input
  std::vector<int> top = {};
};

// Everything seen.
class PELLUCID_API Lens {
 public:
  struct Impl;
  explicit Lens(std::shared_ptr<const Impl> impl);

  // How many cells; kUsage if !ok().
  std::size_t Size() const;
  bool ok() const { return size_ == 0; }

  // Copies `mode`.
  template <typename T>
  explicit Lens(T mode, Options options = {})
      : mode_(std::move(mode)),
        size_(0) {
    Check();
  }

 private:
  void Check();
  int size_ = 0;  // not for "readers"
};

// A row with functions.
struct Row {
  // Before a field.
  int a = 0;

  // Never fails.
  inline int Twice() const { return 2 * a; }
};

// Looks, see pellucid/lens.h and docs/numerics.md.
PELLUCID_API Result<Lens> Look(const Model& model,
                               const Options& options = {});

// Short and long.
inline int One() { return 1; }
inline int Two() { return 2; }

// Hands on an error:
//   PELLUCID_TRY(Look(model));
#define PELLUCID_TRY(expr) \\
  do {                     \\
  } while (false)
#define PELLUCID_TRY_(expr) expr

}  // namespace pellucid

#endif  // PELLUCID_LENS_H_
"""


def run_on(
    header: str, *arguments: str, reference: str | None = None
) -> tuple[subprocess.CompletedProcess[str], str]:
    """Run the tool on a tree with `header`; return what it said and wrote."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "include/pellucid/lens.h"
        target.parent.mkdir(parents=True)
        target.write_text(header, encoding="utf-8")
        made = Path(folder) / "docs/api.md"
        if reference is not None:
            made.parent.mkdir()
            made.write_text(reference, encoding="utf-8")
        result = subprocess.run(
            [sys.executable, TOOL, "--root", folder, *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        text = made.read_text(encoding="utf-8") if made.exists() else ""
        return result, text


class MakeApiReferenceTest(unittest.TestCase):
    """The tool as a whole, on one small header."""

    def setUp(self) -> None:
        self.result, self.text = run_on(HEADER)

    def expect(self, *blocks: str) -> None:
        """`blocks` stand in the reference, one after another."""
        self.assertIn("\n" + "\n\n".join(blocks) + "\n", self.text)

    def test_succeeds_and_says_nothing(self) -> None:
        self.assertEqual(self.result.stdout + self.result.stderr, "")
        self.assertEqual(self.result.returncode, 0)

    def test_header_opens_with_its_comment_and_contents(self) -> None:
        self.expect(
            '## <a id="header-lens-h"></a>`pellucid/lens.h`',
            "What is seen?",
            "Looks at residuals `r` `[rows, d_model]`; costs rows \\* vocab.",
            "```cpp\nLens lens = Look(model).value();\n```",
            "```cpp\nUse(lens);\n```",
            "[`Mode`](#mode), [`Cell`](#cell), [`Lens`](#lens),"
            " [`Row`](#row),\n"
            "[`Look`](#look), [`One`](#one), [`Two`](#two),"
            " [`PELLUCID_TRY`](#pellucid_try)",
        )

    def test_plain_types_are_shown_whole(self) -> None:
        self.expect(
            '### <a id="mode"></a>`Mode`',
            "```cpp\nenum class Mode {\n  kNear,  // closely,\n"
            "          // through glass\n  kFar,\n};\n```",
            "How to look.",
        )
        self.expect(
            "```cpp\nstruct Cell {\n  int position = 0;  // in the input\n"
            "  std::vector<int> top = {};\n};\n```",
            "A number in [0, 1], as [`Lens::Size()`](#lens-size) has it.",
        )

    def test_class_shows_public_functions_without_bodies(self) -> None:
        self.expect(
            '### <a id="lens"></a>`Lens`',
            "```cpp\nclass Lens;\n```",
            "Everything seen.",
            '#### <a id="lens-size"></a><a id="lens-ok"></a>`Lens::Size, ok`',
            "```cpp\nstd::size_t Size() const;\nbool ok() const;\n```",
            "How many cells; `kUsage` if [`!ok()`](#lens-ok).",
            '#### <a id="lens-lens"></a>`Lens::Lens`',
            "```cpp\ntemplate <typename T>\n"
            "explicit Lens(T mode, Options options = {});\n```",
            "Copies `mode`.",
        )
        for hidden in ["Impl", "Check", "size_;", "readers"]:
            self.assertNotIn(hidden, self.text)

    def test_struct_with_functions_shows_fields_first(self) -> None:
        self.expect(
            "```cpp\nstruct Row {\n  // Before a field.\n  int a = 0;\n};\n```",
            "A row with functions.",
            '#### <a id="row-twice"></a>`Row::Twice`',
            "```cpp\nint Twice() const;\n```",
            "Never fails.",
        )

    def test_functions_lose_marks_and_stay_aligned(self) -> None:
        self.expect(
            '### <a id="look"></a>`Look`',
            "```cpp\nResult<Lens> Look(const Model& model,\n"
            "                  const Options& options = {});\n```",
            "Looks, see [`pellucid/lens.h`](#header-lens-h) and\n"
            "[`docs/numerics.md`](numerics.md).",
            '### <a id="one"></a><a id="two"></a>`One, Two`',
            "```cpp\nint One();\nint Two();\n```",
            "Short and long.",
        )

    def test_macros_show_how_they_are_called(self) -> None:
        self.expect(
            "```cpp\nPELLUCID_TRY(expr)\n```",
            "Hands on an error:",
            "```cpp\nPELLUCID_TRY(Look(model));\n```",
        )
        self.assertNotIn("PELLUCID_TRY_(", self.text)

    def test_every_link_has_a_target(self) -> None:
        for part in self.text.split("](#")[1:]:
            target = part.split(")")[0]
            if target not in {"result", "status", "errorcode"}:
                self.assertIn(f'<a id="{target}">', self.text)

    def test_check(self) -> None:
        result, _ = run_on(HEADER, "--check", reference=self.text)
        self.assertEqual(result.returncode, 0)
        result, text = run_on(HEADER, "--check", reference="old\n")
        self.assertEqual(result.returncode, 1)
        self.assertIn("is old: run tools/make_api_reference", result.stdout)
        self.assertEqual(text, "old\n")

    def expect_problem(self, old: str, new: str, problem: str) -> None:
        self.assertIn(old, HEADER)
        result, text = run_on(HEADER.replace(old, new))
        self.assertIn(f"include/pellucid/lens.h:{problem}\n", result.stdout)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(text, "")

    def test_missing_comments(self) -> None:
        self.expect_problem(
            "// Everything seen.\n", "\n", "31: Lens has no comment"
        )
        self.expect_problem(
            "// Copies `mode`.\n", "\n", "41: Lens::Lens has no comment"
        )

    def test_what_a_shared_library_would_not_show(self) -> None:
        self.expect_problem(
            "PELLUCID_API Result", "Result", "63: Look is not PELLUCID_API"
        )
        self.expect_problem(
            "PELLUCID_API Lens", "Lens", "31: Lens is not PELLUCID_API"
        )

    def test_other_style(self) -> None:
        self.expect_problem(
            "// How to look.\n", "[[odd]];\n", "17: cannot read '[[odd]];'"
        )


if __name__ == "__main__":
    unittest.main()
