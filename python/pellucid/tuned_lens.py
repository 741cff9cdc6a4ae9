"""Lenses that learn: fitting a tuned lens, and measuring lenses."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from ._arguments import bounded, number, word
from .errors import UsageError
from .tokenizer import checked_text
from .translators import (
    AnyLens,
    JacobianLens,
    Translator,
    TunedLens,
    trained_of,
)

if TYPE_CHECKING:
    from .model import InterpretableModel

__all__ = ["JacobianLens", "Translator", "TunedLens", "train_tuned_lens"]

# Texts, or prompts as token ids.
Dataset = Sequence[str] | Sequence[Sequence[int]]

# Of a step, where `learning_rate` is 1.
RATES = {"closed-form": 1e-4, "recipe": 1.0}


def train_tuned_lens(
    model: InterpretableModel,
    dataset: Dataset,
    num_steps: int = 250,
    learning_rate: float = 1.0,
    momentum: float = 0.9,
    max_seq_len: int = 2048,
    gradient_clip: float = 1.0,
    save_path: str | os.PathLike[str] | None = None,
    verbose: bool = True,
    callback: Callable[[int, float], Any] | None = None,
    *,
    method: str = "closed-form",
    cells: int = 64,
    tokens_per_step: int = 1 << 18,
    ridge: float = 1e-4,
    skip_first: int = 1,
    seed: int = 0,
) -> TunedLens:
    """Fit a tuned lens to a model.

    Parameters
    ----------
    model
        The model.
    dataset
        Texts: documents, between which an end of text is put; or prompts as
        token ids.
    num_steps
        Gradient steps on KL(final row || row).
    learning_rate
        Of the steps, as a multiple of the method's own.
    momentum, gradient_clip, tokens_per_step
        Of the recipe.
    max_seq_len
        Tokens that are run as one prompt; the model's context bounds it.
    save_path
        Also write the lens there (`TunedLens.save`).
    verbose
        Print what every tenth step came to.
    callback
        Called after each step, from 0: ``f(step, loss)``, the mean loss of all
        maps in nats. What it raises ends the fit.
    method
        "closed-form": least squares onto the final state, in one pass over the
        texts, then steps on `cells` positions each. "recipe": steps alone, as
        in the paper and its package. See docs/tuned-lens.md.
    cells, ridge, seed
        Of the closed form.
    skip_first
        Positions of each prompt that are left out.

    Returns
    -------
    TunedLens
        The lens.

    Raises
    ------
    UsageError
        No text, or an option out of its range.
    """
    word(method, "method", tuple(RATES))
    momentum = number(momentum, "momentum")
    gradient_clip = number(gradient_clip, "gradient_clip")
    if method != "recipe" and (momentum != 0.9 or gradient_clip != 1):
        raise UsageError(
            "tune: momentum, gradient_clip: are of the recipe; give "
            'method="recipe" too'
        )
    steps = bounded(num_steps, "num_steps", 0)
    report = _report(steps, verbose, callback)
    core = _core.fit_tuned_lens(
        model._core,
        windows_of(model, dataset, max_seq_len),
        method,
        steps,
        RATES[method] * number(learning_rate, "learning_rate"),
        momentum,
        gradient_clip,
        number(ridge, "ridge"),
        bounded(cells, "cells", 1),
        bounded(tokens_per_step, "tokens_per_step", 2),
        bounded(skip_first, "skip_first", 0),
        bounded(seed, "seed", 0),
        report,
    )
    lens = TunedLens._of(core, model)
    if save_path is not None:
        lens.save(save_path, model)
    return lens


def windows_of(
    model: InterpretableModel, dataset: Dataset, window: int
) -> list[list[int]]:
    """Cut texts into prompts of at most `window` tokens.

    Texts are put one behind the other, with an end of text between two; ids,
    and texts that another tokenizer than the model's own encodes, are cut one
    by one.
    """
    if isinstance(dataset, (str, bytes)) or not isinstance(dataset, Sequence):
        raise TypeError(
            f"dataset: {type(dataset).__name__}: give a list of texts"
        )
    most = bounded(window, "max_seq_len", 2)
    most = min(most, model.config.context_length or most)
    own = model.tokenizer is model._own_tokenizer
    if own and all(isinstance(item, str) for item in dataset):
        texts = [checked_text(text, "dataset") for text in dataset]
        return _core.cut_windows(model._core, texts, most)
    return [
        ids[begin : begin + most]
        for item in dataset
        for ids in model._prompts(item)
        for begin in range(0, len(ids), most)
    ]


def _report(
    steps: int, verbose: bool, callback: Callable[[int, float], Any] | None
) -> Callable[[int, list[float]], None] | None:
    if not verbose and callback is None:
        return None

    def report(step: int, losses: list[float]) -> None:
        loss = float(np.mean(losses))
        if verbose and (step == 1 or step % 10 == 0 or step == steps):
            print(f"step {step} of {steps}: KL {loss:.4f} nats")
        if callback is not None:
            callback(step - 1, loss)

    return report


class TuneMethods:
    """What `InterpretableModel` does with lenses that learn."""

    def train_tuned_lens(
        self: InterpretableModel,
        dataset: Dataset,
        *args: Any,
        **options: Any,
    ) -> TunedLens:
        """Fit a tuned lens; arguments as of `pellucid.train_tuned_lens`.

        Parameters
        ----------
        dataset
            Texts.
        *args, **options
            The rest.
        """
        return train_tuned_lens(self, dataset, *args, **options)

    def load_tuned_lens(
        self: InterpretableModel, path: str | os.PathLike[str]
    ) -> TunedLens:
        """Read a tuned lens for this model, in any form.

        Parameters
        ----------
        path
            A file or folder of ``pellucid tune``, one of the tuned-lens
            package, or the files of mlxterp, with or without their endings.

        Raises
        ------
        ModelError
            It cannot be read, is damaged, or is another model's.
        """
        return TunedLens.load(path, self)

    def fit_jacobian_lens(
        self: InterpretableModel,
        dataset: Dataset,
        prompts: int = 100,
        max_seq_len: int = 128,
        skip_first: int = 4,
        copies: int = 16,
    ) -> JacobianLens:
        """Fit a Jacobian lens (Gurnee et al. 2026; docs/tuned-lens.md).

        Parameters
        ----------
        dataset
            Texts.
        prompts
            So many windows of them are used, at even distances.
        max_seq_len
            Tokens of a window.
        skip_first
            Positions of each that are left out.
        copies
            Gradients that are taken at once: room against speed.

        Raises
        ------
        UsageError
            No text, or too little.
        """
        skip = bounded(skip_first, "skip_first", 0)
        windows = [
            ids
            for ids in windows_of(self, dataset, max_seq_len)
            if len(ids) > skip
        ]
        count = min(bounded(prompts, "prompts", 1), len(windows))
        core = _core.fit_jacobian_lens(
            self._core,
            [windows[i * len(windows) // count] for i in range(count)],
            skip,
            bounded(copies, "copies", 1),
        )
        return JacobianLens(core, self)

    def evaluate_lens(
        self: InterpretableModel,
        dataset: Dataset,
        lens: AnyLens = None,
        max_seq_len: int = 256,
        skip_first: int = 1,
    ) -> list[dict[str, Any]]:
        """Measure a lens on texts, row by row.

        Parameters
        ----------
        dataset
            Texts that the lens was not fitted to.
        lens
            As `lens` takes it; None: the logit lens.
        max_seq_len
            Tokens that are run as one prompt.
        skip_first
            Positions of each that are left out.

        Returns
        -------
        list of dict
            Of each row "site", "layer" (-1: the embedding row) and means over
            positions, in nats: "kl_to_final", "ce" (of the next token),
            "entropy", "bias", and "top1_agree", a share. The last row is the
            model's own output. `pandas.DataFrame` takes it.

        Raises
        ------
        UsageError
            No text, or too little.
        """
        return _core.evaluate_lens(
            self._core,
            windows_of(self, dataset, max_seq_len),
            trained_of(self, lens),
            bounded(skip_first, "skip_first", 0),
        )

    def prediction_depth(
        self: InterpretableModel,
        dataset: Dataset,
        lens: AnyLens = None,
        token: str = "predicted",
        max_seq_len: int = 256,
        skip_first: int = 1,
    ) -> dict[str, Any]:
        """Say at which block each token appears and stays (docs/depth.md).

        Parameters
        ----------
        dataset
            Texts.
        lens
            As `lens` takes it; None: the logit lens.
        token
            "predicted": the model's own top-1 token; "next": the text's.
        max_seq_len
            Tokens that are run as one prompt.
        skip_first
            Positions of each that are left out.

        Returns
        -------
        dict
            Arrays ``[tokens]``: "window", "position", "id" of the token,
            "first_hit", the first block whose top-1 it is, and "stable_from",
            the block from which it stays so; -1: never. And "class", a list:
            word, part, number, punctuation, blank or other.
            `pandas.DataFrame` takes it.

        Raises
        ------
        UsageError
            No text, or too little.
        """
        return _core.measure_depths(
            self._core,
            windows_of(self, dataset, max_seq_len),
            trained_of(self, lens),
            word(token, "token", ("predicted", "next")),
            bounded(skip_first, "skip_first", 0),
        )
