"""Names that share a description come apart. Skipped (77) without griffe."""

import importlib.util
import sys
import unittest

if importlib.util.find_spec("griffe") is None:
    print("griffe is not there; script/docs runs where it is")
    sys.exit(77)

from parameters import apart

SHARED = """Clamp.

Parameters
----------
low, high
    Ends of the range,
    included.
what
    A name.

Raises
------
a, b
    Stays.
"""

APART = """Clamp.

Parameters
----------
low
    Ends of the range,
    included.
high
    Ends of the range,
    included.
what
    A name.

Raises
------
a, b
    Stays.
"""


class Apart(unittest.TestCase):
    """Of docstrings in NumPy's style."""

    def test_repeats_the_description(self) -> None:
        """Of parameters alone."""
        self.assertEqual(apart(SHARED), APART)

    def test_leaves_the_rest(self) -> None:
        """What has nothing to take apart."""
        for text in ("", "One line.", APART):
            self.assertEqual(apart(text), text)


if __name__ == "__main__":
    unittest.main()
