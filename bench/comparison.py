"""What is measured, and what is made of the numbers: no process, no file.

A row is a piece of work at a size; a cell is what one peer did on it.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ENGINE = "pellucid"

# In the order of the table's columns, with how far the logits of a peer may be
# from ours, as a share of max(1, |logit|), if its weights and its way of
# computing are what they are said to be. None: its weights are coarser than
# ours, and it may say something else.
TOLERANCES = {
    "torch f32": 1e-3,  # docs/numerics.md, against the same weights
    "torch bf16": 0.1,  # 8 bits of mantissa through 30 blocks
    "llama.cpp Q4_1": 0.1,  # activations rounded to 8 bits in each product
    "llama.cpp Q8_0": 0.1,  # likewise
    "llama.cpp Q4_0": None,
}
PEERS = (ENGINE, *TOLERANCES)


@dataclass(frozen=True)
class Row:
    """One piece of work; `name` is what --only takes."""

    work: str  # forward, lens, decode, process
    tokens: int

    @property
    def name(self) -> str:
        return f"{self.work}-{self.tokens}"

    @property
    def unit(self) -> str:
        return "tokens/s" if self.work == "decode" else "ms"

    @property
    def title(self) -> str:
        return {
            "forward": f"forward, {self.tokens} tokens",
            "lens": f"lens, all rows and statistics, {self.tokens} tokens",
            "decode": f"decode after {self.tokens} tokens",
            "process": f"whole process, `lens` of {self.tokens} tokens",
        }[self.work]

    def peers(self) -> tuple[str, ...]:
        """Return the names of the peers that can do this work."""
        if self.work == "process":
            return (ENGINE, "torch f32")
        if self.work == "lens":
            return tuple(x for x in PEERS if not x.startswith("llama"))
        return PEERS


ROWS = (
    *(Row("forward", tokens) for tokens in (5, 128, 512)),
    *(Row("lens", tokens) for tokens in (5, 128, 512)),
    Row("decode", 5),
    Row("process", 5),
)


@dataclass
class Cell:
    """What one peer did: each run's value in the row's unit, or why not."""

    values: list[float] = field(default_factory=list)
    error: str | None = None
    # How many of its distributions agree with ours, of how many.
    agree: tuple[int, int] | None = None

    @property
    def median(self) -> float | None:
        return statistics.median(self.values) if self.values else None

    def as_json(self) -> dict[str, Any]:
        """Return what goes into the file of results."""
        if not self.values:
            return {"error": self.error or "not run"}
        return {
            "median": self.median,
            "min": min(self.values),
            "max": max(self.values),
            "values": self.values,
            "agree": list(self.agree) if self.agree else None,
            "error": self.error,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Cell":
        """Return the cell that `as_json` wrote."""
        agree = data.get("agree")
        return cls(
            values=list(data.get("values", [])),
            error=data.get("error"),
            agree=(agree[0], agree[1]) if agree else None,
        )


Distribution = Sequence[Sequence[float]]  # [id, logit], the likeliest first


def agrees(ours: Distribution, theirs: Distribution, tolerance: float) -> bool:
    """Whether two distributions have the same likeliest tokens.

    Parameters
    ----------
    ours
        More tokens than `theirs`, so that tokens that changed places are found.
    theirs
        The likeliest few of a peer.
    tolerance
        How far a logit may be away, as a share of max(1, |logit|).

    Returns
    -------
    bool
        Whether each of their logits is within the tolerance of ours, and each
        of their tokens is among as many of ours, but for ties within it.
    """
    logits = {int(token): logit for token, logit in ours}
    least = ours[len(theirs) - 1][1]
    for token, logit in theirs:
        own = logits.get(int(token))
        if own is None:
            return False
        margin = tolerance * max(1.0, abs(own))
        if abs(logit - own) > margin or own < least - 2 * margin:
            return False
    return True


def count_agreeing(
    ours: Sequence[Distribution],
    theirs: Sequence[Distribution],
    tolerance: float,
) -> tuple[int, int]:
    """Return how many distributions agree, of how many."""
    pairs = zip(ours, theirs, strict=True)
    return sum(agrees(a, b, tolerance) for a, b in pairs), len(theirs)


@dataclass(frozen=True)
class Shape:
    """Sizes of a Llama, and how many bytes a step of generation reads."""

    layers: int
    width: int
    heads: int
    kv_heads: int
    head_dim: int
    mlp: int
    vocab: int
    weight_bytes: int

    def forward_flops(self, tokens: int) -> float:
        """Return the operations of all blocks and of the head, once."""
        rows = 2 * self.heads + 2 * self.kv_heads  # q, k, v; o
        products = self.width * (rows * self.head_dim + 3 * self.mlp)
        pairs = tokens * (tokens + 1) / 2
        attention = 2 * self.heads * self.head_dim * pairs
        blocks = self.layers * (tokens * products + attention)
        return 2.0 * (blocks + self.width * self.vocab)

    def lens_flops(self, tokens: int) -> float:
        """Return the operations of all blocks and of every row's head."""
        cells = (self.layers + 1) * tokens
        head = 2.0 * self.width * self.vocab
        return self.forward_flops(tokens) + head * (cells - 1)


def share_of_peak(
    row: Row, median: float, shape: Shape, machine: Mapping[str, Any]
) -> str:
    """Return how much of what the machine can do at best that is.

    Parameters
    ----------
    row
        The work.
    median
        Of the engine, in the row's unit.
    shape
        Of the model.
    machine
        `peak_gflops` and `read_gbytes` of all threads; either may be missing.

    Returns
    -------
    str
        Percents of the multiply-add peak, of decode of the read bandwidth; a
        dash where that is not known or says nothing.
    """
    peak, bandwidth = machine.get("peak_gflops"), machine.get("read_gbytes")
    if row.work == "decode" and bandwidth:
        share = median * shape.weight_bytes / (bandwidth * 1e9)
        return f"{share:.0%} of read"
    if row.work in ("forward", "lens") and peak:
        flops = getattr(shape, f"{row.work}_flops")(row.tokens)
        return f"{flops / (median * 1e-3) / (peak * 1e9):.0%} of FMA"
    return "-"
