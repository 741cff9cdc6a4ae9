"""Run a model of transformers with edits, by hooks on its modules."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from edits_maths import Json, edit_attention, edit_rows
from families_capture import OUT_PROJECTIONS
from torch import nn
from torch.nn import functional
from transformers import PreTrainedModel

KEY_PROJECTIONS = ("k_proj", "v_proj")
FUSED = {"q": 0, "k": 1, "v": 2}  # columns of gpt2's c_attn


class EditedRun:
    """Hooks that make edits while a model runs one prompt."""

    def __init__(
        self,
        model: PreTrainedModel,
        edits: Sequence[Json],
        tensors: dict[str, np.ndarray],
    ) -> None:
        self.model = model
        self.tensors = tensors
        self.config = model.config.get_text_config()
        self.modules = dict(model.named_modules())
        self.attention: list[Json] = []
        self.logits: list[Json] = []
        self.running: list[str] = []  # attention modules entered, not left
        self.handles: list[Any] = []
        self.entered: dict[str, torch.Tensor] = {}  # streams, by block
        for edit in edits:
            self._place(edit)
        for name, module in self.modules.items():
            parts = dict(module.named_children())
            if any(p in parts for p in OUT_PROJECTIONS) or "c_attn" in parts:
                self._watch(name, module)

    def _watch(self, name: str, module: nn.Module) -> None:
        enter = module.register_forward_pre_hook(
            lambda *_: self.running.append(name)
        )
        leave = module.register_forward_hook(
            lambda *_: self.running.pop() and None
        )
        self.handles += [enter, leave]

    def _place(self, edit: Json) -> None:
        """Hook what the edit's site is."""
        site = str(edit["site"]).replace(".block_sparse_moe", ".mlp")
        parent, _, part = site.rpartition(".")
        if part in ("scores", "pattern"):
            self.attention.append(edit)
        elif site == "logits":
            self.logits.append(edit)
        elif part in ("z", "post"):
            self._before(self._projection(parent), edit)
        elif site == "embed":
            block = next(n for n in self.modules if n.endswith(".0"))
            self._before(block, edit)
        elif part == "resid_mid":
            self._middle(parent, edit)
        elif part in FUSED:
            self._after(f"{parent}.c_attn", edit, FUSED[part])
        elif part == "gate" and "experts" in dict(
            self.modules[parent].named_children()
        ):
            self._router(site, edit)
        else:
            self._after(site, edit)

    def _projection(self, parent: str) -> str:
        names = ("o_proj", "c_proj", "down_proj")
        return next(
            f"{parent}.{n}" for n in names if f"{parent}.{n}" in self.modules
        )

    def _edit(self, edit: Json, value: torch.Tensor) -> torch.Tensor:
        """Edit a value [1, tokens, width]."""
        rows = value[0] if value.ndim == 3 else value
        part = str(edit["site"]).rpartition(".")[2]
        heads = self.config.num_attention_heads
        if part in KEY_PROJECTIONS:
            heads = self.config.num_key_value_heads
        new = edit_rows(edit, rows.numpy(), self._values(edit), heads)
        return torch.from_numpy(np.float32(new)).reshape(value.shape)

    def _values(self, edit: Json) -> np.ndarray | None:
        values = edit.get("values")
        if isinstance(values, dict):
            return self.tensors[str(values["tensor"])]
        return None if values is None else np.float32(values)

    def _after(self, name: str, edit: Json, third: int | None = None) -> None:
        """Edit a module's output, or the third of it that is q, k or v."""

        def hook(_module: nn.Module, _args: Any, out: Any) -> Any:
            value = out[0] if isinstance(out, tuple) else out
            if third is None:
                new = self._edit(edit, value)
            else:
                parts = list(value.chunk(3, dim=-1))
                parts[third] = self._edit(edit, parts[third])
                new = torch.cat(parts, dim=-1)
            return (new, *out[1:]) if isinstance(out, tuple) else new

        self.handles.append(self.modules[name].register_forward_hook(hook))

    def _before(self, name: str, edit: Json) -> None:
        """Edit a module's input."""

        def hook(_module: nn.Module, args: Any) -> Any:
            return (self._edit(edit, args[0]), *args[1:])

        self.handles.append(self.modules[name].register_forward_pre_hook(hook))

    def _middle(self, block: str, edit: Json) -> None:
        """Edit the stream behind attention: what that adds to it becomes so."""

        def enter(_module: nn.Module, args: Any) -> None:
            self.entered[block] = args[0]

        def hook(_module: nn.Module, _args: Any, out: Any) -> Any:
            stream = self.entered[block]
            value = out[0] if isinstance(out, tuple) else out
            new = self._edit(edit, stream + value) - stream
            return (new, *out[1:]) if isinstance(out, tuple) else new

        name = next(
            f"{block}.{n}"
            for n in ("self_attn", "attn")
            if f"{block}.{n}" in self.modules
        )
        self.handles += [
            self.modules[block].register_forward_pre_hook(enter),
            self.modules[name].register_forward_hook(hook),
        ]

    def _router(self, name: str, edit: Json) -> None:
        """Edit the numbers that choose experts, and choose again."""

        def hook(module: nn.Module, _args: Any, out: Any) -> Any:
            logits = self._edit(edit, out[0])
            best, chosen = torch.topk(
                functional.softmax(logits, dim=-1), module.top_k, dim=-1
            )
            return logits, best / best.sum(-1, keepdim=True), chosen

        self.handles.append(self.modules[name].register_forward_hook(hook))

    def edit_matrix(self, part: str, matrix: torch.Tensor) -> torch.Tensor:
        """Edit scores or pattern [1, heads, queries, keys]."""
        seen = self.seen[0, 0].numpy()
        unseen = 0.0 if part == "pattern" else -np.inf
        for edit in self.attention:
            site = str(edit["site"])
            if site != f"{self.running[-1]}.{part}":
                continue
            new = edit_attention(
                edit, matrix[0].numpy(), self._values(edit), seen, unseen
            )
            matrix = torch.from_numpy(np.float32(new))[None]
        return matrix

    @contextmanager
    def softmax(self) -> Iterator[None]:
        """Look into the softmax of attentions while a model runs."""
        plain = functional.softmax

        def edited(scores: torch.Tensor, *args: Any, **rest: Any) -> Any:
            if not self.running or scores.ndim != 4:
                return plain(scores, *args, **rest)
            # Twice the least float and more come of adding masks to masks.
            self.seen = scores > torch.finfo(torch.float32).min / 4
            scores = scores.masked_fill(~self.seen, -torch.inf)
            scores = self.edit_matrix("scores", scores)
            pattern: Callable = plain(scores, *args, **rest)
            return self.edit_matrix("pattern", pattern)

        functional.softmax = edited
        try:
            yield
        finally:
            functional.softmax = plain

    def remove(self) -> None:
        """Take the hooks off."""
        for handle in self.handles:
            handle.remove()


@torch.no_grad()
def run_edited(
    model: PreTrainedModel,
    ids: Sequence[int],
    edits: Sequence[Json],
    tensors: dict[str, np.ndarray],
) -> np.ndarray:
    """Run one prompt with edits.

    Parameters
    ----------
    model
        A causal model in float32, with eager attention.
    ids
        Token ids.
    edits
        As in JSON; values are lists, or name a tensor.
    tensors
        Those that edits name.

    Returns
    -------
    numpy.ndarray
        Logits [tokens, vocabulary], float32.
    """
    run = EditedRun(model, edits, tensors)
    try:
        with run.softmax():
            out = model(torch.tensor([list(ids)]), use_cache=False).logits
    finally:
        run.remove()
    for edit in run.logits:
        out = run._edit(edit, out)
    return out[0].numpy().copy()
