"""Parts of a model by their paths: ``model.layers[3].self_attn.output``."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from ._arguments import FloatArray, floats, index, token_ids
from .errors import UnknownSiteError, UsageError

if TYPE_CHECKING:
    from .model import InterpretableModel
    from .trace import Trace

ATTENTION = ("attn", "self_attn", "attention")


class TraceContext(threading.local):
    """The traces that are open in this thread, the innermost last."""

    def __init__(self) -> None:
        self.stack: list[Trace] = []

    def current(self) -> Trace | None:
        """Give the innermost open trace, or None."""
        return self.stack[-1] if self.stack else None

    def push(self, trace: Trace) -> None:
        """Open a trace."""
        self.stack.append(trace)

    def pop(self) -> None:
        """Close the innermost one."""
        if self.stack:
            self.stack.pop()


context = TraceContext()


def current_trace(model: InterpretableModel, what: str) -> Trace:
    """Give the open trace of a model.

    Raises
    ------
    UsageError
        There is none.
    """
    trace = context.current()
    if trace is None or trace.model is not model:
        raise UsageError(
            f"{what}: no trace of this model is open; use it within "
            "`with model.trace(...):`"
        )
    return trace


class OutputProxy:
    """What a module gave in the open trace.

    It reads as the array that it holds; `save` gives the array itself and
    keeps it in the trace.
    """

    def __init__(self, trace: Trace, name: str, value: FloatArray) -> None:
        self._trace = trace
        self._name = name
        self._value = value

    def save(self) -> FloatArray:
        """Keep the array in ``trace.saved_values``, and give it."""
        self._trace.saved_values[self._name] = self._value
        return self._value

    @property
    def value(self) -> FloatArray:
        """The array."""
        return self._value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._value, name)

    def __array__(self, dtype: Any = None, copy: Any = None) -> FloatArray:
        return np.asarray(self._value, dtype=dtype)

    def __getitem__(self, key: Any) -> Any:
        return self._value[key]

    def __len__(self) -> int:
        return len(self._value)

    def __repr__(self) -> str:
        return f"OutputProxy({self._name})"


class ModuleProxy:
    """A module of a model, or a point of its computation.

    Sub-modules are attributes: ``model.layers[3].mlp.gate_proj``. The
    attention module of a block is also ``attn`` and ``self_attn``, whatever
    its architecture calls it.
    """

    def __init__(self, model: InterpretableModel, path: str) -> None:
        self._model = model
        self._path = path

    @property
    def name(self) -> str:
        """Its path, which is the name of its activation."""
        return self._path

    @property
    def output(self) -> OutputProxy:
        """What it gave in the open trace, ``[batch, tokens, ...]``.

        Raises
        ------
        UsageError
            No trace is open.
        UnknownSiteError
            It is no module of its own, but a list of some.
        """
        trace = current_trace(self._model, f"{self._path}.output")
        value = trace.activations[self._path]
        return OutputProxy(
            trace, self._model._short(self._path) + ".output", value
        )

    @output.setter
    def output(self, value: Any) -> None:
        raise UsageError(
            f"{self._path}.output: the run is over when a trace is open; give "
            f'interventions={{"{self._path}": replace_with(...)}} to trace()'
        )

    def children(self) -> dict[str, ModuleProxy]:
        """Give the sub-modules by name."""
        names = self._model._tree.get(self._path, ())
        return {name: self._child(name) for name in names}

    def _child(self, name: str) -> ModuleProxy:
        return module_of(
            self._model, f"{self._path}.{name}" if self._path else name
        )

    def __getattr__(self, name: str) -> ModuleProxy:
        if name.startswith("_"):
            raise AttributeError(name)
        tree = self._model._tree
        names = tree.get(self._path, ())
        if name not in names:
            other = self._alias(name)
            if other is not None:
                return module_of(self._model, other)
            known = ", ".join(names) or "none"
            raise AttributeError(
                f"{self._path or 'model'}: has no {name!r}; its parts: {known}"
            )
        return self._child(name)

    def _alias(self, name: str) -> str | None:
        core = self._model._core
        if not self._path:  # the root stands for its trunk too
            base = core.layer_paths[0].rsplit(".", 2)[0]
            if name in self._model._tree.get(base, ()):
                return f"{base}.{name}"
        if self._path in core.layer_paths:
            layer = core.layer_paths.index(self._path)
            if name in ATTENTION:
                return core.module_of_layer(layer, True)
            if name == "mlp":
                return core.module_of_layer(layer, False)
        try:
            return core.resolve(f"{self._path}.{name}" if self._path else name)
        except UnknownSiteError:
            return None

    def __getitem__(self, key: Any) -> ModuleProxy:
        names = self._model._tree.get(self._path, ())
        position = index(key, self._path)
        if position < 0:
            position += len(names)
        if str(position) not in names:
            raise IndexError(f"{self._path}: has no number {key}")
        return self._child(str(position))

    def __len__(self) -> int:
        return len(self._model._tree.get(self._path, ()))

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[ModuleProxy]:
        return iter(self.children().values())

    def __dir__(self) -> list[str]:
        return sorted(
            {*object.__dir__(self), *self._model._tree.get(self._path, ())}
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._path or 'model'})"


class FinalNorm(ModuleProxy):
    """The norm before the unembedding, as a function."""

    def __call__(self, x: Any) -> FloatArray:
        """Normalise residual states ``[..., d_model]``, as the model does.

        Raises
        ------
        UsageError
            Another width, NaN or infinities.
        """
        d_model = self._model.config.d_model
        rows = floats(x, "norm")
        if rows.ndim == 0 or rows.shape[-1] != d_model:
            raise UsageError(
                f"norm: shape {list(rows.shape)}: the last dimension must be "
                f"{d_model}"
            )
        made = _core.normalise(self._model._core, rows.reshape(-1, d_model))
        return made.reshape(rows.shape)


class Embedding(ModuleProxy):
    """The token embedding, as a function of ids."""

    def __call__(self, ids: Any) -> FloatArray:
        """Give the module's output ``[..., d]`` for ids of any shape."""
        array = np.asarray(ids)
        if array.dtype.kind not in "iu":
            raise TypeError(f"embedding: {array.dtype}: ids are whole numbers")
        flat = token_ids(array.reshape(-1), "embedding")
        rows = _core.embed(self._model._core, flat)
        return rows.reshape(*array.shape, rows.shape[-1])

    def as_linear(self, x: Any) -> FloatArray:
        """Use it as the output projection, of a model that ties the two."""
        return self._model.unembed(x, final_norm=False)

    @property
    def weight(self) -> FloatArray:
        """The matrix ``[vocab, d]``, decoded to float32 anew each time."""
        return _core.embedding_matrix(self._model._core, False)


