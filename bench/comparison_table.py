"""The table of a comparison as Markdown, and its place in a page."""

from collections.abc import Mapping, Sequence

from comparison import ENGINE, PEERS, Cell, Row

Table = Mapping[str, Mapping[str, Cell]]  # by row's name and peer

BEGIN = "<!-- compare: made by bench/compare.py --update -->"
END = "<!-- compare: end -->"


class PageError(Exception):
    """A page has no place for the table; the text says why."""


def in_unit(value: float, unit: str) -> str:
    """Return a number with three digits or all its whole ones, and its unit.

    Seconds take over from milliseconds where these have five digits.
    """
    if unit == "ms" and value >= 10000:
        value, unit = value / 1000, "s"
    if value >= 100:
        return f"{value:,.0f} {unit}"
    return f"{value:.3g} {unit}"


def ratio(row: Row, cell: Cell, engine: Cell) -> str:
    """Return how many times as fast as the peer the engine is."""
    if not cell.median or not engine.median:
        return ""
    faster = cell.median / engine.median
    if row.unit == "tokens/s":
        faster = 1 / faster
    return f"{faster:.1f}x" if faster < 10 else f"{faster:.0f}x"


def peer_cell(row: Row, peer: str, cells: Mapping[str, Cell]) -> str:
    """Return the text of one peer's cell: its median and our ratio to it."""
    if peer not in row.peers():
        return "-"
    cell = cells.get(peer, Cell())
    if cell.median is None:
        return cell.error or "not run"
    text = in_unit(cell.median, row.unit)
    faster = ratio(row, cell, cells.get(ENGINE, Cell()))
    if peer != ENGINE and faster:
        text += f" ({faster})"
    if cell.agree and cell.agree[0] < cell.agree[1]:
        agree, total = cell.agree
        text += f", **top-5 agree in {agree} of {total}**"
    return text


def line(cells: Sequence[str]) -> str:
    """Return one line of a Markdown table."""
    return "| " + " | ".join(x.replace("|", "\\|") for x in cells) + " |"


def medians(rows: Sequence[Row], table: Table, shares: Sequence[str]) -> str:
    """Return the table of medians, one line a row, one column a peer."""
    lines = [
        line(["work", ENGINE, "share of peak", *PEERS[1:]]),
        line(["---"] * (len(PEERS) + 2)),
    ]
    for row, share in zip(rows, shares, strict=True):
        cells = [peer_cell(row, peer, table[row.name]) for peer in PEERS]
        lines.append(line([row.title, cells[0], share, *cells[1:]]))
    return "\n".join(lines)


def spreads(rows: Sequence[Row], table: Table) -> str:
    """Return the table of the least and the greatest of all runs."""
    lines = [line(["work", *PEERS]), line(["---"] * (len(PEERS) + 1))]
    for row in rows:
        texts = []
        for peer in PEERS:
            values = table[row.name].get(peer, Cell()).values
            least, most = (min(values), max(values)) if values else (0, 0)
            both = f"{in_unit(least, row.unit)} to {in_unit(most, row.unit)}"
            texts.append(both if values else "-")
        lines.append(line([row.title, *texts]))
    return "\n".join(lines)


def replace_between(page: str, content: str) -> str:
    """Return `page` with `content` between the two markers.

    Raises
    ------
    PageError
        The markers are not there, each once and in order.
    """
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        raise PageError(f"needs the lines {BEGIN} and {END}, each once")
    before, rest = page.split(BEGIN)
    if END not in rest:
        raise PageError(f"{END} comes before {BEGIN}")
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n{content}\n{END}{after}"
