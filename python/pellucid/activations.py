"""Activations of many prompts at once, as mlxterp collects them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ._arguments import FloatArray, bounded, core_of, flag, several
from .errors import UsageError

if TYPE_CHECKING:
    from .model import InterpretableModel


@dataclass
class ActivationCache:
    """Activations by name, long or short ("layers.3.mlp")."""

    activations: dict[str, FloatArray] = field(default_factory=dict)
    metadata: dict[str, Any] | None = None

    def get(self, name: str) -> FloatArray | None:
        """Give an activation, or None."""
        from .core.module_resolver import normalize_layer_key

        if name in self.activations:
            return self.activations[name]
        wanted = normalize_layer_key(name)
        for key, value in self.activations.items():
            if normalize_layer_key(key) == wanted:
                return value
        return None

    def keys(self) -> list[str]:
        """List the names."""
        return list(self.activations)

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def __len__(self) -> int:
        return len(self.activations)

    def __repr__(self) -> str:
        return f"ActivationCache(cached={len(self)} modules)"


def collect_activations(
    model: InterpretableModel,
    inputs: Any,
    layers: Sequence[str] | None = None,
    normalize_keys: bool = True,
) -> ActivationCache:
    """Collect activations of a run.

    Parameters
    ----------
    model
        The model.
    inputs
        A prompt or a batch.
    layers
        Names of sites; None: all.
    normalize_keys
        Shorten the names ("layers.3.mlp").

    Raises
    ------
    UnknownSiteError
        A name that is no site.
    """
    core_of(model)
    normalize_keys = flag(normalize_keys, "normalize_keys")
    names = None if layers is None else [model.resolve(n) for n in layers]
    trace = model.trace(inputs, sites=names)
    found = {}
    for name in trace.activations if names is None else names:
        if name == "__model_output__":
            continue
        key = model._short(name) if normalize_keys else name
        found[key] = trace.activations[name]
    shape = (len(trace.ids), int(trace.lengths.max()))
    return ActivationCache(found, {"input_shape": shape})


def get_activations(
    model: InterpretableModel,
    prompts: Any,
    layers: Sequence[int] | None = None,
    positions: int | Sequence[int] = -1,
) -> dict[str, FloatArray]:
    """Collect outputs of blocks at positions.

    Parameters
    ----------
    model
        The model.
    prompts
        A text or several, of any lengths.
    layers
        Blocks; None: all.
    positions
        Of each prompt, negative ones from its own end.

    Returns
    -------
    dict
        ``"layer_3": [batch, d_model]``, or with several positions ``[batch,
        positions, d_model]``.

    Raises
    ------
    UsageError
        A position or a block that is not there.
    """
    core_of(model)
    chosen = model._blocks(layers)
    wanted = several(positions, "positions")
    if not wanted:
        raise UsageError("positions: is an empty choice; name at least one")
    single = not isinstance(positions, Iterable) or (
        isinstance(positions, np.ndarray) and positions.ndim == 0
    )
    names = [model._core.layer_paths[layer] for layer in chosen]
    trace = model.trace(prompts, sites=names)
    rows = np.array(
        [[_row(p, int(n)) for p in wanted] for n in trace.lengths],
        dtype=np.int64,
    )
    batch = np.arange(len(rows))[:, None]
    out = {}
    for layer, name in zip(chosen, names, strict=True):
        values = trace.activations[name][batch, rows]
        out[f"layer_{layer}"] = values[:, 0] if single else values
    return out


def _row(position: int, length: int) -> int:
    if not -length <= position < length:
        raise UsageError(
            f"positions: {position}: a prompt has {length} tokens, numbered 0 "
            f"to {length - 1} or {-length} to -1"
        )
    return position % length


def batch_get_activations(
    model: InterpretableModel,
    prompts: Sequence[Any],
    layers: Sequence[int] | None = None,
    positions: int | Sequence[int] = -1,
    batch_size: int = 8,
) -> dict[str, FloatArray]:
    """Collect as `get_activations` does, `batch_size` prompts at a time."""
    step = bounded(batch_size, "batch_size", 1)
    parts = [
        get_activations(model, prompts[i : i + step], layers, positions)
        for i in range(0, len(prompts), step)
    ]
    if not parts:
        raise UsageError("prompts: are empty; give at least one")
    return {
        name: np.concatenate([part[name] for part in parts])
        for name in parts[0]
    }
