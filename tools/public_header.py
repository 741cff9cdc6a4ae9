"""The public C++ headers of this project, read into declarations.

No C++ parser: it knows the style that clang-format and CONTRIBUTING.md give
these headers, and says where it meets something else. A comment belongs to the
declaration that follows it, and to those that follow that one without a blank
line; deeper comments belong to the line they continue.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

EXPORTED = "PELLUCID_API"

# A comment, or a literal, in which brackets do not count.
NOT_CODE = re.compile(r"//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])'")
TYPE = re.compile(r"(?P<keyword>class|struct|enum(?: class)?) (?P<name>\w+)")
FUNCTION = re.compile(r"(?P<name>operator\s*(?:\(\)|[^\s(]+)|~?\w+)\s*\(")
TEMPLATE = re.compile(r"template <[^{;]*?>\s")
# What says nothing about how to use a function.
PREFIXES = re.compile(rf"\b(?:{EXPORTED}|inline)\s")


@dataclass(frozen=True)
class Line:
    """A line of a header, its number counted from 1."""

    number: int
    text: str


@dataclass
class Declaration:
    """What one comment stands for: one declaration, or several in a row.

    Attributes
    ----------
    kind
        "type", "function", "alias", "field" or "macro".
    names
        One a declaration, without the scope; overloads repeat.
    comment
        Lines before it, without the slashes.
    code
        What a reader needs of it: no bodies, no private parts.
    line
        Where it begins.
    exported
        Whether a shared library shows all of it.
    members
        Of a type with functions: public functions and nested types.
    """

    kind: str
    names: list[str]
    comment: list[str]
    code: str
    line: int
    exported: bool = True
    members: list["Declaration"] = field(default_factory=list)

    @property
    def documented(self) -> bool:
        return bool(self.comment) or "//" in self.code


@dataclass
class Header:
    """One header: its opening comment, and what it declares."""

    comment: list[str]
    declarations: list[Declaration]


class UnknownStyleError(Exception):
    """Something that is not in the style of these headers."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


def bare(text: str) -> str:
    """Blank out comments and literals, keeping every place."""
    return NOT_CODE.sub(lambda match: " " * len(match[0]), text)


def is_complete(text: str) -> bool:
    """Whether `text` holds a declaration to its end."""
    code = bare(text).strip()
    if code.startswith("#"):
        return not code.endswith("\\")
    opened = sum(code.count(bracket) for bracket in "({[")
    closed = sum(code.count(bracket) for bracket in ")}]")
    return opened == closed and code.endswith((";", "}"))


def comment_text(line: str) -> str:
    """Return a comment line without its slashes."""
    return line.strip().removeprefix("//").removeprefix(" ")


@dataclass
class Chunk:
    """The lines of one declaration and of the comment before it."""

    comment: list[Line]
    lines: list[Line]
    follows: bool  # the chunk before, without a blank line or a comment

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)


def chunks(lines: Sequence[Line], indent: int) -> Iterator[Chunk]:
    """Split the lines of one scope, whose code begins at column `indent`."""
    comment: list[Line] = []
    chunk: Chunk | None = None
    is_open = False
    follows = False
    for line in lines:
        text = line.text.strip()
        depth = len(line.text) - len(line.text.lstrip())
        if chunk and (is_open or (text.startswith("//") and depth > indent)):
            chunk.lines.append(line)
            is_open = is_open and not is_complete(chunk.text)
            continue
        if chunk:
            yield chunk
            chunk = None
        if not text or text.startswith("//"):
            follows = False
            comment = [*comment, line] if text else []
            continue
        chunk = Chunk(comment, [line], follows)
        is_open = not is_complete(chunk.text)
        comment, follows = [], True
    if is_open and chunk:
        raise UnknownStyleError(chunk.lines[0].number, "ends in the middle")
    if chunk:
        yield chunk


def signature(text: str, indent: int) -> str:
    """Return a function as it is called: no body, no initialisers."""
    code = bare(text)
    depth, end, had_parameters = 0, len(text), False
    for place, character in enumerate(code):
        depth += (character in "([") - (character in ")]")
        had_parameters = had_parameters or character == ")"
        starts_body = character == "{" or re.match(
            r"(?<!:):(?!:)", code[place:]
        )
        if depth == 0 and had_parameters and starts_body:
            end = place
            break
        if depth == 0 and character == ";":
            end = place
            break
    rest = text[end:] if text[end : end + 1] == ";" else ";"
    return shorten(text[:end].rstrip() + rest, indent)


def shorten(text: str, indent: int) -> str:
    """Remove the scope's indent, and words that are not for the reader."""
    lines = [
        line[indent:] if line[:indent].isspace() else line
        for line in text.split("\n")
    ]
    removed = 0
    for match in PREFIXES.finditer(lines[0]):
        removed += len(match[0])
    lines[0] = PREFIXES.sub("", lines[0])
    aligned = [
        line[removed:] if line[: removed + 5].isspace() else line
        for line in lines[1:]
    ]
    return "\n".join([lines[0], *aligned])


