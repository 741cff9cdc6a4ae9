"""Patching of whole activations, as mlxterp does it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from ._arguments import FloatArray, figure_size, flag, word
from .edits import Edit
from .errors import UnknownSiteError
from .modules import ATTENTION

if TYPE_CHECKING:
    from .model import InterpretableModel

# Tokens that are run in one batch.
BATCH_TOKENS = 1024


class ActivationPatchingMethods:
    """What `InterpretableModel` does with whole activations of two runs."""

    def activation_patching(
        self: InterpretableModel,
        clean_text: Any,
        corrupted_text: Any,
        component: str = "mlp",
        layers: Sequence[int] | None = None,
        metric: str = "l2",
        plot: bool = False,
        figsize: tuple[float, float] = (12, 8),
        cmap: str = "RdBu_r",
    ) -> dict[int, float]:
        """Say how much of a clean run each block's component brings back.

        mlxterp's method: the component's activation of the clean run, at all
        positions, takes the place of that of the corrupted run. (`patch` does
        it by position or head, with a metric of the answer.)

        Parameters
        ----------
        clean_text, corrupted_text
            Texts or token ids. Where one is longer, their last tokens pair up,
            and the first tokens of the longer stay as they are.
        component
            "mlp", "self_attn" (or "attn"), "output" (the block's), or a path
            below the block: "mlp.gate_proj".
        layers
            Blocks; None: all.
        metric
            How far two vectors of logits at the last position are apart: "l2",
            "cosine" or "mse".
        plot
            Also draw a bar a layer.
        figsize, cmap
            Of the figure.

        Returns
        -------
        dict
            ``{block: recovery}`` in percent: 100 where the patched run is the
            clean one, 0 where it is as far from it as the corrupted one. 0 for
            all where the two runs do not differ.

        Raises
        ------
        UsageError
            Another metric, or a block that is not there.
        UnknownSiteError
            No such component.
        """
        word(metric, "metric", tuple(DISTANCES))
        plot, size = flag(plot, "plot"), figure_size(figsize)
        chosen = self._blocks(layers)
        clean = self._one_prompt(clean_text, "clean_text")
        corrupted = self._one_prompt(corrupted_text, "corrupted_text")
        names = [self._component(layer, component) for layer in chosen]
        run = _core.run(self._core, [clean], names, [], True)[0]
        target = run.take_last_logits()
        base = _core.run(self._core, [corrupted], [], [], True)[0]
        distance = DISTANCES[metric]
        baseline = distance(base.take_last_logits(), target)
        results = {}
        logits = self._patched(run, corrupted, names, len(clean))
        for layer, patched in zip(chosen, logits, strict=True):
            apart = distance(patched, target)
            results[layer] = (
                (baseline - apart) / baseline * 100 if baseline > 1e-10 else 0.0
            )
        if plot:
            from .plots import plot_recovery

            words = [
                one if isinstance(one, str) else str(one)
                for one in (clean_text, corrupted_text)
            ]
            plot_recovery(results, component, *words, size, cmap)
        return results

    def _patched(
        self: InterpretableModel,
        run: _core.Recording,
        corrupted: list[int],
        names: list[str],
        n_clean: int,
    ) -> list[FloatArray]:
        """Last logits of the corrupted run, with each of `names` patched."""
        shared = min(n_clean, len(corrupted))
        at = list(range(len(corrupted) - shared, len(corrupted)))
        several = max(1, BATCH_TOKENS // len(corrupted))
        out = []
        for begin in range(0, len(names), several):
            part = names[begin : begin + several]
            edits = [
                Edit(
                    name,
                    "replace",
                    positions=at,
                    prompts=[i],
                    values=run.take(name)[n_clean - shared :],
                )
                for i, name in enumerate(part)
            ]
            prompts = [corrupted] * len(part)
            made = _core.run(self._core, prompts, [], edits, True)
            out += [recording.take_last_logits() for recording in made]
        return out

    def _component(self: InterpretableModel, layer: int, component: str) -> str:
        """Give the name of a component of a block."""
        path = self._core.layer_paths[layer]
        if not isinstance(component, str):
            raise TypeError(f"component: {component!r}: give a name")
        if component == "output":
            return path
        first, dot, rest = component.partition(".")
        if first in ATTENTION:
            base = self._core.module_of_layer(layer, True)
        elif first == "mlp":
            base = self._core.module_of_layer(layer, False)
        else:
            base = f"{path}.{first}"
        try:
            return self.resolve(base + dot + rest)
        except UnknownSiteError:
            return self.resolve(f"{path}.{component}")


def _l2(a: FloatArray, b: FloatArray) -> float:
    return float(np.linalg.norm(a.astype(np.float64) - b))


def _mse(a: FloatArray, b: FloatArray) -> float:
    return float(np.mean((a.astype(np.float64) - b) ** 2))


def _cosine(a: FloatArray, b: FloatArray) -> float:
    wide_a, wide_b = a.astype(np.float64), b.astype(np.float64)
    lengths = np.linalg.norm(wide_a) * np.linalg.norm(wide_b)
    return float(1 - wide_a @ wide_b / lengths) if lengths > 0 else 0.0


DISTANCES = {"l2": _l2, "cosine": _cosine, "mse": _mse}
