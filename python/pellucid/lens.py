"""What each layer would predict: the logit lens as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import _core
from ._apply import edits_of
from ._arguments import FloatArray, bounded, floats, index, selection
from ._extras import need
from .edits import Interventions
from .errors import UsageError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from ._arguments import Selection
    from .model import InterpretableModel

IntArray = npt.NDArray[np.int64]

# What a plot can shade; the last three are of a cell, not of its top-1 token.
METRICS = ("prob", "logprob", "logit", "rank", "entropy", "kl")


@dataclass(frozen=True)
class Crystallization:
    """From which block on a token is the prediction.

    Attributes
    ----------
    id, text
        The token.
    first_hit : numpy.ndarray
        ``[positions]``: the first block whose top-1 token it is; -1: none.
    stable_from : numpy.ndarray
        ``[positions]``: the block from which on it stays so; -1: it does not.
    """

    id: int
    text: str
    first_hit: IntArray
    stable_from: IntArray


class Lens:
    """The logit lens of one prompt. `InterpretableModel.lens` makes it.

    Logits are scores before the softmax, as the model defines them (after its
    scale and cap); log-probabilities are in nats; probabilities are of the
    softmax over the whole vocabulary. R rows, P positions, K tokens a cell.

    Attributes
    ----------
    input_ids : list of int
        The prompt.
    tokens : list of str
        Its tokens' texts.
    positions : numpy.ndarray
        ``[P]``: those that are shown.
    sites : list of str
        ``[R]``: names of the rows.
    layers : numpy.ndarray
        ``[R]``: their blocks; -1 is the embedding row.
    own_norm : list of bool
        ``[R]``: a row of what a module adds, normalised by itself.
    ids, logits, logprobs, probs : numpy.ndarray
        ``[R, P, K]``: the K tokens of the highest logits.
    logz, entropy, kl : numpy.ndarray
        ``[R, P]``, nats: log of the sum of exp(logit); entropy of the softmax;
        KL(final row || this row).
    rank : numpy.ndarray
        ``[R, P]``: of the final row's top-1 token of that position; 1 is the
        highest.
    next_logprobs, next_ranks : numpy.ndarray
        ``[R, P]``: of the prompt's own next token; NaN and -1 at its end.
    target_ids : list of int
        ``[T]``: tokens that were asked for.
    target_logits, target_logprobs, target_probs, target_ranks : numpy.ndarray
        ``[R, P, T]``.
    summary : list of dict
        ``[R]``: means over the positions.
    max_abs_last_row_minus_logits : float
        How far the last row is from the model's own logits: 0.
    """

    def __init__(
        self, model: InterpretableModel, arrays: dict[str, Any]
    ) -> None:
        text = model.token_to_str if model.tokenizer is not None else _no_text
        self.input_ids: list[int] = arrays["ids"]
        self.tokens = [text(i) for i in self.input_ids]
        self.positions: IntArray = np.array(arrays["positions"], dtype=np.int64)
        self.sites: list[str] = arrays["sites"]
        self.layers: IntArray = np.array(arrays["layers"], dtype=np.int64)
        self.own_norm: list[bool] = arrays["own_norm"]
        self._set_scores(arrays)
        self.summary: list[dict[str, Any]] = arrays["summary"]
        self.max_abs_last_row_minus_logits: float = arrays[
            "max_abs_last_row_minus_logits"
        ]
        self.forward_ms: float = arrays["forward_ms"]
        self.lens_ms: float = arrays["lens_ms"]
        self.n_layers: int = model.config.n_layers
        self.title = f"{model.config.ref}, logit lens"
        known = {*map(int, np.unique(self.ids)), *self.target_ids}
        self._texts = {i: text(i) for i in known if i >= 0}

    def _set_scores(self, arrays: dict[str, Any]) -> None:
        top, after = arrays["top"], arrays["next"]
        self.ids: IntArray = top["ids"]
        self.logits: FloatArray = top["logits"]
        self.logprobs: FloatArray = top["logprobs"]
        self.probs: FloatArray = top["probs"]
        self.logz: FloatArray = arrays["logz"]
        self.entropy: FloatArray = arrays["entropy"]
        self.kl: FloatArray = arrays["kl"]
        self.rank: IntArray = arrays["followed_scores"]["ranks"]
        self._followed: dict[str, Any] = arrays["followed_scores"]
        self.next_logprobs: FloatArray = after["logprobs"]
        self.next_ranks: IntArray = after["ranks"]
        scores = arrays["target_scores"]
        self.target_ids: list[int] = [t["id"] for t in arrays["targets"]]
        self.target_logits: FloatArray = scores["logits"]
        self.target_logprobs: FloatArray = scores["logprobs"]
        self.target_probs: FloatArray = scores["probs"]
        self.target_ranks: IntArray = scores.get(
            "ranks", np.zeros(scores["logits"].shape, np.int64)
        )
        self._depths = {t["id"]: t for t in arrays["targets"]}

    @property
    def labels(self) -> list[str]:
        """A short name of each row: "embed", "0", "1 attn_out"."""
        return [
            _label(site, int(layer))
            for site, layer in zip(self.sites, self.layers, strict=True)
        ]

    @property
    def top_texts(self) -> list[list[list[str]]]:
        """``[R, P, K]``: the texts of `ids`."""
        return [
            [[self._texts[i] for i in cell] for cell in row]
            for row in self.ids.tolist()
        ]

    def text(self, token_id: int) -> str:
        """Give the text of a token that stands in the lens."""
        return self._texts.get(token_id, f"<id:{token_id}>")

    def crystallization(
        self, target: int | str | None = None
    ) -> Crystallization:
        """Say from which block on a token is the prediction.

        Parameters
        ----------
        target
            The id or the text of a token; None: the final row's top-1 token at
            the last position.

        Raises
        ------
        UsageError
            The lens has not the rows of all blocks, and the token was not
            among its `targets`; or no token of the lens has that text.
        """
        number = self._find(target)
        if number in self._depths:
            depth = self._depths[number]
            first, stable = depth["first_hit"], depth["stable_from"]
        else:
            first, stable = self._depth_of(number)
        return Crystallization(number, self.text(number), first, stable)

    def _find(self, target: int | str | None) -> int:
        if target is None:
            return int(self._followed["ids"][-1, -1])
        if isinstance(target, str):
            found = [i for i, text in self._texts.items() if text == target]
            if len(found) != 1:
                raise UsageError(
                    f"crystallization: {target!r}: is no token of this lens; "
                    "give it to lens(targets=...), or an id"
                )
            return found[0]
        return index(target, "crystallization: target")

    def _depth_of(self, number: int) -> tuple[IntArray, IntArray]:
        blocks = [
            row
            for row, site in enumerate(self.sites)
            if self.layers[row] >= 0
            and not self.own_norm[row]
            and not site.endswith("resid_mid")
        ]
        if [int(self.layers[row]) for row in blocks] != list(
            range(self.n_layers)
        ):
            raise UsageError(
                "crystallization: the lens has not the rows of all blocks; "
                "give the token to lens(targets=...)"
            )
        hits = self.ids[blocks, :, 0] == number
        first = np.where(hits.any(axis=0), hits.argmax(axis=0), -1)
        # The last block without it; behind that it stays.
        misses = ~hits
        last_miss = np.where(
            misses.any(axis=0),
            len(blocks) - 1 - misses[::-1].argmax(axis=0),
            -1,
        )
        stable = np.where(hits[-1], last_miss + 1, -1)
        return first.astype(np.int64), stable.astype(np.int64)

    def metric(self, name: str = "prob") -> FloatArray:
        """Give one number a cell, ``[R, P]``.

        Parameters
        ----------
        name
            "prob", "logprob", "logit": of the cell's top-1 token, or of the
            first target where there are targets. "rank": of the final row's
            top-1 token, or of the first target. "entropy", "kl".

        Raises
        ------
        UsageError
            Another name.
        """
        if name not in METRICS:
            raise UsageError(
                f"metric: {name!r}: give one of {', '.join(METRICS)}"
            )
        if name in ("entropy", "kl"):
            return getattr(self, name)
        if self.target_ids:
            return getattr(self, f"target_{name}s")[:, :, 0]
        if name == "rank":
            return self.rank
        return getattr(self, f"{name}s")[:, :, 0]

    def to_pandas(self) -> pd.DataFrame:
        """Give a table: one line a row, position and token of the top K.

        Raises
        ------
        ImportError
            pandas is not there.
        """
        pandas = need("pandas", "pandas")
        _rows, _positions, k = self.ids.shape
        row, at, rank = (a.ravel() for a in np.indices(self.ids.shape))
        token_ids = np.array(self.input_ids)[self.positions][at]
        return pandas.DataFrame(
            {
                "site": np.array(self.sites, dtype=object)[row],
                "layer": self.layers[row],
                "position": self.positions[at],
                "token_id": token_ids,
                "token": [self.tokens[p] for p in self.positions[at]],
                "k": rank + 1,
                "id": self.ids.ravel(),
                "text": [self._texts[i] for i in self.ids.ravel().tolist()],
                "logit": self.logits.ravel(),
                "logprob": self.logprobs.ravel(),
                "prob": self.probs.ravel(),
                "entropy": np.repeat(self.entropy, k),
                "kl_to_final": np.repeat(self.kl, k),
                "logz": np.repeat(self.logz, k),
            }
        )

    def plot(self, metric: str = "prob", **options: Any) -> Figure:
        """Draw it: a column a token, the last block on top.

        Parameters
        ----------
        metric
            What the cells are shaded by (`metric`).
        **options
            Of `pellucid.plots.heatmap`: figsize, cmap, ax, ...

        Raises
        ------
        ImportError
            matplotlib is not there.
        """
        from .plots import plot_lens

        return plot_lens(self, metric, **options)

    def _repr_html_(self) -> str:
        from .html import lens_table

        return lens_table(self)

    def __repr__(self) -> str:
        rows, positions, k = self.ids.shape
        return f"Lens({rows} rows, {positions} positions, top {k})"


def _no_text(token_id: int) -> str:
    return f"<id:{token_id}>"


def _label(site: str, layer: int) -> str:
    if layer < 0:
        return "embed"
    last = site.rsplit(".", 1)[-1]
    return str(layer) if last == str(layer) else f"{layer} {last}"


class LensMethods:
    """What `InterpretableModel` does with the lens."""

    def lens(
        self: InterpretableModel,
        inputs: Any,
        layers: Selection = None,
        positions: Selection = None,
        sites: str | Sequence[str] = "resid_post",
        top_k: int = 5,
        targets: int | str | Sequence[int | str] = (),
        skip_first: int = 0,
        embed: bool = True,
        interventions: Interventions = None,
    ) -> Lens | list[Lens]:
        """Decode every layer at every position with the model's own head.

        The last row is the model's output, bit for bit. Method: nostalgebraist,
        "interpreting GPT: the logit lens" (2020).

        Parameters
        ----------
        inputs
            A text or token ids; or a list of them, for a lens each.
        layers
            Blocks: an index, several, a slice, or text such as "0:30:4".
        positions
            Of the prompt: the same.
        sites
            Rows of each block: "resid_post", "resid_mid", "attn_out",
            "mlp_out", or several.
        top_k
            Tokens that are kept a cell.
        targets
            Tokens to follow wherever they stand, by text or id.
        skip_first
            Positions left out of the summary.
        embed
            With all layers: also the row of what enters block 0.
        interventions
            Edits of the run that is decoded.

        Raises
        ------
        UsageError
            A layer, a position, `top_k` or a target that is not there; an edit
            of what comes after the blocks.
        """
        many = [targets] if isinstance(targets, (str, int)) else list(targets)
        if not isinstance(sites, str):
            sites = ",".join(sites)
        made = _core.lens(
            self._core,
            self._prompts(inputs),
            selection(layers, "layers"),
            selection(positions, "positions"),
            sites,
            bool(embed),
            bounded(top_k, "top_k", 1, self.vocab_size),
            [self.token_id(target, "targets") for target in many],
            bounded(skip_first, "skip_first", 0),
            "each",
            edits_of(self, interventions),
        )
        lenses = [Lens(self, arrays) for arrays in made]
        return lenses if self._is_batch(inputs) else lenses[0]

    def logit_lens(
        self: InterpretableModel,
        text: str | Sequence[int],
        top_k: int = 1,
        layers: Sequence[int] | None = None,
        position: int | None = None,
        plot: bool = False,
        max_display_tokens: int = 15,
        figsize: tuple[float, float] = (16, 10),
        cmap: str = "viridis",
        font_family: str | None = None,
        final_norm: Any | None = None,
        skip_norm: bool = False,
    ) -> dict[int, list[list[tuple[int, float, str]]]]:
        """Say what each block would predict, as mlxterp's `logit_lens` does.

        Parameters
        ----------
        text
            The prompt, or its token ids.
        top_k
            Tokens a cell.
        layers
            Blocks, negative ones from the last; None: all.
        position
            One position, negative ones from the end; None: all.
        plot
            Also draw a heatmap: colour is the probability of a cell's top-1
            token, from 0 to 1.
        max_display_tokens
            The last so many positions are drawn.
        figsize, cmap, font_family
            Of the heatmap. Without a family, fonts are chosen that have the
            letters.
        final_norm
            Another function of states ``[positions, d_model]`` in place of the
            model's final norm.
        skip_norm
            No norm at all.

        Returns
        -------
        dict
            ``{block: [[(id, score, text), ...] of each position]}``. Scores
            are logits, not probabilities (`lens` gives both). With `position`,
            each list holds that position alone.

        Raises
        ------
        UsageError
            A block or position that is not there, or `top_k`.
        """
        if self._is_batch(text):
            raise TypeError("logit_lens: give one text; lens() takes several")
        chosen = self._blocks(layers)
        at = None if position is None else index(position, "position")
        bounded(top_k, "top_k", 1, self.vocab_size)
        if skip_norm or final_norm is not None:
            cells = self._custom_lens(
                text, chosen, at, top_k, final_norm, skip_norm
            )
        else:
            cells = self._own_lens(text, chosen, at, top_k)
        results = {
            layer: [
                [
                    (token, score, self.token_to_str(token))
                    for token, score in zip(ids, scores, strict=True)
                ]
                for ids, scores in zip(*cells[layer][:2], strict=True)
            ]
            for layer in chosen
        }
        if plot:
            from .plots import plot_logit_lens

            plot_logit_lens(
                self,
                text,
                results,
                np.array([cells[layer][2] for layer in chosen]),
                at,
                max_display_tokens=bounded(
                    max_display_tokens, "max_display_tokens", 1
                ),
                figsize=figsize,
                cmap=cmap,
                font_family=font_family,
            )
        return results

    def _blocks(
        self: InterpretableModel, layers: Sequence[int] | None
    ) -> list[int]:
        n = len(self.layers)
        if layers is None:
            return list(range(n))
        many = (
            layers
            if isinstance(layers, Sequence)
            else list(np.atleast_1d(layers))
        )
        chosen = []
        for layer in many:
            number = index(layer, "layers")
            if not -n <= number < n:
                raise UsageError(
                    f"layers: {number}: the model has {n}, numbered 0 to "
                    f"{n - 1}"
                )
            chosen.append(number % n)
        if not chosen:
            raise UsageError("layers: is an empty choice; name at least one")
        return list(dict.fromkeys(chosen))

    def _own_lens(
        self: InterpretableModel,
        text: Any,
        layers: list[int],
        position: int | None,
        top_k: int,
    ) -> dict[int, tuple[list, list, list]]:
        """Ids and logits ``[positions, k]`` and top-1 probabilities a block."""
        made = _core.lens(
            self._core,
            self._prompts(text),
            selection(layers, "layers"),
            selection(position, "position"),
            embed_row=False,
            top_k=top_k,
        )[0]
        top = made["top"]
        ids, logits = top["ids"].tolist(), top["logits"].tolist()
        probs = top["probs"][:, :, 0].tolist()
        return {
            layer: (ids[row], logits[row], probs[row])
            for row, layer in enumerate(made["layers"])
        }

    def _custom_lens(
        self: InterpretableModel,
        text: Any,
        layers: list[int],
        position: int | None,
        top_k: int,
        final_norm: Any | None,
        skip_norm: bool,
    ) -> dict[int, tuple[list, list, list]]:
        names = [self._core.layer_paths[layer] for layer in layers]
        trace = self.trace(text, sites=names)
        out = {}
        for layer, name in zip(layers, names, strict=True):
            states = trace.activations[name][0]
            if position is not None:
                n = len(states)
                if not -n <= position < n:
                    raise UsageError(
                        f"position: {position}: the prompt has {n} tokens, "
                        f"numbered 0 to {n - 1} or {-n} to -1"
                    )
                states = states[[position]]
            if not skip_norm:
                states = floats(final_norm(states), "final_norm")
            logits = self.unembed(states, final_norm=False)
            ids = top_ids(logits, top_k)
            wide = logits.astype(np.float64)
            best = wide.max(axis=-1, keepdims=True)
            probs = 1 / np.exp(wide - best).sum(axis=-1)
            scores = np.take_along_axis(logits, ids, axis=-1)
            out[layer] = (ids.tolist(), scores.tolist(), probs.tolist())
        return out

    def get_token_predictions(
        self: InterpretableModel,
        hidden_state: Any,
        top_k: int = 10,
        return_scores: bool = False,
        embedding_layer: Any | None = None,
        lm_head: Any | None = None,
    ) -> list:
        """Decode normalised states with the model's output projection.

        Parameters
        ----------
        hidden_state
            ``[d_model]`` or ``[batch, d_model]``, as the final norm leaves it.
            Logits, ``[vocab]`` or ``[batch, vocab]``, are taken as they are.
        top_k
            Tokens.
        return_scores
            Give (id, logit) pairs.
        embedding_layer
            Something else to project with: its ``weight`` ``[vocab, d_model]``.
        lm_head
            A function that projects. Goes before `embedding_layer`.

        Returns
        -------
        list
            Ids or pairs, the highest logit first, of equal ones the lower id;
            for a batch a list of such lists.

        Raises
        ------
        UsageError
            Another shape, NaN or infinities, or `top_k` out of range.
        """
        states = floats(hidden_state, "hidden_state")
        if states.ndim not in (1, 2):
            raise UsageError(
                f"hidden_state: shape {list(states.shape)}: give [d_model] or "
                "[batch, d_model]"
            )
        bounded(top_k, "top_k", 1, self.vocab_size)
        if lm_head is not None:
            logits = floats(lm_head(states), "lm_head")
        elif embedding_layer is not None and hasattr(
            embedding_layer, "as_linear"
        ):
            logits = embedding_layer.as_linear(states)
        elif embedding_layer is not None:
            weight = floats(embedding_layer.weight, "embedding_layer")
            logits = states @ weight.T
        elif states.shape[-1] == self.vocab_size != self.config.d_model:
            logits = states
        else:
            logits = self.unembed(states, final_norm=False)
        rows = np.atleast_2d(logits)
        ids = top_ids(rows, min(top_k, rows.shape[-1]))
        scores = np.take_along_axis(rows, ids, axis=-1)
        made = [
            list(zip(i, s, strict=True)) if return_scores else i
            for i, s in zip(ids.tolist(), scores.tolist(), strict=True)
        ]
        return made[0] if states.ndim == 1 else made

    @staticmethod
    def _is_batch(inputs: Any) -> bool:
        """Whether inputs are several prompts, not one."""
        if isinstance(inputs, str):
            return False
        if hasattr(inputs, "ndim"):
            return inputs.ndim == 2
        return any(isinstance(one, str) or np.ndim(one) > 0 for one in inputs)


def top_ids(logits: FloatArray, k: int) -> IntArray:
    """Find the k highest of each row, of equal ones the lower ids first."""
    if k < logits.shape[-1]:
        # All that could be among the first k, so that ties go by id.
        kth = np.partition(logits, -k, axis=-1)[..., -k]
        rows = []
        for row, least in zip(logits, kth, strict=True):
            found = np.flatnonzero(row >= least)
            rows.append(found[np.argsort(-row[found], kind="stable")][:k])
        return np.array(rows, dtype=np.int64)
    return np.argsort(-logits, axis=-1, kind="stable")[..., :k]
