"""Run any causal model of transformers and keep every activation by site.

Module outputs come from forward hooks on all modules. Scores and patterns are
what goes into, and comes out of, the softmax that runs inside an attention
module: every modeling file calls `torch.nn.functional.softmax` there.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from transformers import PreTrainedModel

BLOCK = re.compile(r"(?P<list>.*\b(?:layers|h))\.\d+")
# Dropouts of the pattern run in one of a model's attentions only, phi's runs
# twice, and experts see some of the tokens each.
PASSED_OVER = re.compile(
    r"(attn_dropout|attention_dropout|layers\.\d+\.resid_dropout)$|\.experts\.."
)
HEAD_OF_MANY = re.compile(r"\.norms\.\d+$")  # each a module of its own
OUT_PROJECTIONS = ("o_proj", "out_proj", "dense")
DOWN_PROJECTIONS = ("down_proj", "dense_4h_to_h", "fc2", "fc_out", "c_proj")
# Where a block's second norm takes the stream between attention and MLP.
SECOND_NORMS = ("pre_feedforward_layernorm", "ln_2", "post_attention_layernorm")


class Recorder:
    """Hooks of one run, and what they find: site name to float32 array."""

    def __init__(self, model: PreTrainedModel) -> None:
        self.found: dict[str, np.ndarray] = {}
        self.tokens = 0
        self.config = model.config.get_text_config()
        self.heads = self.config.num_attention_heads
        self._running: list[str] = []  # attention modules entered, not left
        self._handles: list[Any] = []
        for name, module in model.named_modules():
            if name and not PASSED_OVER.search(name):
                self._watch(name, module)

    def remove(self) -> None:
        """Take the hooks off."""
        for handle in self._handles:
            handle.remove()

    def keep(self, name: str, value: torch.Tensor) -> None:
        """Store a value without its batch axis, tokens first.

        Raises
        ------
        ValueError
            If a site is met twice with different values.
        """
        array = value.detach().clone().float().numpy()
        if array.ndim > 2 and array.shape[0] == 1:
            array = array[0]
        if array.ndim == 3 and HEAD_OF_MANY.search(name):
            array = array[0]
        if array.ndim == 3 and array.shape[1] == self.tokens:
            array = array.swapaxes(0, 1)  # some norm heads after the turn
        if array.shape[0] != self.tokens:
            raise ValueError(f"{name}: shape {array.shape}")
        self._keep_array(name, array)

    def _keep_array(self, name: str, array: np.ndarray) -> None:
        if not np.array_equal(self.found.get(name, array), array):
            raise ValueError(f"{name} is met twice")
        self.found[name] = np.ascontiguousarray(array)

    def _watch(self, name: str, module: nn.Module) -> None:
        """Hook one module by what its name and kin say it is."""
        self._handles.append(
            module.register_forward_hook(self._output(name), with_kwargs=True)
        )
        for point in self._input_points(name, module):
            self._before(module, self._input(point))
        children = dict(module.named_children())
        if BLOCK.fullmatch(name) and "vision" not in name:
            second = _takes_middle(children, self.config)
            if second is not None:
                self._before(second, self._input(f"{name}.resid_mid"))
        if any(part in children for part in OUT_PROJECTIONS):
            self._before(module, lambda *_: self._running.append(name))
            leave = module.register_forward_hook(
                lambda *_: self._running.pop() and None
            )
            self._handles.append(leave)

    def _before(self, module: nn.Module, hook: Callable) -> None:
        self._handles.append(
            module.register_forward_pre_hook(hook, with_kwargs=True)
        )

    def _input_points(self, name: str, module: nn.Module) -> Iterator[str]:
        """Give the derived sites that a module's input is."""
        if BLOCK.fullmatch(name):
            yield f"{name}.resid_pre"
        parent, _, part = name.rpartition(".")
        if isinstance(module, nn.Linear) and part in OUT_PROJECTIONS:
            yield f"{parent}.z"
        if isinstance(module, nn.Linear) and part in DOWN_PROJECTIONS:
            yield f"{parent}.post"

    def _output(self, name: str) -> Callable:
        def hook(_module: nn.Module, args: Any, kwargs: Any, out: Any) -> None:
            value = out[0] if isinstance(out, tuple) else out
            if not isinstance(value, torch.Tensor):
                return  # of a model that holds the blocks
            called = [*args, *kwargs.values()]
            local = "sliding_attention" in [
                value for value in called if isinstance(value, str)
            ]
            self.keep(f"{name}_local" if local else name, value)

        return hook

    def _input(self, name: str) -> Callable:
        def hook(_module: nn.Module, args: Any, kwargs: Any) -> None:
            value = args[0] if args else kwargs["hidden_states"]
            if name.endswith(".z"):
                value = value.reshape(1, self.tokens, self.heads, -1)
                self._keep_array(name, value[0].detach().clone().numpy())
                return
            self.keep(name, value)

        return hook

    def keep_attention(
        self, scores: torch.Tensor, pattern: torch.Tensor
    ) -> None:
        """Store masked scores and pattern of the attention that runs."""
        if not self._running or scores.ndim != 4:
            return  # a router's softmax
        path = self._running[-1]
        # Twice the least float and more come of adding masks to masks.
        least = torch.finfo(torch.float32).min / 4
        masked = scores.masked_fill(scores < least, -torch.inf)
        above = torch.ones(masked.shape[-2:], dtype=torch.bool).triu(1)
        if not torch.isneginf(masked[0, :, above]).all():
            raise ValueError(f"{path}: the mask is not causal")
        self._keep_array(f"{path}.scores", masked[0].clone().numpy())
        self._keep_array(f"{path}.pattern", pattern[0].clone().numpy())


