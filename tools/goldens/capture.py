"""Run HF Llama in eager float32 and keep every activation by site name."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.models.llama import modeling_llama

LAYER = re.compile(r"model\.layers\.\d+")


def build_model(
    config: Mapping[str, Any], state: Mapping[str, np.ndarray]
) -> LlamaForCausalLM:
    """Build an eager float32 model from config keys and weights.

    Parameters
    ----------
    config
        Keys of config.json.
    state
        float32 weights by HF name; a tied head is absent.

    Returns
    -------
    transformers.LlamaForCausalLM
        The model, in evaluation mode.
    """
    settings = LlamaConfig(**config, attn_implementation="eager")
    model = LlamaForCausalLM(settings).float()
    tensors = {name: torch.from_numpy(array) for name, array in state.items()}
    wrong = model.load_state_dict(tensors, strict=False)
    allowed = {"lm_head.weight"} if settings.tie_word_embeddings else set()
    if wrong.unexpected_keys or set(wrong.missing_keys) - allowed:
        raise ValueError(f"weights do not fit: {wrong}")
    model.tie_weights()
    return model.eval()


def _first(value: Any) -> torch.Tensor:
    """Take the tensor, or the first element of a tuple."""
    return value[0] if isinstance(value, tuple) else value


def _array(value: torch.Tensor) -> np.ndarray:
    """Copy a tensor of batch size one to an array without a batch axis."""
    return value.detach()[0].clone().numpy()


def _input_point(name: str) -> str | None:
    """Give the derived site that a module's input is, if it is one."""
    if LAYER.fullmatch(name):
        return f"{name}.resid_pre"
    parent, _, part = name.rpartition(".")
    sites = {
        "post_attention_layernorm": "resid_mid",
        "o_proj": "z",
        "down_proj": "post",
    }
    return f"{parent}.{sites[part]}" if part in sites else None


def _keep_output(found: dict[str, np.ndarray], name: str) -> Callable:
    """Make a hook that stores a module's output under `name`."""

    def hook(_module: nn.Module, _args: Any, output: Any) -> None:
        found[name] = _array(_first(output))

    return hook


def _keep_input(
    found: dict[str, np.ndarray], name: str, head_dim: int
) -> Callable:
    """Make a hook that stores a module's input; `z` is split in heads."""

    def hook(_module: nn.Module, args: Any, kwargs: Any) -> None:
        array = _array(args[0] if args else kwargs["hidden_states"])
        if name.endswith(".z"):
            array = array.reshape(len(array), -1, head_dim)
        found[name] = array

    return hook


@contextmanager
def _recorded_attention(
    names: Mapping[nn.Module, str], found: dict[str, np.ndarray]
) -> Iterator[None]:
    """Record scores and patterns of the eager attention while it is active."""
    original = modeling_llama.eager_attention_forward

    def recorded(
        module: nn.Module,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attention_mask: torch.Tensor | None,
        scaling: float,
        **rest: Any,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        result = original(
            module, query, key, value, attention_mask, scaling, **rest
        )
        keys = modeling_llama.repeat_kv(key, module.num_key_value_groups)
        scores = torch.matmul(query, keys.transpose(2, 3)) * scaling
        steps = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
        if attention_mask is not None:
            open_ = attention_mask[0, 0] > torch.finfo(torch.float32).min / 2
            if not torch.equal(open_, steps):
                raise ValueError("the attention mask is not causal")
            scores = scores + attention_mask
        path = names[module]
        scores = scores.masked_fill(~steps, -torch.inf)
        found[f"{path}.scores"] = _array(scores)
        found[f"{path}.pattern"] = _array(result[1])
        return result

    modeling_llama.eager_attention_forward = recorded
    try:
        yield
    finally:
        modeling_llama.eager_attention_forward = original


@torch.no_grad()
def capture(
    model: LlamaForCausalLM, ids: Sequence[int]
) -> dict[str, np.ndarray]:
    """Record every site of one unpadded sequence.

    Parameters
    ----------
    model
        A model of `build_model`.
    ids
        Token ids.

    Returns
    -------
    dict of str to numpy.ndarray
        float32 arrays without a batch axis: module outputs by module path
        (a block's path is the residual stream after it), the derived points
        `resid_pre`, `resid_mid`, `scores`, `pattern`, `z`, `mlp.post`, and
        `logits`.
    """
    found: dict[str, np.ndarray] = {}
    names = {module: name for name, module in model.named_modules()}
    handles = []

    for module, name in names.items():
        if name in ("", "model", "model.layers", "lm_head"):
            continue
        handles.append(module.register_forward_hook(_keep_output(found, name)))
        point = _input_point(name)
        if point is not None:
            keep = _keep_input(found, point, model.config.head_dim)
            handles.append(
                module.register_forward_pre_hook(keep, with_kwargs=True)
            )
    try:
        with _recorded_attention(names, found):
            output = model(torch.tensor([list(ids)]), use_cache=False)
    finally:
        for handle in handles:
            handle.remove()
    found["logits"] = _array(output.logits)
    return found
