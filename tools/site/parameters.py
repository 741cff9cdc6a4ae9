"""Names that share a description in a docstring, taken apart for the site.

NumPy's style has ``low, high`` above one description. griffe gives all of them
the type and the default of the first; apart, each gets its own.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

# A line of names alone, and the lines below that are indented deeper.
SHARED = re.compile(
    r"^(?P<names>\w+(?:, \w+)+)\n(?P<text>(?:[ \t]+\S.*\n?)+)", re.MULTILINE
)
SECTION = re.compile(
    r"(?<=^Parameters\n----------\n).*?(?=^\w[\w ]*\n---|\Z)", re.M | re.S
)


def apart(docstring: str) -> str:
    """Repeat a description for each of the names that share it."""

    def repeated(match: re.Match[str]) -> str:
        text = match["text"].rstrip("\n")
        return "".join(
            f"{name}\n{text}\n" for name in match["names"].split(", ")
        )

    return SECTION.sub(lambda m: SHARED.sub(repeated, m[0]), docstring)


class SharedParameters(griffe.Extension):
    """Rewrites the docstrings of functions and classes."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called with each object when it has been read."""
        if obj.docstring is not None:
            obj.docstring.value = apart(obj.docstring.value)
