"""Which part of a model made a logit what it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import _core
from ._arguments import bounded, selection, word
from ._extras import need

if TYPE_CHECKING:
    import pandas as pd

    from ._arguments import Selection
    from .model import InterpretableModel


@dataclass(frozen=True)
class Term:
    """What one part adds to a logit.

    Attributes
    ----------
    kind
        "embed", "attn", "head", "mlp", "neuron", ... (docs/attribution.md).
    layer
        Its block; -1: of none.
    head, neuron, expert
        Which, where the kind has one.
    value
        Logits.
    """

    kind: str
    layer: int
    head: int | None
    neuron: int | None
    expert: int | None
    value: float


@dataclass(frozen=True)
class Attribution:
    """The terms of a logit, or of a difference of two.

    Attributes
    ----------
    terms
        In the order of the run; they add up to `sum`.
    value
        The logit before a final cap, less that of the foil.
    residue, bound
        value - sum: what float32 rounded away, and the most it can be.
    answer, foil
        (id, logit, logit before the cap) of each.
    position
        Of the prompt.
    norm_scale
        What the final norm multiplied by.
    """

    terms: list[Term]
    value: float
    sum: float
    residue: float
    bound: float
    answer: tuple[int, float, float]
    foil: tuple[int, float, float] | None
    position: int
    norm_scale: float

    def to_pandas(self) -> pd.DataFrame:
        """Give a table: one line a term.

        Raises
        ------
        ImportError
            pandas is not there.
        """
        return need("pandas", "pandas").DataFrame(map(vars, self.terms))

    def __repr__(self) -> str:
        return f"Attribution({len(self.terms)} terms, value={self.value:.4g})"


class AttributionMethods:
    """What `InterpretableModel` does to take logits apart."""

    def attribute(
        self: InterpretableModel,
        text: Any,
        answer: int | str,
        foil: int | str | None = None,
        by: str = "block",
        layers: Selection = None,
        position: Selection = "last",
        top_neurons: int = 10,
    ) -> Attribution:
        """Take a logit apart into what each part of the model adds.

        Parameters
        ----------
        text
            The prompt, or its ids.
        answer, foil
            Tokens: the logit of one, or the difference of two.
        by
            "block", "head" or "neuron".
        layers
            Blocks that are taken apart; others stay whole.
        position
            Exactly one.
        top_neurons
            Single neurons that are kept, of each sign the greatest.

        Raises
        ------
        UsageError
            A token, layer or position that is not there.
        """
        made = _core.attribute(
            self._core,
            self._one_prompt(text, "text"),
            self.token_id(answer, "answer"),
            None if foil is None else self.token_id(foil, "foil"),
            word(by, "by"),
            selection(layers, "layers"),
            selection(position, "position"),
            bounded(top_neurons, "top_neurons", 1),
        )
        made["terms"] = [Term(*term) for term in made["terms"]]
        return Attribution(**made)