def public_lines(lines: Sequence[Line], is_class: bool) -> list[Line]:
    """Keep what anyone may use of the body of a class or struct."""
    public = not is_class
    kept = []
    for line in lines:
        if line.text.strip() in {"public:", "protected:", "private:"}:
            public = line.text.strip() == "public:"
        elif public:
            kept.append(line)
    return kept


def read_type(chunk: Chunk, match: re.Match[str], indent: int) -> Declaration:
    """Read a class, struct or enum with its public members."""
    lines = chunk.lines
    begin = next(i for i, line in enumerate(lines) if "{" in bare(line.text))
    end = max(i for i, line in enumerate(lines) if "}" in bare(line.text))
    head = "\n".join(line.text for line in lines[: begin + 1])
    result = declaration(chunk, "type", match["name"], indent)
    if match["keyword"].startswith("enum"):
        return result
    body = public_lines(lines[begin + 1 : end], match["keyword"] == "class")
    members = read_scope(body, indent + 2)
    result.members = [item for item in members if item.kind != "field"]
    result.exported = EXPORTED in head or all(
        item.exported for item in result.members
    )
    if result.members:
        fields = [item for item in members if item.kind == "field"]
        result.code = struct_of(shorten(head, indent), fields)
    return result


def struct_of(head: str, fields: Sequence[Declaration]) -> str:
    """Return a type with nothing but its fields; `head` ends with a brace."""
    if not fields:
        return head.removesuffix("{").rstrip() + ";"
    lines = [head]
    for item in fields:
        comment = [f"// {text}".rstrip() for text in item.comment]
        lines += [f"  {text}" for text in [*comment, *item.code.split("\n")]]
    return "\n".join([*lines, "};"])


def declaration(chunk: Chunk, kind: str, name: str, indent: int) -> Declaration:
    """Return `chunk` as it stands."""
    return Declaration(
        kind,
        [name],
        [comment_text(line.text) for line in chunk.comment],
        shorten(chunk.text, indent),
        chunk.lines[0].number,
    )


def read_function(
    chunk: Chunk, match: re.Match[str], indent: int
) -> Declaration:
    """Read a function, and whether a shared library shows it."""
    result = declaration(chunk, "function", match["name"], indent)
    result.code = signature(chunk.text, indent)
    code = bare(chunk.text)
    has_body = "{" in code.split(")")[-1] or re.search(r"\)[^()]*\{", code)
    is_defined = has_body or "= default" in code or "= delete" in code
    result.exported = bool(is_defined) or EXPORTED in code
    return result


def read_chunk(chunk: Chunk, indent: int) -> Declaration | None:
    """Read one declaration; none where it is not for the reader."""
    code = bare(chunk.text).strip()
    if macro := re.match(r"#define (\w+)(\([^)]*\))?", code):
        if macro[1].endswith("_"):  # a guard, or a helper of another macro
            return None
        result = declaration(chunk, "macro", macro[1], indent)
        result.code = macro[1] + (macro[2] or "")
        return result
    plain = TEMPLATE.sub("", code).replace("[[nodiscard]] ", "")
    plain = PREFIXES.sub("", plain)
    if match := TYPE.match(plain):
        is_forward = "{" not in code
        return None if is_forward else read_type(chunk, match, indent)
    if re.search(r"\bImpl\b", code):  # what only the library can call
        return None
    if match := re.match(r"using (?P<name>\w+) =", plain):
        return declaration(chunk, "alias", match["name"], indent)
    match = FUNCTION.search(plain)
    if match and "=" not in plain[: match.start()]:
        return read_function(chunk, match, indent)
    if match := re.search(r"(\w+)(?: = [^;]*)?;$", plain):
        return declaration(chunk, "field", match[1], indent)
    raise UnknownStyleError(chunk.lines[0].number, f"cannot read '{code}'")


def read_scope(lines: Sequence[Line], indent: int) -> list[Declaration]:
    """Read the declarations of one scope, those of one comment together."""
    found: list[Declaration] = []
    is_internal = False
    for chunk in chunks(lines, indent):
        is_internal = is_internal and chunk.follows
        item = None if is_internal else read_chunk(chunk, indent)
        if item is None:
            is_internal = True
            continue
        previous = found[-1] if chunk.follows and found else None
        if previous and previous.kind == item.kind == "function":
            previous.names += item.names
            previous.code += "\n" + item.code
            previous.exported = previous.exported and item.exported
        else:
            found.append(item)
    return found


def read_header(text: str) -> Header:
    """Read a header from its text."""
    lines = [
        Line(
            number,
            "" if re.match(r"#(?!define)|(\}  // )?namespace", line) else line,
        )
        for number, line in enumerate(text.split("\n"), start=1)
    ]
    length = next(
        (i for i, line in enumerate(lines) if not line.text.startswith("//")),
        0,
    )
    return Header(
        [comment_text(line.text) for line in lines[:length]],
        read_scope(lines[length:], 0),
    )