def is_parallel(config: Any) -> bool:
    """Say whether attention and MLP of a block read the same stream."""
    if config.model_type == "falcon":
        return config.new_decoder_architecture or config.parallel_attn
    return config.model_type in ("gptj", "phi", "cohere") or bool(
        getattr(config, "use_parallel_residual", False)
    )


def _takes_middle(
    children: dict[str, nn.Module], config: Any
) -> nn.Module | None:
    """Give the child whose input is the stream between attention and MLP."""
    if is_parallel(config):
        return None
    if config.model_type == "opt":
        normed = config.do_layer_norm_before
        return children["final_layer_norm" if normed else "fc1"]
    if config.model_type == "olmo2":
        return children["mlp"]
    return next(children[part] for part in SECOND_NORMS if part in children)


@contextmanager
def recorded_attention(recorder: Recorder) -> Iterator[None]:
    """Look into the softmax of attentions while a model runs."""
    plain = functional.softmax
    fused = functional.scaled_dot_product_attention

    def softmax(scores: torch.Tensor, *args: Any, **rest: Any) -> torch.Tensor:
        pattern = plain(scores, *args, **rest)
        recorder.keep_attention(scores.detach(), pattern.detach())
        return pattern

    def attention(
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attn_mask: torch.Tensor | None = None,
        **rest: Any,
    ) -> torch.Tensor:
        scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
        if attn_mask is None:
            above = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
            scores = scores.masked_fill(above, -torch.inf)
        else:
            scores = scores + attn_mask
        recorder.keep_attention(scores, plain(scores, dim=-1))
        return fused(query, key, value, attn_mask=attn_mask, **rest)

    functional.softmax = softmax
    functional.scaled_dot_product_attention = attention
    try:
        yield
    finally:
        functional.softmax = plain
        functional.scaled_dot_product_attention = fused


@torch.no_grad()
def capture(
    model: PreTrainedModel, ids: Sequence[int]
) -> dict[str, np.ndarray]:
    """Record every site of one unpadded sequence.

    Parameters
    ----------
    model
        A causal model with a head, in float32.
    ids
        Token ids.

    Returns
    -------
    dict of str to numpy.ndarray
        float32 arrays without a batch axis, by the module paths of the
        version of transformers that runs.
    """
    recorder = Recorder(model)
    recorder.tokens = len(ids)
    try:
        with recorded_attention(recorder):
            output = model(torch.tensor([list(ids)]), use_cache=False)
    finally:
        recorder.remove()
    found = recorder.found
    found["logits"] = output.logits[0].clone().numpy()
    block = next(name for name in found if BLOCK.fullmatch(name))
    found["embed"] = found[f"{block}.resid_pre"]
    return found
