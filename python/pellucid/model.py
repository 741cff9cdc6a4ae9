"""A language model and what can be asked of it."""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from . import _core
from ._analysis import Analysis
from ._arguments import (
    FloatArray,
    bounded,
    checked_text,
    flag,
    floats,
    token_ids,
)
from .core.module_resolver import ModuleResolver
from .edits import Interventions
from .errors import ModelError, UsageError
from .modules import (
    LayerList,
    ModuleProxy,
    OutputProxy,
    current_trace,
    module_of,
)
from .tokenizer import Tokenizer, tokenizer_of
from .trace import Trace


class Config(Mapping):
    """What a model is: a mapping, whose keys are attributes too.

    ``architecture``, ``n_layers``, ``d_model``, ``n_heads``, ``n_kv_heads``,
    ``head_dim``, ``d_mlp``, ``vocab_size``, ``context_length``, ``ref``,
    ``path``, ``format``, ``hash``, and what the architecture reads beside them.
    """

    def __init__(self, info: dict[str, Any]) -> None:
        details = info.pop("details")
        self._values = {**details, **info}

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __getattr__(self, key: str) -> Any:
        if key.startswith("_"):
            raise AttributeError(key)
        try:
            return self._values[key]
        except KeyError:
            known = ", ".join(self._values)
            message = f"config: has no {key!r}; it has {known}"
            raise AttributeError(message) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Config({self._values!r})"


