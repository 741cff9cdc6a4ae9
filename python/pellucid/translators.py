"""Maps of states that lenses read through, and their files."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from ._arguments import FloatArray, bounded, floats, path_text
from .errors import ModelError, UsageError
from .tokenizer import checked_text

if TYPE_CHECKING:
    from .model import InterpretableModel


class Translator:
    """The map of one row's states: ``weight @ h + bias``.

    Attributes
    ----------
    weight : numpy.ndarray
        ``[d_model, d_model]``; the identity changes nothing. To be set as a
        whole: what is read is a copy, and cannot be written to.
    bias : numpy.ndarray
        ``[d_model]``; the same.
    """

    def __init__(self, weight: Any, bias: Any) -> None:
        self.weight = weight
        self.bias = bias

    @classmethod
    def _residual(cls, weight: FloatArray, bias: FloatArray) -> Translator:
        """Make the map ``h + weight @ h + bias``, as the library keeps it."""
        made = cls.__new__(cls)
        made._weight = weight
        made._bias = bias if bias.size else np.zeros(len(weight), np.float32)
        return made

    @property
    def weight(self) -> FloatArray:
        made = self._weight.copy()
        made[np.diag_indices_from(made)] += 1
        made.flags.writeable = False
        return made

    @weight.setter
    def weight(self, value: Any) -> None:
        made = floats(value, "weight").copy()
        if made.ndim != 2 or made.shape[0] != made.shape[1]:
            raise UsageError(
                f"weight: shape {list(made.shape)}: give a square matrix"
            )
        made[np.diag_indices_from(made)] -= 1
        self._weight = made

    @property
    def bias(self) -> FloatArray:
        made = self._bias.view()
        made.flags.writeable = False
        return made

    @bias.setter
    def bias(self, value: Any) -> None:
        made = floats(value, "bias").copy()
        if made.shape != self._weight.shape[:1]:
            raise UsageError(
                f"bias: shape {list(made.shape)}: give "
                f"[{self._weight.shape[0]}]"
            )
        self._bias = made

    def __call__(self, h: Any) -> FloatArray:
        """Map states ``[..., d_model]``."""
        states = floats(h, "translator")
        if states.ndim == 0 or states.shape[-1] != len(self._bias):
            raise UsageError(
                f"translator: shape {list(states.shape)}: the last dimension "
                f"must be {len(self._bias)}"
            )
        return states + states @ self._weight.T + self._bias

    def __repr__(self) -> str:
        return f"Translator({len(self._bias)})"


class TunedLens:
    """An affine map for each block's output (Belrose et al. 2023).

    `InterpretableModel.train_tuned_lens` fits one; `TunedLens.load` and
    `InterpretableModel.load_tuned_lens` read one. A new one has the identity
    everywhere, and is the logit lens, bit for bit.

    Parameters
    ----------
    num_layers
        Blocks of the model.
    hidden_dim
        Its d_model.

    Attributes
    ----------
    translators : list of Translator
        One a block. The last one's is not used: what leaves the last block is
        what the model itself reads out.
    embed : Translator or None
        Of what enters block 0; None: there is none, and no such row.
    record : dict
        How it came about: texts by key.
    """

    def __init__(self, num_layers: int, hidden_dim: int) -> None:
        self.num_layers = bounded(num_layers, "num_layers", 1)
        self.hidden_dim = bounded(hidden_dim, "hidden_dim", 1)
        self.translators = [self._identity() for _ in range(self.num_layers)]
        self.embed: Translator | None = self._identity()
        self.record: dict[str, str] = {}

    def _identity(self) -> Translator:
        d = self.hidden_dim
        return Translator._residual(
            np.zeros((d, d), np.float32), np.zeros(d, np.float32)
        )

    def __call__(self, h: Any, layer_idx: int) -> FloatArray:
        """Map states ``[..., hidden_dim]`` of a block's output.

        Raises
        ------
        UsageError
            There is no such block, or the states have another width.
        """
        layer = bounded(layer_idx, "layer_idx", 0, self.num_layers - 1)
        return self.translators[layer](h)

    @classmethod
    def _of(
        cls, core: _core.TrainedLens, model: InterpretableModel
    ) -> TunedLens:
        paths = model._core.layer_paths
        lens = cls(len(paths), model.config.d_model)
        maps = {
            site: Translator._residual(weight, bias)
            for site, weight, bias in core.maps()
        }
        lens.embed = maps.get("embed")
        for layer, path in enumerate(paths[:-1]):
            if path not in maps:
                raise ModelError(
                    f"lens: {core.ref}: has no map for {path}; use a lens of "
                    "all blocks"
                )
            lens.translators[layer] = maps[path]
        lens.record = dict(core.record)
        return lens

    def _core(self, model: InterpretableModel) -> _core.TrainedLens:
        paths = model._core.layer_paths
        sizes = (len(paths), model.config.d_model)
        if (self.num_layers, self.hidden_dim) != sizes:
            raise UsageError(
                f"lens: {self.num_layers} layers of {self.hidden_dim}: the "
                f"model has {sizes[0]} of {sizes[1]}; use a lens that was made "
                "for it"
            )
        maps = [] if self.embed is None else [("embed", self.embed)]
        maps += zip(paths[:-1], self.translators[:-1], strict=True)
        return _core.TrainedLens.make(
            "tuned",
            "",
            [(site, one._weight, one._bias) for site, one in maps],
            list(self.record.items()),
        )

    def save(
        self,
        path: str | os.PathLike[str],
        model: InterpretableModel | None = None,
    ) -> None:
        """Write the lens.

        Parameters
        ----------
        path
            ``NAME.safetensors``: a file of pellucid's own, which says what it
            is for and is refused by other models. Else the two files of
            mlxterp, ``NAME.npz`` and ``NAME.json``.
        model
            The model that it is for; for ``.safetensors``.

        Raises
        ------
        UsageError
            ``.safetensors`` without a model, or one that it does not fit.
        Error
            It cannot be written.
        """
        name = path_text(path, "path")
        if name.endswith(".safetensors"):
            if model is None:
                raise UsageError(
                    f"lens: {name}: says what model it is for; give model="
                )
            self._core(model).write(name, model._core)
            return
        stem = _stem(name)
        named = [
            (f"translators_{i}", one) for i, one in enumerate(self.translators)
        ]
        if self.embed is not None:
            named.append(("embed", self.embed))
        arrays = {}
        for key, one in named:
            arrays[f"{key}_weight"], arrays[f"{key}_bias"] = (
                one.weight,
                one.bias,
            )
        _core.write_npz(stem + ".npz", list(arrays.items()))
        sizes = {"num_layers": self.num_layers, "hidden_dim": self.hidden_dim}
        Path(stem + ".json").write_text(json.dumps(sizes, indent=2) + "\n")

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        model: InterpretableModel | None = None,
    ) -> TunedLens:
        """Read a lens.

        Parameters
        ----------
        path
            Without a model: of the two files of mlxterp, with or without their
            endings. With one: also a file or folder of ``pellucid tune``, or
            of the tuned-lens package.
        model
            The model that it is for.

        Raises
        ------
        ModelError
            It cannot be read, is damaged, or is another model's.
        """
        name = path_text(path, "path")
        if model is None:
            return cls._of_arrays(_stem(name) + ".npz")
        if not Path(name).exists() and Path(name + ".npz").exists():
            name += ".npz"
        core = _core.TrainedLens.read("tuned", name, model._core)
        return cls._of(core, model)

    @classmethod
    def _of_arrays(cls, path: str) -> TunedLens:
        arrays = _core.read_npz(path)

        def translator(key: str) -> Translator:
            try:
                weight = arrays[f"{key}_weight"]
                bias = arrays.get(f"{key}_bias", np.zeros(len(weight)))
                return Translator(weight, bias)
            except (KeyError, TypeError, ValueError) as error:
                what = f"has no map {key}: {error}"
                raise ModelError(f"lens: {path}: {what}") from error

        layers = 1
        while f"translators_{layers}_weight" in arrays:
            layers += 1
        maps = [translator(f"translators_{i}") for i in range(layers)]
        embed = translator("embed") if "embed_weight" in arrays else None
        sizes = {len(one._bias) for one in [*maps, *filter(None, [embed])]}
        if len(sizes) != 1:
            raise ModelError(f"lens: {path}: has maps of several sizes")
        lens = cls(layers, sizes.pop())
        lens.translators, lens.embed = maps, embed
        return lens

    def __repr__(self) -> str:
        return f"TunedLens({self.num_layers}, {self.hidden_dim})"


def _stem(name: str) -> str:
    return name.removesuffix(".npz").removesuffix(".json")


class JacobianLens:
    """The mean effect of each block's output on the final state.

    `InterpretableModel.fit_jacobian_lens` makes it; a file is named to `lens`
    as "jacobian:FILE".

    Attributes
    ----------
    layers : list of int
        Blocks that it has a matrix of: all but the last.
    standard_error : dict
        By block: of the mean over prompts, as a share of the matrix. Empty of
        one prompt.
    record : dict
        How it came about: texts by key.
    """

    def __init__(
        self, core: _core.TrainedLens, model: InterpretableModel
    ) -> None:
        self._trained = core
        sites = model._core.layer_paths
        self._matrices = {
            sites.index(site): weight for site, weight, _ in core.maps()
        }
        self.layers = sorted(self._matrices)
        self.record: dict[str, str] = dict(core.record)
        errors = {
            layer: self.record.get(f"fit.standard_error.{sites[layer]}")
            for layer in self.layers
        }
        self.standard_error = {
            layer: float(text)
            for layer, text in errors.items()
            if text is not None
        }

    def __getitem__(self, layer: int) -> FloatArray:
        """Give J of a block, ``[d_model, d_model]``: J h is read out."""
        if layer not in self._matrices:
            raise UsageError(f"lens: layer {layer!r}: it has no matrix of it")
        return self._matrices[layer]

    def save(
        self, path: str | os.PathLike[str], model: InterpretableModel
    ) -> None:
        """Write a file, to be named as "jacobian:FILE".

        Raises
        ------
        Error
            It cannot be written.
        """
        self._trained.write(os.fspath(path), model._core)

    def __repr__(self) -> str:
        return f"JacobianLens({len(self.layers)} layers)"


# A lens as methods take it: None or "logit", "tuned:FILE", "jacobian:FILE", or
# one of these.
AnyLens = TunedLens | JacobianLens | str | None


def trained_of(model: InterpretableModel, lens: AnyLens) -> Any:
    """Give a lens as the library takes it; None: the logit lens.

    Raises
    ------
    TypeError
        It is no lens.
    UsageError
        A text that names none, or a lens that does not fit the model.
    ModelError
        Its file cannot be read, or is another model's.
    """
    if lens is None or (isinstance(lens, str) and lens == "logit"):
        return None
    if isinstance(lens, TunedLens):
        return lens._core(model)
    if isinstance(lens, JacobianLens):
        return lens._trained
    if not isinstance(lens, str):
        raise TypeError(
            f"lens: {type(lens).__name__}: give a TunedLens, a JacobianLens, "
            'or a text such as "tuned:FILE"'
        )
    kind, _, path = checked_text(lens, "lens").partition(":")
    if kind not in ("tuned", "jacobian") or not path:
        raise UsageError(
            f"lens: {lens!r}: is no lens; give logit, tuned:FILE or "
            "jacobian:FILE"
        )
    return _core.TrainedLens.read(kind, path, model._core)
