"""Decoding every layer of a run: the methods of a model that make lenses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from . import _core
from ._apply import edits_of
from ._arguments import bounded, flag, selection, word
from .edits import Interventions
from .lens import Lens
from .translators import AnyLens, trained_of

if TYPE_CHECKING:
    from ._arguments import Selection
    from .model import InterpretableModel


class LensMethods:
    """What `InterpretableModel` does with the lens."""

    def lens(
        self: InterpretableModel,
        inputs: Any,
        layers: Selection = None,
        positions: Selection = None,
        sites: str | Sequence[str] = "resid_post",
        top_k: int = 5,
        targets: int | str | Sequence[int | str] = (),
        skip_first: int = 0,
        embed: bool = True,
        interventions: Interventions = None,
        lens: AnyLens = None,
        precision: str = "exact",
    ) -> Lens | list[Lens]:
        """Decode every layer at every position with the model's own head.

        The last row is the model's output, bit for bit. Method: nostalgebraist,
        "interpreting GPT: the logit lens" (2020).

        Parameters
        ----------
        inputs
            A text or token ids; or a list of them, for a lens each.
        layers
            Blocks: an index, several, a slice, or text such as "0:30:4".
        positions
            Of the prompt: the same.
        sites
            Rows of each block: "resid_post", "resid_mid", "attn_out",
            "mlp_out", or several.
        top_k
            Tokens that are kept a cell.
        targets
            Tokens to follow wherever they stand, by text or id.
        skip_first
            Positions left out of the summary.
        embed
            With all layers: also the row of what enters block 0.
        interventions
            Edits of the run that is decoded.
        lens
            What states go through before the head: None or "logit": nothing;
            a `TunedLens` or `JacobianLens`; or "tuned:FILE", "jacobian:FILE".
        precision
            "exact"; or "fast": dots with the vocabulary in 16-bit integers,
            about twice as fast, on processors with AMX. `Lens.error`
            says how far some of its cells are from exact ones.

        Raises
        ------
        UsageError
            A layer, a position, `top_k` or a target that is not there, or of
            which the lens has no map; an edit of what comes after the blocks;
            "fast" on a processor that has no AMX.
        ModelError
            The lens is another model's, or cannot be read.
        """
        many = [targets] if isinstance(targets, (str, int)) else list(targets)
        kinds = [sites] if isinstance(sites, str) else list(sites)
        several = self._is_batch(inputs)
        prompts = self._prompts(inputs)
        made = _core.lens(
            self._core,
            prompts,
            selection(layers, "layers"),
            selection(positions, "positions"),
            ",".join(word(kind, "sites") for kind in kinds),
            flag(embed, "embed"),
            bounded(top_k, "top_k", 1, self.vocab_size),
            [self.token_id(target, "targets") for target in many],
            bounded(skip_first, "skip_first", 0),
            "each",
            edits_of(self, interventions),
            self._input_texts(inputs, len(prompts)),
            self._other_texts,
            trained_of(self, lens),
            word(precision, "precision"),
        )
        lenses = [Lens(self, arrays) for arrays in made]
        return lenses if several else lenses[0]