class InterpretableModel(Analysis):
    """A language model, opened from disk or from the hub.

    Parameters
    ----------
    model
        A .gguf file, a folder in Hugging Face's layout (MLX-quantised ones
        too), a name on the hub, or a built-in name; None: the default model.
    tokenizer
        Another tokenizer than the model's own: anything with ``encode`` and
        ``decode``.
    layer_attr, embedding_path, norm_path, lm_head_path
        As mlxterp has them. Where the parts are is known of each architecture,
        so that they are for paths that are spelt otherwise.
    threads
        0: the cores that this process may use. Results do not depend on it.

    Raises
    ------
    ModelError
        Not found, damaged or unsupported.
    TypeError
        Something else than a path or a name.

    Examples
    --------
    >>> model = InterpretableModel("smollm2-135m")
    >>> with model.trace("The capital of France is") as trace:
    ...     attention = model.layers[3].self_attn.output.save()
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | None = None,
        tokenizer: Any = None,
        layer_attr: str = "layers",
        embedding_path: str | None = None,
        norm_path: str | None = None,
        lm_head_path: str | None = None,
        threads: int = 0,
    ) -> None:
        if model is None:
            model = _core.default_reference()
        if not isinstance(model, (str, os.PathLike)):
            raise TypeError(
                f"InterpretableModel: {type(model).__name__}: give the path of "
                "a model, or its name"
            )
        ref = checked_text(os.fspath(model), "InterpretableModel")
        self._core = _core.Model.open(ref, bounded(threads, "threads", 0, 1024))
        self._own_tokenizer = tokenizer_of(self._core)
        self._tokenizer = (
            self._own_tokenizer if tokenizer is None else tokenizer
        )
        self._layer_attr = layer_attr
        self._paths = (embedding_path, norm_path, lm_head_path)
        self._resolved: dict[str, str] = {}
        self._texts: dict[int, str] = {}
        for path in self._paths:
            if path is not None:
                self.resolve(path)

    # What it is.

    @functools.cached_property
    def config(self) -> Config:
        """Sizes and names."""
        return Config(self._core.info)

    @property
    def tokenizer(self) -> Tokenizer | Any:
        """The tokenizer, or None: the files hold none."""
        return self._tokenizer

    @property
    def vocab_size(self) -> int:
        """How many tokens the model has logits of."""
        return self.config.vocab_size

    @property
    def layers(self) -> LayerList:
        """The blocks."""
        return LayerList(self)

    @property
    def model(self) -> ModuleProxy:
        """The root of the modules: ``model.model.lm_head``."""
        return ModuleProxy(self, "")

    @property
    def _module_resolver(self) -> ModuleResolver:
        return ModuleResolver(self, *self._paths)

    def named_modules(self) -> Iterator[tuple[str, ModuleProxy]]:
        """Give (name, module) of every site, in the order of the run."""
        for name in self._site_names:
            yield name, module_of(self, name)

    def sites(self) -> list[str]:
        """Give the names of all activations, in the order of the run."""
        return list(self._site_names)

    def aliases(self, name: str) -> list[str]:
        """Give the other names of a site."""
        name = self.resolve(name)
        return next(a for n, _, a in self._core.sites() if n == name)

    def resolve(self, name: str) -> str:
        """Give the canonical name of a site in any spelling.

        Raises
        ------
        UnknownSiteError
            The model has none of that name; says the nearest.
        """
        if name not in self._resolved:
            self._resolved[name] = self._core.resolve(
                checked_text(name, "site")
            )
        return self._resolved[name]

    @functools.cached_property
    def _site_names(self) -> list[str]:
        return [name for name, _, _ in self._core.sites()]

    @functools.cached_property
    def _patterns(self) -> list[str]:
        return [name for name in self._site_names if name.endswith(".pattern")]

    @functools.cached_property
    def _listed(self) -> list[str]:
        return [
            name for name in self._site_names if not name.endswith(".scores")
        ]

    @functools.cached_property
    def _tree(self) -> dict[str, dict[str, None]]:
        """Names below each path, in the order of the run."""
        tree: dict[str, dict[str, None]] = {"": {}}
        for name in self._site_names:
            path = ""
            for part in name.split("."):
                tree.setdefault(path, {})[part] = None
                path = f"{path}.{part}" if path else part
        return tree

    def _short(self, path: str) -> str:
        """Give a path without the trunk's prefix: "layers.3.mlp"."""
        base = self._core.layer_paths[0].rsplit(".", 2)[0] + "."
        return path.removeprefix(base)

    # Text and tokens.

    def _require_tokenizer(self) -> Any:
        if self._tokenizer is None:
            raise ModelError(_core.why_no_tokenizer(self._core))
        return self._tokenizer

    def encode(self, text: str) -> list[int]:
        """Give the token ids of a text, as every method that takes text does.

        A BOS token comes first where the model's own tokenizer puts one; a text
        that already begins with it gets no second one, and a warning.

        Raises
        ------
        ModelError
            The model has no tokenizer.
        """
        tokenizer = self._require_tokenizer()
        checked_text(text)
        if tokenizer is not self._own_tokenizer:
            return token_ids(tokenizer.encode(text))
        ids, suppressed = tokenizer._core.encode(text, "auto", True, True)
        if suppressed:
            warnings.warn(
                "the text begins with the BOS token already; it gets no "
                "second one",
                stacklevel=2,
            )
        return ids

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Give the token ids of several texts."""
        return [self.encode(text) for text in texts]

    def decode(self, tokens: Any) -> str:
        """Give the text of token ids."""
        if hasattr(tokens, "__array__") and np.ndim(tokens) != 1:
            tokens = np.reshape(np.asarray(tokens), -1)
        return self._require_tokenizer().decode(token_ids(tokens))

    def token_to_str(self, token_id: int) -> str:
        """Give the text of one token.

        Bytes that are no whole character on their own are shown as "<0xE2>",
        ids beyond the tokenizer as "<id:49155>".

        Raises
        ------
        UsageError
            An id that the model does not have.
        """
        if isinstance(token_id, np.ndarray) and token_id.size == 1:
            token_id = token_id.item()
        if type(token_id) is not int or token_id not in self._texts:
            tokenizer = self._require_tokenizer()
            most = max(self.vocab_size, len(self._own_tokenizer or ())) - 1
            number = bounded(token_id, "token_id", 0, most)
            own = tokenizer is self._own_tokenizer
            self._texts[number] = (
                tokenizer._core.token_text(number)
                if own
                else tokenizer.decode([number])
            )
            token_id = number
        return self._texts[token_id]

    def to_str_tokens(self, input: Any, prepend_bos: bool = False) -> list[str]:
        """Give the text of each token of a text or of ids.

        Parameters
        ----------
        input
            A text, or ids (of a batch the first sequence).
        prepend_bos
            Put a BOS token before the text if it has none yet.
        """
        prepend_bos = flag(prepend_bos, "prepend_bos")
        if isinstance(input, str):
            ids = self.encode(input)
            bos = getattr(self._require_tokenizer(), "bos_token_id", None)
            if prepend_bos and bos is not None and ids[:1] != [bos]:
                ids = [bos, *ids]
        else:
            ids = self._prompts(input)[0]
        return [self.token_to_str(i) for i in ids]

    def token_id(self, token: str | int, what: str = "token") -> int:
        """Give the id of one token, named by its text or by its id.

        Raises
        ------
        UsageError
            The text is several tokens (says which), or the id is not there.
        """
        if not isinstance(token, str):
            return bounded(token, what, 0, self.vocab_size - 1)
        ids = self._tokens_alone(token, what)
        if len(ids) != 1:
            pieces = ", ".join(repr(self.token_to_str(i)) for i in ids)
            raise UsageError(
                f"{what}: {token!r}: is {len(ids)} tokens ({pieces}); give one "
                "(a word in a text begins with a blank) or an id"
            )
        return ids[0]

    def _tokens_alone(self, text: str, what: str) -> list[int]:
        """Encode a text without special tokens."""
        tokenizer = self._require_tokenizer()
        checked_text(text, what)
        return token_ids(tokenizer.encode(text, add_special_tokens=False))

    def _prompts(self, inputs: Any) -> list[list[int]]:
        """Read a prompt or a batch of prompts."""
        if isinstance(inputs, str):
            return [self.encode(inputs)]
        if isinstance(inputs, (bytes, dict, set)) or inputs is None:
            raise TypeError(
                f"inputs: {type(inputs).__name__}: give a text, token ids, or "
                "a list of either"
            )
        if hasattr(inputs, "__array__") and not isinstance(
            inputs, (list, tuple)
        ):
            array = np.asarray(inputs)
            if array.dtype.kind not in "iu":
                raise TypeError(f"inputs: {array.dtype}: ids are whole numbers")
            if array.ndim not in (1, 2):
                raise UsageError(
                    f"inputs: {array.ndim} dimensions: give [tokens] or "
                    "[batch, tokens]"
                )
            inputs = np.atleast_2d(array).tolist()
        many = list(inputs)
        if not many:
            raise UsageError("inputs: are empty; give a text or token ids")
        if all(isinstance(one, str) for one in many):
            return [self.encode(one) for one in many]
        if any(isinstance(one, (list, tuple)) or np.ndim(one) for one in many):
            return [
                self.encode(one) if isinstance(one, str) else token_ids(one)
                for one in many
            ]
        return [token_ids(many)]

    def _input_texts(self, inputs: Any, count: int) -> list[str | None]:
        """Give those of `count` prompts that were texts."""
        many = inputs if self._is_batch(inputs) else [inputs]
        texts = [one if isinstance(one, str) else None for one in many]
        return texts if len(texts) == count else [None] * count

    @property
    def _other_texts(self) -> Callable[[int], str] | None:
        """What pages name tokens by; None: the model's own tokenizer."""
        own = self._tokenizer is self._own_tokenizer
        return None if own else self.token_to_str

    @staticmethod
    def _is_batch(inputs: Any) -> bool:
        """Whether inputs are several prompts, not one."""
        if isinstance(inputs, str):
            return False
        if hasattr(inputs, "ndim"):
            return inputs.ndim == 2
        return any(isinstance(one, str) or np.ndim(one) > 0 for one in inputs)

    # Runs.

    def trace(
        self,
        inputs: Any,
        interventions: Interventions = None,
        sites: str | Sequence[str] | None = None,
    ) -> Trace:
        """Run prompts and record every activation.

        Parameters
        ----------
        inputs
            A text, token ids, or a list of either: a batch, of any lengths.
        interventions
            A mapping of site names to edits or functions
            (`pellucid.interventions`), or a list of edits.
        sites
            Record these names or patterns alone ("model.layers.*"). Without
            it, everything can be asked for: what is beyond 256 MiB is recorded
            when it is asked for, by one more run.

        Returns
        -------
        Trace
            To be used as ``with model.trace(...) as trace:``.

        Raises
        ------
        UsageError
            No tokens, too many, ids out of range, edits that do not fit.
        UnknownSiteError
            A name that is no site; nothing is ignored in silence.
        """
        return Trace(self, inputs, interventions, sites)

    @property
    def output(self) -> OutputProxy:
        """Logits ``[batch, tokens, vocab]`` of the open trace.

        Raises
        ------
        UsageError
            No trace is open.
        """
        trace = current_trace(self, "output")
        return OutputProxy(trace, "__model_output__", trace.output)

    def __call__(self, inputs: Any) -> FloatArray:
        """Run prompts: logits ``[batch, tokens, vocab]``."""
        return Trace(self, inputs, sites="logits").output

    def unembed(self, residual: Any, final_norm: bool = True) -> FloatArray:
        """Give the model's logits of residual states.

        Parameters
        ----------
        residual
            ``[..., d_model]``.
        final_norm
            Whether the final norm comes first.

        Returns
        -------
        numpy.ndarray
            ``[..., vocab]`` float32, with the model's own bias, scale and cap.

        Raises
        ------
        UsageError
            Another width, NaN or infinities.
        """
        rows = floats(residual, "unembed: residual")
        d_model = self.config.d_model
        if rows.ndim == 0 or rows.shape[-1] != d_model:
            raise UsageError(
                f"unembed: shape {list(rows.shape)}: the last dimension must "
                f"be {d_model}"
            )
        flat = rows.reshape(-1, d_model)
        norm = flag(final_norm, "unembed: final_norm")
        made = _core.unembed(self._core, flat, norm)
        return made.reshape(*rows.shape[:-1], self.vocab_size)

    def __repr__(self) -> str:
        config = self.config
        return (
            "InterpretableModel(\n"
            f"  model={config.ref} ({config.architecture}),\n"
            f"  layers={config.n_layers},\n"
            f"  tokenizer={self._tokenizer!r}\n"
            ")"
        )


def default_model() -> InterpretableModel:
    """Open the default model.

    It is ``$PELLUCID_MODEL``, else the built-in ``smollm2-135m``.

    Raises
    ------
    ModelError
        It is not there; says the command that gets it.
    """
    return InterpretableModel()