class Unembedding(ModuleProxy):
    """The output projection, as a function."""

    def __call__(self, x: Any) -> FloatArray:
        """Give logits ``[..., vocab]`` of normalised states ``[..., d_model]``.

        They are the model's own: with its bias, scale and cap.
        """
        return self._model.unembed(x, final_norm=False)

    @property
    def weight(self) -> FloatArray:
        """The matrix ``[vocab, d]``, decoded to float32 anew each time."""
        return _core.embedding_matrix(self._model._core, True)


def module_of(model: InterpretableModel, path: str) -> ModuleProxy:
    """Make the proxy of a path: one that can be called, where it is known."""
    core = model._core
    if path == core.norm_path:
        return FinalNorm(model, path)
    if path == core.embedding_path:
        return Embedding(model, path)
    if path == core.head_path:
        return Unembedding(model, path)
    return ModuleProxy(model, path)


class LayerList:
    """The blocks of a model; ``layers[3]``, ``layers[-1]``, ``layers[2:5]``."""

    def __init__(self, model: InterpretableModel) -> None:
        self._model = model
        self._paths = model._core.layer_paths

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return [module_of(self._model, path) for path in self._paths[key]]
        position = index(key, "layers")
        n = len(self._paths)
        if not -n <= position < n:
            raise IndexError(
                f"layers: {position}: the model has {n}, numbered 0 to {n - 1}"
            )
        return module_of(self._model, self._paths[position])

    def __iter__(self) -> Iterator[ModuleProxy]:
        return (module_of(self._model, path) for path in self._paths)

    def __repr__(self) -> str:
        return f"LayerList(length={len(self)})"
