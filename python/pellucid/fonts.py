"""Fonts that have the letters of a figure.

matplotlib draws a letter with the first family of a list that has it. The list
is made for the text at hand: its own default first, then whichever installed
fonts cover most of what is still missing. A letter that none has is written as
its number.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path

# A middle dot, and arrows for line ends and tabulators.
BLANKS = {" ": "\u00b7", "\n": "\u21b5", "\t": "\u2192", "\r": "\u240d"}


def visible(text: str, width: int | None = None) -> str:
    """Make blanks of a token visible, and cut it to a width in letters."""
    shown = "".join(
        BLANKS.get(c, c if c.isprintable() else f"\\x{ord(c):02x}")
        for c in text
    )
    if width is not None and len(shown) > width:
        shown = shown[: width - 1] + "\u2026"
    # A dollar sign would begin mathematics.
    return shown.replace("$", r"\$")


@functools.lru_cache(maxsize=512)
def _letters_of(path: str) -> frozenset[int]:
    """Code points that a font draws; none of one with bitmaps alone."""
    from matplotlib.ft2font import FT2Font

    try:
        font = FT2Font(path)
    except (RuntimeError, OSError):
        return frozenset()
    if not font.scalable:
        return frozenset()
    return frozenset(font.get_charmap())


@functools.lru_cache(maxsize=1)
def _candidates() -> tuple[tuple[str, str], ...]:
    """(family, path) of upright, regular fonts, Noto's sans-serif first."""
    from matplotlib.font_manager import fontManager

    found: dict[str, str] = {}
    for entry in fontManager.ttflist:
        regular = entry.style == "normal" and str(entry.weight) in {
            "400",
            "normal",
            "regular",
            "book",
        }
        # (matplotlib's last resort has a box for every letter.)
        if entry.name.startswith("Last Resort"):
            continue
        if regular and Path(entry.fname).exists():
            found.setdefault(entry.name, entry.fname)

    def order(item: tuple[str, str]) -> tuple[bool, bool, str]:
        name = item[0]
        return not name.startswith("Noto Sans"), "Serif" in name, name

    return tuple(sorted(found.items(), key=order))


def families_for(
    texts: Iterable[str], first: str | None = None
) -> tuple[list[str], frozenset[str]]:
    """Choose families that have the letters of texts.

    Parameters
    ----------
    texts
        What is drawn.
    first
        A family to prefer.

    Returns
    -------
    families : list of str
        For ``fontfamily=``.
    missing : frozenset of str
        Letters that no installed font has.
    """
    from matplotlib.font_manager import FontProperties, findfont

    families = [first] if first else []
    families.append("DejaVu Sans")
    left = {ord(c) for c in set().union(*map(set, texts), set())}
    for family in families:
        path = findfont(FontProperties(family=family), fallback_to_default=True)
        left -= _letters_of(path)
    left = {c for c in left if c > 0x1F}
    # The most useful font of all that there are, until nothing more is gained.
    while left:
        gains = [
            (len(left & _letters_of(path)), -place, family, path)
            for place, (family, path) in enumerate(_candidates())
        ]
        gain, _, family, path = max(gains, default=(0, 0, "", ""))
        if gain == 0:
            break
        families.append(family)
        left -= _letters_of(path)
    return families, frozenset(map(chr, left))


def writable(text: str, missing: frozenset[str]) -> str:
    """Write letters that no font has as their numbers."""
    return "".join(f"<U+{ord(c):04X}>" if c in missing else c for c in text)
