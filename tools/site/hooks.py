"""What the site has beside the Markdown of docs/ (mkdocs.yml).

The README is its first page; notebooks become pages with their pictures; the
reference of the Python module is made of its docstrings; and each other file of
the repository that a page links to is shown on a page of its own, so that no
link leads nowhere.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

import griffe
import nbconvert
import nbformat
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]

# Pages of the site that are other files of the repository.
ELSEWHERE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "CHANGELOG.md": "CHANGELOG.md",
}

# The reference of the Python module: page, title, what stands on it.
REFERENCE = {
    "model": (
        "Models",
        ["InterpretableModel", "default_model", "model.Config", "Tokenizer"],
    ),
    "trace": (
        "Activations",
        [
            "Trace",
            "ActivationCache",
            "get_activations",
            "batch_get_activations",
            "collect_activations",
            "modules.LayerList",
            "modules.ModuleProxy",
            "modules.OutputProxy",
        ],
    ),
    "lens": (
        "Lenses",
        [
            "Lens",
            "Crystallization",
            "TunedLens",
            "JacobianLens",
            "tuned_lens.Translator",
            "train_tuned_lens",
        ],
    ),
    "interventions": (
        "Interventions",
        ["interventions", "read_edits", "write_edits"],
    ),
    "patching": ("Patching", ["PatchGrid", "CausalTrace"]),
    "attention": (
        "Heads and attribution",
        [
            "AttentionPatterns",
            "HeadScores",
            "HeadScore",
            "Attribution",
            "Gradient",
            "ActivationGrid",
        ],
    ),
    "generation": ("Generation and steering", ["Generation", "Steering"]),
    "visualization": ("Figures", ["visualization", "plots.heatmap"]),
    "errors": ("Errors", ["errors"]),
}

# [text](target), [name]: target, src="target"; not of images of another site.
LINK = re.compile(
    r"(?P<before>\]\(|^\[[^\]\n]+\]:\s+|\bsrc=\")"
    r"(?P<path>[^)\s\"#:]+)(?P<anchor>#[^)\s\"]*)?(?=[)\s\"]|$)",
    re.MULTILINE,
)
FENCE = re.compile(r"^(?P<fence>```+|~~~+).*?^(?P=fence)\s*$", re.M | re.S)
LANGUAGES = {".cc": "cpp", ".h": "cpp", ".py": "python", ".json": "json"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add pages, and leave out what is no page."""
    for file in list(files):
        if file.src_uri.endswith((".ipynb", "requirements.txt")):
            files.remove(file)
    for path, uri in ELSEWHERE.items():
        text = (ROOT / path).read_text(encoding="utf-8")
        if uri == "index.md":  # the one page of its section
            text = f"---\nhide: [navigation]\n---\n\n{text}"
        files.append(File.generated(config, uri, content=text))
    for path in sorted(ROOT.glob("docs/tutorials/*.ipynb")):
        for file in _notebook(path, config):
            files.append(file)
    for page in _reference(config):
        files.append(page)
    for path in sorted(_linked_sources(files)):
        files.append(_source_page(path, config))
    return files


def on_page_markdown(
    markdown: str, page: Page, config: MkDocsConfig, files: Files
) -> str:
    """Point links to where things lie in the site."""
    origin = _origin(page.file)
    if origin is None:
        return markdown

    def moved(match: re.Match[str]) -> str:
        target = _site_uri(_resolve(origin, match["path"]))
        if files.get_file_from_path(target) is None:
            return match[0]  # MkDocs says that it leads nowhere
        path = posixpath.relpath(target, posixpath.dirname(page.file.src_uri))
        return match["before"] + path + (match["anchor"] or "")

    return _outside_fences(markdown, moved)


def _outside_fences(text: str, moved: object) -> str:
    """Replace links, but not in blocks of code."""
    parts, end = [], 0
    for fence in FENCE.finditer(text):
        parts += [LINK.sub(moved, text[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*parts, LINK.sub(moved, text[end:])])


def _origin(file: File) -> str | None:
    """Where the text of a page lies in the repository; None: nowhere."""
    for path, uri in ELSEWHERE.items():
        if uri == file.src_uri:
            return path
    if file.src_uri.startswith("notebooks/"):
        return "docs/tutorials/" + posixpath.basename(file.src_uri)
    return f"docs/{file.src_uri}" if file.abs_src_path else None


def _resolve(origin: str, link: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(origin), link))


def _site_uri(path: str) -> str:
    """Where a file of the repository lies in the site."""
    if path in ELSEWHERE:
        return ELSEWHERE[path]
    if path.endswith(".ipynb"):
        return f"notebooks/{Path(path).stem}.md"
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return f"source/{path}.md"


def _notebook(path: Path, config: MkDocsConfig) -> Iterator[File]:
    """Make a page of a notebook, and files of its pictures."""
    exporter = nbconvert.MarkdownExporter()
    name = path.stem
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata["language_info"] = {"name": "python"}  # to be coloured
    text, resources = exporter.from_notebook_node(
        notebook, {"output_files_dir": f"{name}_files", "unique_key": name}
    )
    yield File.generated(config, f"notebooks/{name}.md", content=text)
    for picture, data in resources["outputs"].items():
        yield File.generated(config, f"notebooks/{picture}", content=data)


def _reference(config: MkDocsConfig) -> Iterator[File]:
    package = griffe.load("pellucid", search_paths=[ROOT / "python"])
    public = {str(name) for name in package.exports}
    shown = {name for _, names in REFERENCE.values() for name in names}
    # What these modules hold can be imported from the package too.
    shown |= {*package["errors"].members, *package["interventions"].members}
    missing = public - shown - {"__version__"}
    if missing:
        raise PluginError(f"REFERENCE (hooks.py) lacks {sorted(missing)}")
    for name, (title, members) in REFERENCE.items():
        text = "\n".join(f"::: pellucid.{member}\n" for member in members)
        yield File.generated(
            config, f"python/{name}.md", content=f"# {title}\n\n{text}"
        )


def _linked_sources(files: Files) -> set[str]:
    """Files of the repository that pages link to and that are no pages."""
    found = set()
    for file in files.documentation_pages():
        origin = _origin(file)
        if origin is None:
            continue
        text = FENCE.sub("", file.content_string)
        for match in LINK.finditer(text):
            path = _resolve(origin, match["path"])
            if path.startswith("docs/") or path in ELSEWHERE:
                continue
            if (ROOT / path).is_file() and not path.startswith(".."):
                found.add(path)
    return found


def _source_page(path: str, config: MkDocsConfig) -> File:
    text = (ROOT / path).read_text(encoding="utf-8").rstrip("\n")
    language = LANGUAGES.get(os.path.splitext(path)[1], "text")
    content = f"# {path}\n\n````{language}\n{text}\n````\n"
    return File.generated(config, f"source/{path}.md", content=content)
