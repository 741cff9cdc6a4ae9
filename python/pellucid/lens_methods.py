"""Decoding every layer of a run: the methods of a model that make lenses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from ._apply import edits_of
from ._arguments import (
    bounded,
    figure_size,
    flag,
    floats,
    index,
    selection,
    several,
    word,
)
from .edits import Interventions
from .errors import UsageError
from .lens import Lens
from .predictions import top_ids

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

        Raises
        ------
        UsageError
            A layer, a position, `top_k` or a target that is not there; an edit
            of what comes after the blocks.
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
        )
        lenses = [Lens(self, arrays) for arrays in made]
        return lenses if several else lenses[0]

    def logit_lens(
        self: InterpretableModel,
        text: str | Sequence[int],
        top_k: int = 1,
        layers: Sequence[int] | None = None,
        position: int | None = None,
        plot: bool = False,
        max_display_tokens: int = 15,
        figsize: tuple[float, float] = (16, 10),
        cmap: str = "viridis",
        font_family: str | None = None,
        final_norm: Any | None = None,
        skip_norm: bool = False,
    ) -> dict[int, list[list[tuple[int, float, str]]]]:
        """Say what each block would predict, as mlxterp's `logit_lens` does.

        Parameters
        ----------
        text
            The prompt, or its token ids.
        top_k
            Tokens a cell.
        layers
            Blocks, negative ones from the last; None: all.
        position
            One position, negative ones from the end; None: all.
        plot
            Also draw a heatmap: colour is the probability of a cell's top-1
            token, from 0 to 1.
        max_display_tokens
            The last so many positions are drawn.
        figsize, cmap, font_family
            Of the heatmap. Without a family, fonts are chosen that have the
            letters.
        final_norm
            Another function of states ``[positions, d_model]`` in place of the
            model's final norm.
        skip_norm
            No norm at all.

        Returns
        -------
        dict
            ``{block: [[(id, score, text), ...] of each position]}``. Scores
            are logits, not probabilities (`lens` gives both). With `position`,
            each list holds that position alone.

        Raises
        ------
        UsageError
            A block or position that is not there, or `top_k`.
        """
        if self._is_batch(text):
            raise TypeError("logit_lens: give one text; lens() takes several")
        plot, skip_norm = flag(plot, "plot"), flag(skip_norm, "skip_norm")
        chosen = self._blocks(layers)
        at = None if position is None else index(position, "position")
        bounded(top_k, "top_k", 1, self.vocab_size)
        if skip_norm or final_norm is not None:
            cells = self._custom_lens(
                text, chosen, at, top_k, final_norm, skip_norm
            )
        else:
            cells = self._own_lens(text, chosen, at, top_k)
        results = {
            layer: [
                [
                    (token, score, self.token_to_str(token))
                    for token, score in zip(ids, scores, strict=True)
                ]
                for ids, scores in zip(*cells[layer][:2], strict=True)
            ]
            for layer in chosen
        }
        if plot:
            from .plots import plot_logit_lens

            plot_logit_lens(
                self,
                text,
                results,
                np.array([cells[layer][2] for layer in chosen]),
                at,
                max_display_tokens=bounded(
                    max_display_tokens, "max_display_tokens", 1
                ),
                figsize=figure_size(figsize),
                cmap=cmap,
                font_family=font_family,
            )
        return results

    def _blocks(
        self: InterpretableModel, layers: Sequence[int] | None
    ) -> list[int]:
        n = len(self.layers)
        if layers is None:
            return list(range(n))
        chosen = []
        for number in several(layers, "layers"):
            if not -n <= number < n:
                raise UsageError(
                    f"layers: {number}: the model has {n}, numbered 0 to "
                    f"{n - 1}"
                )
            chosen.append(number % n)
        if not chosen:
            raise UsageError("layers: is an empty choice; name at least one")
        return list(dict.fromkeys(chosen))

    def _own_lens(
        self: InterpretableModel,
        text: Any,
        layers: list[int],
        position: int | None,
        top_k: int,
    ) -> dict[int, tuple[list, list, list]]:
        """Ids and logits ``[positions, k]`` and top-1 probabilities a block."""
        made = _core.lens(
            self._core,
            self._prompts(text),
            selection(layers, "layers"),
            selection(position, "position"),
            embed_row=False,
            top_k=top_k,
        )[0]
        top = made["top"]
        ids, logits = top["ids"].tolist(), top["logits"].tolist()
        probs = top["probs"][:, :, 0].tolist()
        return {
            layer: (ids[row], logits[row], probs[row])
            for row, layer in enumerate(made["layers"])
        }

    def _custom_lens(
        self: InterpretableModel,
        text: Any,
        layers: list[int],
        position: int | None,
        top_k: int,
        final_norm: Any | None,
        skip_norm: bool,
    ) -> dict[int, tuple[list, list, list]]:
        names = [self._core.layer_paths[layer] for layer in layers]
        trace = self.trace(text, sites=names)
        out = {}
        for layer, name in zip(layers, names, strict=True):
            states = trace.activations[name][0]
            if position is not None:
                n = len(states)
                if not -n <= position < n:
                    raise UsageError(
                        f"position: {position}: the prompt has {n} tokens, "
                        f"numbered 0 to {n - 1} or {-n} to -1"
                    )
                states = states[[position]]
            if not skip_norm:
                states = floats(final_norm(states), "final_norm")
            logits = self.unembed(states, final_norm=False)
            ids = top_ids(logits, top_k)
            wide = logits.astype(np.float64)
            best = wide.max(axis=-1, keepdims=True)
            probs = 1 / np.exp(wide - best).sum(axis=-1)
            scores = np.take_along_axis(logits, ids, axis=-1)
            out[layer] = (ids.tolist(), scores.tolist(), probs.tolist())
        return out
