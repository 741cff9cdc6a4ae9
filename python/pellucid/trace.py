"""One run, and every activation of it by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import _core
from ._apply import edits_of
from ._arguments import FloatArray
from .edits import Edit
from .errors import UnknownSiteError, UsageError
from .modules import context

if TYPE_CHECKING:
    from .edits import Interventions
    from .model import InterpretableModel

# Bytes that a trace records at once. What is beyond that is recorded when it is
# asked for, by the same run once more, which has the same bits.
EAGER_BYTES = 256 << 20

OUTPUT = "__model_output__"  # mlxterp's name of the logits
WEIGHTS = ".attention_weights"  # mlxterp's name of a pattern
PATTERN = ".pattern"


def canonical(model: InterpretableModel, name: str) -> str:
    """Give the canonical name of a site.

    Raises
    ------
    UnknownSiteError
        There is none of that name.
    """
    if not isinstance(name, str):
        raise UnknownSiteError(f"activations: {name!r}: names are text")
    if name == OUTPUT:
        name = "logits"
    elif name.endswith(WEIGHTS):
        name = name.removesuffix(WEIGHTS) + PATTERN
    return model.resolve(name)


def _is_pattern(name: str) -> bool:
    return isinstance(name, str) and (name == "all" or "*" in name)


class Activations(Mapping):
    """The activations of a trace, by name.

    Names may be spelt as Hugging Face's, mlxterp's or TransformerLens' paths.
    Iterating gives one name each: Hugging Face's, ``....attention_weights`` for
    the pattern of attention, and ``__model_output__`` for the logits. An
    unknown name raises `UnknownSiteError` (a `KeyError`) with the nearest ones.
    """

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    def __getitem__(self, name: str) -> FloatArray:
        return self._trace._array(canonical(self._trace.model, name))

    def __contains__(self, name: object) -> bool:
        try:
            canonical(self._trace.model, name)
        except UnknownSiteError:
            return False
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(self._trace._keys())

    def __len__(self) -> int:
        return len(self._trace._keys())

    def copy(self) -> dict[str, FloatArray]:
        """Give a plain dict of all of them."""
        return dict(self)

    def __repr__(self) -> str:
        return f"Activations({len(self)} of {len(self._trace.ids)} prompts)"


class Trace:
    """A run of one prompt or several. `InterpretableModel.trace` makes it.

    The run happens when the trace is entered, so that everything is there
    within the block and after it. Arrays own their numbers: they outlive the
    trace and the model.

    Attributes
    ----------
    model
        The model that ran.
    ids : list of list of int
        The tokens of each prompt.
    lengths : numpy.ndarray
        ``[batch]``: how many they are. Arrays of a batch are padded with zeros
        on the right.
    saved_values : dict
        What ``.save()`` was called on.
    """

    def __init__(
        self,
        model: InterpretableModel,
        inputs: Any,
        interventions: Interventions = None,
        sites: Any = None,
    ) -> None:
        self.model = model
        self.inputs = inputs
        self.ids = model._prompts(inputs)
        self.lengths: npt.NDArray[np.int64] = np.array(
            [len(ids) for ids in self.ids], dtype=np.int64
        )
        self.saved_values: dict[str, FloatArray] = {}
        self._edits = edits_of(model, interventions)
        self._calls_python = any(e.function is not None for e in self._edits)
        self._sites = None
        if sites is not None:
            many = [sites] if isinstance(sites, str) else list(sites)
            self._sites = [
                name if _is_pattern(name) else canonical(model, name)
                for name in many
            ]
        self._recordings: list[_core.Recording] | None = None
        self._left: set[str] = set()  # names that recordings still hold
        self._arrays: dict[str, FloatArray] = {}
        self._recorded: list[str] = []  # all names, in the order of the run

    def __enter__(self) -> Trace:
        self._run()
        context.push(self)
        return self

    def __exit__(self, *exception: object) -> None:
        context.pop()

    @property
    def activations(self) -> Activations:
        """Every activation by name, ``[batch, tokens, features]``.

        Per-head sites are ``[batch, tokens, heads, head_dim]``, scores and
        pattern ``[batch, heads, queries, keys]``.
        """
        self._run()
        return Activations(self)

    @property
    def output(self) -> FloatArray:
        """Logits ``[batch, tokens, vocab]``: scores before the softmax."""
        return self._array("logits")

    @property
    def tokens(self) -> list[list[str]]:
        """The text of each token of each prompt."""
        return [self.model.to_str_tokens(ids) for ids in self.ids]

    def get(self, name: str) -> FloatArray | None:
        """Give what was saved under a name ("layers.3.output"), or None."""
        if not isinstance(name, str):
            raise TypeError(f"get: {type(name).__name__}: give a name")
        if name in self.saved_values:
            return self.saved_values[name]
        wanted = self._site_of(name)
        for saved, value in self.saved_values.items():
            if wanted is not None and self._site_of(saved) == wanted:
                return value
        return None

    def get_activation(self, name: str) -> FloatArray | None:
        """Give an activation, or None where there is none of that name."""
        return self.activations.get(name)

    def grad(
        self,
        name: str,
        answer: Any,
        foil: Any = None,
        metric: str | None = None,
        reference: Any = None,
    ) -> FloatArray:
        """Give what a change of an activation is worth to a metric.

        The derivative of the metric of each prompt by every number of the
        site, in the shape of `activations`. See `InterpretableModel.gradient`.

        Parameters
        ----------
        name
            A site, in any spelling.
        answer, foil, metric, reference
            As of `InterpretableModel.gradient`.

        Raises
        ------
        UnknownSiteError
            There is none of that name.
        UsageError
            The trace has interventions, or the metric does not fit.
        """
        site = canonical(self.model, name)
        if self._edits:
            raise UsageError(
                f"grad: {name}: of a run with interventions there is none; "
                "trace the prompt without"
            )
        made = [
            self.model.gradient(ids, site, answer, foil, metric, reference)
            for ids in self.ids
        ]
        return self._joined([gradient[site] for gradient in made])

    def _site_of(self, name: str) -> str | None:
        try:
            return canonical(self.model, name.removesuffix(".output"))
        except UnknownSiteError:
            return None

    def _eager_sites(self) -> list[str]:
        """Choose what is recorded at once."""
        if self._sites is not None:
            return self._sites
        core = self.model._core
        patterns = self.model._patterns
        tokens = int(self.lengths.sum())
        squares = int((self.lengths.astype(object) ** 2).sum())
        heads = self.model.config.n_heads
        floats = tokens * core.floats_per_token + squares * heads * len(
            patterns
        )
        # A function of the user's is called once, so all is kept of that run.
        if self._calls_python or 4 * floats <= EAGER_BYTES:
            return ["all", *patterns]
        logits = 4 * tokens * self.model.config.vocab_size
        return ["logits"] if logits <= EAGER_BYTES else []

    def _run(self) -> None:
        if self._recordings is not None:
            return
        self._edits = self._without_matrix_functions()
        self._recordings = self._record(self._eager_sites())
        self._recorded = self._recordings[0].names() if self._recordings else []
        self._left = set(self._recorded)

    def _record(
        self, sites: list[str], edits: list[Edit] | None = None
    ) -> list[_core.Recording]:
        made = self._edits if edits is None else edits
        return _core.run(self.model._core, self.ids, sites, made)

    def _without_matrix_functions(self) -> list[Edit]:
        """Turn functions of scores and pattern into the values they give.

        Attention is computed in blocks by many threads, so that a function
        cannot be shown all of a matrix on the way. One more run for each
        records it, as it is with the edits made before.
        """
        core = self.model._core
        order = {name: i for i, name in enumerate(self.model._site_names)}
        matrices = [
            edit
            for edit in self._edits
            if edit.function is not None
            and core.feature_shape(edit.site) is None
        ]
        matrices.sort(key=lambda edit: order[canonical(self.model, edit.site)])
        edits = list(self._edits)
        while matrices:
            edit = matrices.pop(0)
            at = next(i for i, other in enumerate(edits) if other is edit)
            site = canonical(self.model, edit.site)
            before = [
                other
                for i, other in enumerate(edits)
                if not any(other is later for later in matrices)
                and other is not edit
                and (i < at or canonical(self.model, other.site) != site)
            ]
            recordings = self._record([site], before)
            arrays = [recording.take(site) for recording in recordings]
            prompts = list(range(len(arrays)))
            made = edit.function(site, prompts, [0] * len(arrays), arrays)
            edits[at : at + 1] = [
                Edit(site, "replace", prompts=[i], values=self._masked(values))
                for i, values in enumerate(made)
            ]
        return edits

    @staticmethod
    def _masked(values: FloatArray) -> FloatArray:
        # Keys that a query does not see stay unseen, whatever stands here.
        return np.where(np.isfinite(values), values, np.float32(0))

    def _keys(self) -> list[str]:
        if self._sites is not None:
            names = self._recorded
        else:
            names = self.model._listed
        return [shown_name(name) for name in names]

    def _array(self, name: str) -> FloatArray:
        self._run()
        if name not in self._arrays:
            if name in self._left:
                self._left.discard(name)
                recordings = self._recordings
            elif self._calls_python:
                raise UsageError(
                    f"activations: {name}: was not recorded, and the run is "
                    f'not made again for functions; give sites=["{name}"]'
                )
            else:
                recordings = self._record([name])
            self._arrays[name] = self._joined(
                [recording.take(name) for recording in recordings]
            )
        return self._arrays[name]

    @staticmethod
    def _joined(arrays: list[FloatArray]) -> FloatArray:
        """Put the arrays of a batch together, padded with zeros."""
        if len(arrays) == 1:
            return arrays[0][None]
        largest = np.max([array.shape for array in arrays], axis=0)
        out = np.zeros((len(arrays), *largest), dtype=np.float32)
        for i, array in enumerate(arrays):
            out[(i, *map(slice, array.shape))] = array
        return out

    def __repr__(self) -> str:
        state = "not run" if self._recordings is None else "run"
        return (
            f"Trace({len(self.ids)} prompts, {int(self.lengths.sum())} tokens, "
            f"{state}, saved_values={len(self.saved_values)})"
        )


def shown_name(name: str) -> str:
    """Give the name that iterating shows for a canonical one."""
    if name == "logits":
        return OUTPUT
    if name.endswith(PATTERN):
        return name.removesuffix(PATTERN) + WEIGHTS
    return name
