"""Run HF Llama or GPT-2 in eager float32 and keep every activation by site."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel
from transformers.models.gpt2 import modeling_gpt2
from transformers.models.llama import modeling_llama

LAYER = re.compile(r"(model\.layers|transformer\.h)\.\d+")
# What holds other modules and is no point of the computation itself.
CONTAINERS = ("", "model", "model.layers", "transformer", "transformer.h")


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
        "ln_2": "resid_mid",
        "o_proj": "z",
        "down_proj": "post",
    }
    if part == "c_proj":
        return f"{parent}.{'z' if parent.endswith('attn') else 'post'}"
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


def _keep_attention(
    found: dict[str, np.ndarray],
    path: str,
    scores: torch.Tensor,
    mask: torch.Tensor | None,
    pattern: torch.Tensor,
) -> None:
    """Store masked scores and the pattern, if the mask is the causal one."""
    steps = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
    if mask is not None:
        open_ = mask[0, 0] > torch.finfo(torch.float32).min / 2
        if not torch.equal(open_, steps):
            raise ValueError("the attention mask is not causal")
        scores = scores + mask
    found[f"{path}.scores"] = _array(scores.masked_fill(~steps, -torch.inf))
    found[f"{path}.pattern"] = _array(pattern)


@contextmanager
def _recorded_llama(
    names: Mapping[nn.Module, str], found: dict[str, np.ndarray]
) -> Iterator[None]:
    """Record scores and patterns of Llama's eager attention."""
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
        _keep_attention(found, names[module], scores, attention_mask, result[1])
        return result

    modeling_llama.eager_attention_forward = recorded
    try:
        yield
    finally:
        modeling_llama.eager_attention_forward = original


@contextmanager
def _recorded_gpt2(
    names: Mapping[nn.Module, str], found: dict[str, np.ndarray]
) -> Iterator[None]:
    """Record scores and patterns of both of GPT-2's eager attentions."""
    plain = modeling_gpt2.eager_attention_forward
    attention = modeling_gpt2.GPT2Attention
    upcast = attention._upcast_and_reordered_attn

    def recorded(
        module: nn.Module,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        scaling: float | None = None,
        **rest: Any,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        result = plain(
            module, query, key, value, attention_mask, scaling, **rest
        )
        scores = torch.matmul(query, key.transpose(2, 3)) * scaling
        _keep_attention(found, names[module], scores, attention_mask, result[1])
        return result

    def recorded_upcast(
        module: nn.Module,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        result = upcast(module, query, key, value, attention_mask)
        scores = torch.matmul(query, key.transpose(2, 3)) * module.scaling
        _keep_attention(found, names[module], scores, attention_mask, result[1])
        return result

    modeling_gpt2.eager_attention_forward = recorded
    attention._upcast_and_reordered_attn = recorded_upcast
    try:
        yield
    finally:
        modeling_gpt2.eager_attention_forward = plain
        attention._upcast_and_reordered_attn = upcast


def head_size(config: Any) -> int:
    """Give the width of a head of a Llama or GPT-2 config."""
    own = getattr(config, "head_dim", None)
    return own or config.hidden_size // config.num_attention_heads


@torch.no_grad()
def capture(
    model: PreTrainedModel, ids: Sequence[int]
) -> dict[str, np.ndarray]:
    """Record every site of one unpadded sequence.

    Parameters
    ----------
    model
        A Llama or GPT-2 with a head, in eager float32.
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
    head_dim = head_size(model.config)
    gpt2 = model.config.model_type == "gpt2"
    recorded_attention = _recorded_gpt2 if gpt2 else _recorded_llama

    for module, name in names.items():
        if name in (*CONTAINERS, "lm_head") or name.endswith("attn_dropout"):
            continue  # the last one runs in one of GPT-2's attentions only
        handles.append(module.register_forward_hook(_keep_output(found, name)))
        point = _input_point(name)
        if point is not None:
            keep = _keep_input(found, point, head_dim)
            handles.append(
                module.register_forward_pre_hook(keep, with_kwargs=True)
            )
    try:
        with recorded_attention(names, found):
            output = model(torch.tensor([list(ids)]), use_cache=False)
    finally:
        for handle in handles:
            handle.remove()
    found["logits"] = _array(output.logits)
    return found
