"""Check a built site: every link leads somewhere, nothing comes from outside.

    check_links.py FOLDER

MkDocs checks links of Markdown; this looks at the pages that came out, their
pictures, scripts and anchors.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What a browser loads by itself, in which attribute.
LOADED = {"img": "src", "script": "src", "link": "href", "iframe": "src"}
# Relations of <link> that are only read.
NOT_LOADED = {"canonical", "next", "prev"}


class PageParser(HTMLParser):
    """Gathers what a page links to, loads, and can be linked to."""

    def __init__(self) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        """Look at one element."""
        values = {"rel": "", **{name: value or "" for name, value in attrs}}
        self.anchors |= {values.get("id", ""), values.get("name", "")}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        only_read = tag == "link" and NOT_LOADED & {*values["rel"].split()}
        if tag in LOADED and LOADED[tag] in values and not only_read:
            self.loaded.append(values[LOADED[tag]])


def parse(path: Path) -> PageParser:
    """Read one page."""
    parser = PageParser()
    parser.feed(path.read_text(encoding="utf-8"))
    return parser


def problems_of(site: Path) -> Iterator[str]:
    """Find links that lead nowhere and what comes from outside."""
    pages = {path.resolve(): parse(path) for path in site.rglob("*.html")}
    for path, page in sorted(pages.items()):
        name = path.relative_to(site.resolve())
        if name.name == "404.html":
            continue  # its links are of the root of a server
        for target in page.loaded:
            parts = urlsplit(target)
            if parts.netloc or parts.scheme not in ("", "data"):
                yield f"{name}: loads {target} from outside"
        for target in page.links + page.loaded:
            problem = _problem(path, target, pages)
            if problem:
                yield f"{name}: {target}: {problem}"


def _problem(
    path: Path, target: str, pages: dict[Path, PageParser]
) -> str | None:
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return None
    place = path
    if parts.path:
        place = (path.parent / unquote(parts.path)).resolve()
        if place.is_dir():
            place = place / "index.html"
    if not place.is_file():
        return "is not there"
    anchor = unquote(parts.fragment)
    if anchor and place in pages and anchor not in pages[place].anchors:
        return "has no such anchor"
    return None


def main(folder: str) -> int:
    """Print problems; give the exit status."""
    site = Path(folder)
    problems = list(problems_of(site))
    for problem in problems:
        print(problem)
    pages = sum(1 for _ in site.rglob("*.html"))
    if pages == 0:
        print(f"{folder}: has no pages")
    return 1 if problems or pages == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
