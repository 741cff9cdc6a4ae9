"""Directions that push what a model writes one way."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import _core
from ._arguments import (
    FloatArray,
    bounded,
    core_of,
    floats,
    number,
    path_text,
    selection,
    word,
)
from .edits import Edit
from .errors import UsageError
from .translators import AnyLens, trained_of

if TYPE_CHECKING:
    from ._arguments import Selection
    from .model import InterpretableModel


class Steering(Mapping):
    """Vectors by block: ``steering[14]`` is ``[d_model]``.

    `InterpretableModel.steer` makes it; `Steering.edits` is handed to a run as
    its interventions.
    """

    def __init__(
        self, model: InterpretableModel, vectors: Mapping[int, FloatArray]
    ) -> None:
        paths = model._core.layer_paths
        d_model = model.config.d_model
        self._vectors: dict[int, FloatArray] = {}
        self._sites: dict[int, str] = {}
        for layer, vector in vectors.items():
            at = bounded(layer, "steering: layer", 0, len(paths) - 1)
            values = floats(vector, "steering: vector")
            if values.shape != (d_model,):
                raise UsageError(
                    f"steering: shape {list(values.shape)}: give [{d_model}]"
                )
            self._vectors[at] = values
            self._sites[at] = paths[at]

    def edits(
        self, scale: float = 1.0, prompts: Sequence[int] = ()
    ) -> list[Edit]:
        """Make the edits that add `scale` times the vectors at every token."""
        factor = number(scale, "steering: scale")
        return [
            Edit(
                self._sites[layer],
                "add",
                factor=factor,
                values=vector,
                prompts=prompts,
            )
            for layer, vector in self._vectors.items()
        ]

    def save(
        self, model: InterpretableModel, path: str | os.PathLike[str]
    ) -> None:
        """Write safetensors, or a control vector of llama.cpp (``.gguf``).

        Raises
        ------
        Error
            It cannot be written.
        UsageError
            A vector of block 0 for GGUF.
        """
        _core.write_steering(
            core_of(model), path_text(path, "path"), list(self._vectors.items())
        )

    def __getitem__(self, layer: int) -> FloatArray:
        return self._vectors[layer]

    def __iter__(self) -> Iterator[int]:
        return iter(self._vectors)

    def __len__(self) -> int:
        return len(self._vectors)

    def __repr__(self) -> str:
        return f"Steering(layers={list(self._vectors)})"


class SteerMethods:
    """What `InterpretableModel` does with directions."""

    def steer(
        self: InterpretableModel,
        plus: Any,
        minus: Any,
        layers: Selection,
        positions: Selection = "last",
        method: str = "mean",
    ) -> Steering:
        """Make steering vectors of texts that differ in what they stand for.

        Parameters
        ----------
        plus, minus
            A text each, or as many of either: pairs.
        layers
            Blocks whose outputs are read: a vector each.
        positions
            Of each text: the mean over them stands for it.
        method
            "mean": mean over pairs of plus - minus. "pca": the first principal
            component of these differences, as long as a typical one.

        Raises
        ------
        UsageError
            Not as many of both, or a layer or position that is not there.
        """
        wanted, unwanted = self._prompts(plus), self._prompts(minus)
        if len(wanted) != len(unwanted):
            raise UsageError(
                f"steer: {len(wanted)} texts of plus, {len(unwanted)} of "
                "minus; give as many of both"
            )
        made = _core.make_steering(
            self._core,
            list(zip(wanted, unwanted, strict=True)),
            selection(layers, "layers"),
            selection(positions, "positions"),
            word(method, "method"),
        )
        return Steering(self, {layer: vector for layer, _, vector in made})

    def lens_vectors(
        self: InterpretableModel,
        token: str | int,
        layers: Selection,
        lens: AnyLens = None,
        foil: str | int | None = None,
    ) -> Steering:
        """Give the directions along which a lens sees a token grow.

        Parameters
        ----------
        token
            One token, by its text or id.
        layers
            Blocks whose outputs are read: a vector each, of length 1.
        lens
            As `lens` takes it; None: the logit lens.
        foil
            Less the direction of this token.

        Raises
        ------
        UsageError
            A token or layer that is not there, or that the lens has no map for.
        """
        made = _core.lens_steering(
            self._core,
            trained_of(self, lens),
            self.token_id(token, "token"),
            None if foil is None else self.token_id(foil, "foil"),
            selection(layers, "layers"),
        )
        return Steering(self, {layer: vector for layer, _, vector in made})

    def load_steering(
        self: InterpretableModel, path: str | os.PathLike[str]
    ) -> Steering:
        """Read steering vectors: safetensors, or a control vector (GGUF).

        Raises
        ------
        ModelError
            It cannot be read, or is for another model.
        """
        made = _core.read_steering(self._core, path_text(path, "path"))
        return Steering(self, {layer: vector for layer, _, vector in made})
