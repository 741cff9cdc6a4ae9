"""Where the parts of a model are, under the names that mlxterp gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from .._arguments import checked_text, index, texts

if TYPE_CHECKING:
    from ..model import InterpretableModel
    from ..modules import Embedding, FinalNorm, ModuleProxy, Unembedding

# How blocks are called, and what stands before them.
PREFIXES = ("model.model.", "model.", "", "transformer.", "gpt_neox.")
LISTS = ("layers", "h", "blocks")


class ModuleResolver:
    """Finds embedding, final norm and unembedding of a model.

    Parameters
    ----------
    model
        The model.
    embedding_path, norm_path, lm_head_path
        Other spellings of their paths.
    """

    def __init__(
        self,
        model: InterpretableModel,
        embedding_path: str | None = None,
        norm_path: str | None = None,
        lm_head_path: str | None = None,
    ) -> None:
        self.model = model
        self._embedding_path = embedding_path
        self._norm_path = norm_path
        self._lm_head_path = lm_head_path

    def _module(self, path: str | None) -> ModuleProxy | None:
        from ..modules import module_of

        if path is None:
            return None
        return module_of(self.model, self.model.resolve(path))

    def get_embedding_layer(self) -> Embedding:
        """Give the token embedding, a function of ids."""
        return self._module(self.get_embedding_path())

    def get_embedding_path(self) -> str:
        """Give its path."""
        return self._embedding_path or self.model._core.embedding_path

    def get_final_norm(self) -> FinalNorm | None:
        """Give the final norm, a function of states, or None: there is none."""
        return self._module(self.get_final_norm_path())

    def get_final_norm_path(self) -> str | None:
        """Give its path."""
        return self._norm_path or self.model._core.norm_path

    def get_lm_head(self) -> Unembedding | Embedding:
        """Give the output projection."""
        return self.get_output_projection()[0]

    def get_output_projection(
        self,
    ) -> tuple[Unembedding | Embedding, str, bool]:
        """Give the output projection.

        Returns
        -------
        module
            Where the weights are tied, the embedding.
        path : str
            Its path.
        tied : bool
            Whether it is the embedding's matrix.
        """
        core = self.model._core
        if core.tied and self._lm_head_path is None:
            return self.get_embedding_layer(), self.get_embedding_path(), True
        path = self._lm_head_path or core.head_path
        return self._module(path), path, False

    def clear_cache(self) -> None:
        """Do nothing: nothing is kept here, and models do not change."""


def normalize_layer_key(key: str) -> str:
    """Take the prefix of the trunk off: "model.model.layers.0" -> "layers.0".

    Parameters
    ----------
    key
        The name of an activation.

    Returns
    -------
    str
        What is left of it.
    """
    for prefix in PREFIXES:
        if prefix and key.startswith(prefix):
            return key[len(prefix) :]
    return key


def find_layer_key_pattern(
    activations: Iterable[str],
    layer_idx: int,
    component: str | None = None,
) -> str | None:
    """Find the name under which a block's activation is.

    Parameters
    ----------
    activations
        `Trace.activations`, or any mapping of names.
    layer_idx
        The block, from 0.
    component
        A part of it ("mlp", "self_attn"); None: its output.

    Returns
    -------
    str or None
        The name, if there is one.
    """
    layer_idx = index(layer_idx, "layer_idx")
    if component is not None:
        checked_text(component, "component")
    if not isinstance(activations, Mapping):
        activations = texts(activations, "activations")
    suffix = f".{component}" if component else ""
    names = [f"{name}.{layer_idx}{suffix}" for name in LISTS]
    for name in names:
        for prefix in PREFIXES:
            if prefix + name in activations:
                return prefix + name
    for key in activations:
        if any(key == name or key.endswith(f".{name}") for name in names):
            return key
    return None
