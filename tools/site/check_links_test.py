"""A site that is whole passes check_links, and what is broken is told."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOL = Path(__file__).parent / "check_links.py"


def check(pages: dict[str, str]) -> tuple[int, str]:
    """Run the tool on pages; give its status and what it prints."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in pages.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, str(TOOL), folder],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout


class CheckLinks(unittest.TestCase):
    """Of a few small sites."""

    def test_passes_what_is_whole(self) -> None:
        """Pages, folders, anchors, pictures, addresses elsewhere."""
        pages = {
            "index.html": '<a href="b/c.html#here">c</a><a href="#top"></a>'
            '<i id="top"></i><img src="a.svg"><a href="https://x.org">x</a>'
            '<link rel="canonical" href="https://x.org/index.html">'
            '<img src="data:image/png;base64,AA==">',
            "b/c.html": '<h1 id="here"></h1><a href="../">up</a>',
            "a.svg": "",
        }
        self.assertEqual(check(pages), (0, ""))

    def test_tells_what_is_not_there(self) -> None:
        """A page, an anchor, a picture."""
        status, text = check(
            {
                "index.html": '<a href="gone.html"></a><a href="b.html#x"></a>'
                '<img src="gone.png">',
                "b.html": "",
            }
        )
        self.assertEqual(status, 1)
        self.assertEqual(
            text.splitlines(),
            [
                "index.html: gone.html: is not there",
                "index.html: b.html#x: has no such anchor",
                "index.html: gone.png: is not there",
            ],
        )

    def test_tells_what_comes_from_outside(self) -> None:
        """A script and a style sheet."""
        status, text = check(
            {
                "index.html": '<script src="https://x.org/a.js"></script>'
                '<link rel="stylesheet" href="//x.org/a.css">'
            }
        )
        self.assertEqual(status, 1)
        self.assertIn("loads https://x.org/a.js from outside", text)
        self.assertIn("loads //x.org/a.css from outside", text)

    def test_wants_pages(self) -> None:
        """An empty folder is no site."""
        status, text = check({})
        self.assertEqual(status, 1)
        self.assertIn("has no pages", text)


if __name__ == "__main__":
    unittest.main()
