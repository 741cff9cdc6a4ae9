"""What a model writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import _core
from ._apply import edits_of
from ._arguments import (
    FloatArray,
    bounded,
    checked_text,
    number,
    token_ids,
    word,
)
from .edits import Interventions
from .errors import UsageError
from .lens import Lens
from .translators import AnyLens, JacobianLens, TunedLens, trained_of

if TYPE_CHECKING:
    from .model import InterpretableModel


@dataclass
class Generation:
    """The continuation of one prompt.

    Attributes
    ----------
    text
        What it adds to the prompt's text.
    ids
        Its tokens: all that were generated, a stop token too.
    logprobs
        ``[tokens]``, nats, of the model before any step of sampling.
    finish
        "length" or "stop".
    prompt
        The tokens of the prompt.
    activations
        Of the sites that were asked for, ``[tokens of both, ...]``.
    lens
        If asked for: one position a generated token, of the one before it.
    prompt_ms, tokens_ms
        Times of the whole batch, in milliseconds.
    """

    text: str
    ids: list[int]
    logprobs: FloatArray
    finish: str
    prompt: list[int]
    prompt_ms: float
    tokens_ms: float
    activations: dict[str, FloatArray] = field(default_factory=dict, repr=False)
    lens: Lens | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return self.text


class GenerateMethods:
    """What `InterpretableModel` does to write text."""

    def generate(
        self: InterpretableModel,
        prompt: Any,
        max_tokens: int = 64,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        min_p: float | None = None,
        repetition_penalty: float = 1.0,
        seed: int | None = None,
        stop: str | Sequence[str] = (),
        stop_tokens: Sequence[int] | None = None,
        interventions: Interventions = None,
        sites: str | Sequence[str] = (),
        lens: bool | int | AnyLens = False,
        on_text: Callable[..., Any] | None = None,
    ) -> Generation | list[Generation]:
        """Continue a prompt, or several at once.

        Tokens run behind a cache of keys and values, which changes no bit; nor
        does the rest of a batch.

        Parameters
        ----------
        prompt
            A text, token ids, or a list of either.
        max_tokens
            At most so many.
        temperature, top_k, top_p, min_p, seed
            With any of them tokens are drawn, by `seed` (without it: 0), else
            the most probable is taken. In this order, as Hugging Face does it.
        repetition_penalty
            Makes tokens that were there less likely; 1: no.
        stop
            Texts that end it, before them.
        stop_tokens
            Tokens that end it; None: the model's own.
        interventions
            Edits, at all tokens or as their `when` says. Functions are called
            with what each run holds: the prompt, then one token at a time.
        sites
            Activations to record, of prompt and continuation.
        lens
            Also give the lens of what is generated; a number: its top-k. A
            trained lens, as `lens` takes it: through that, with a top-k of 5.
        on_text
            Called with each piece of text as soon as it is certain: ``f(text)``
            for one prompt, ``f(prompt number, text)`` for several. What it
            raises ends the generation.

        Returns
        -------
        Generation or list of Generation
            One a prompt.

        Raises
        ------
        UsageError
            An option out of its range, a prompt that is too long or empty, a
            site or an edit that does not fit.
        """
        several = self._is_batch(prompt)
        prompts = self._prompts(prompt)
        edits = edits_of(self, interventions)
        for edit in edits:
            if edit.function and self._core.feature_shape(edit.site) is None:
                raise UsageError(
                    f"generate: {edit.site}: functions are not for scores and "
                    "pattern here; give an Edit"
                )
        stops = [stop] if isinstance(stop, str) else list(stop)
        made = _core.generate(
            self._core,
            prompts,
            bounded(max_tokens, "max_tokens", 1),
            _optional(temperature, "temperature"),
            None if top_k is None else bounded(top_k, "top_k", 1),
            _optional(top_p, "top_p"),
            _optional(min_p, "min_p"),
            number(repetition_penalty, "repetition_penalty"),
            None if seed is None else bounded(seed, "seed", 0, 2**64 - 1),
            [checked_text(text, "stop") for text in stops],
            None
            if stop_tokens is None
            else token_ids(stop_tokens, "stop_tokens"),
            edits,
            [
                word(site, "sites")
                for site in ([sites] if isinstance(sites, str) else sites)
            ],
            lens is not False and lens is not None,
            *_lens_arguments(self, lens),
            _text_function(on_text, several),
            self._other_texts,
        )
        results = [self._generation(one) for one in made]
        return results if several else results[0]

    def _generation(
        self: InterpretableModel, made: dict[str, Any]
    ) -> Generation:
        recording = made["recording"]
        return Generation(
            text=made["text"].decode("utf-8", "replace"),
            ids=made["ids"],
            logprobs=made["logprobs"],
            finish=made["finish"],
            prompt=made["prompt"],
            prompt_ms=made["prompt_ms"],
            tokens_ms=made["tokens_ms"],
            activations={n: recording.take(n) for n in recording.names()},
            lens=Lens(self, made["lens"]) if "lens" in made else None,
        )


def _lens_arguments(
    model: InterpretableModel, lens: bool | int | AnyLens
) -> tuple[int, Any]:
    """Read a top-k, or a lens."""
    if isinstance(lens, (str, TunedLens, JacobianLens)):
        return 5, trained_of(model, lens)
    if lens is None or isinstance(lens, bool):
        return 5, None
    return bounded(lens, "lens", 1), None


def _optional(value: Any, what: str) -> float | None:
    return None if value is None else number(value, what)


def _text_function(
    on_text: Callable[..., Any] | None, several: bool
) -> Callable[[int, str], Any] | None:
    if on_text is None or several:
        return on_text
    return lambda _, text: on_text(text)
