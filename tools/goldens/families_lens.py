"""Lens goldens of any family: its own final norm, projection and head.

The norm before the head, and what projects from it, run in float32 as the
model does them; from the head's dot products on everything is float64.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from families_capture import BLOCK
from lens_reference import decoded_cells, statistics
from torch import nn
from transformers import PreTrainedModel

FINAL_NORMS = ("norm", "ln_f", "final_layer_norm", "final_layernorm")


def trunk(model: PreTrainedModel) -> nn.Module:
    """Give the module that holds the blocks and the final norm."""
    inner = model.base_model
    inner = getattr(inner, "language_model", inner)
    return getattr(inner, "decoder", inner)


def final_steps(model: PreTrainedModel) -> list[nn.Module]:
    """Give what a residual passes on its way to the head, in order."""
    inner = trunk(model)
    norms = (getattr(inner, name, None) for name in FINAL_NORMS)
    steps = [norm for norm in norms if norm is not None]
    project = getattr(inner, "project_out", None)
    return steps if project is None else [*steps, project]


@torch.no_grad()
def normed(model: PreTrainedModel, rows: np.ndarray) -> torch.Tensor:
    """Give what enters the head [tokens, d_embed] for residuals."""
    value = torch.from_numpy(rows)[None]
    for step in final_steps(model):
        value = step(value)
    return value[0]


def shaped(config: Any, logits: np.ndarray) -> np.ndarray:
    """Apply a family's scale and cap to the head's products."""
    if config.model_type == "granite":
        logits = logits / config.logits_scaling
    if config.model_type == "cohere":
        logits = logits * config.logit_scale
    cap = getattr(config, "final_logit_softcapping", None)
    return logits if cap is None else np.tanh(logits / cap) * cap


@torch.no_grad()
def logits64(model: PreTrainedModel, rows: np.ndarray) -> np.ndarray:
    """Give float64 logits [tokens, vocab] of residuals [tokens, d]."""
    weight = model.lm_head.weight.numpy().astype(np.float64)
    products = normed(model, rows).numpy().astype(np.float64) @ weight.T
    if model.lm_head.bias is not None:
        products += model.lm_head.bias.numpy()
    return shaped(model.config.get_text_config(), products)


@torch.no_grad()
def logits32(model: PreTrainedModel, rows: np.ndarray) -> np.ndarray:
    """Give the logits of residuals in float32."""
    products = model.lm_head(normed(model, rows)).numpy()
    return shaped(model.config.get_text_config(), products)


def residual_rows(sites: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Pick the rows of the logit lens: the embedding and every block."""
    blocks = [name for name in sites if BLOCK.fullmatch(name)]
    blocks.sort(key=lambda name: int(name.rpartition(".")[2]))
    return {name: sites[name] for name in ("embed", *blocks)}


def lens(
    model: PreTrainedModel,
    sites: Mapping[str, np.ndarray],
    ids: Sequence[int],
    target: int,
) -> dict[str, Any]:
    """Compute the golden lens of one prompt, in the form of `lens_reference`.

    Parameters
    ----------
    model
        The model.
    sites
        Result of `capture` on `ids`.
    ids
        Token ids of the prompt.
    target
        A token to watch.

    Returns
    -------
    dict
        JSON value; `rows` holds one object a row with its cells.
    """
    residuals = residual_rows(sites)
    final = logits64(model, list(residuals.values())[-1])
    rows = []
    for layer, (site, residual) in enumerate(residuals.items(), start=-1):
        cells = decoded_cells(logits64(model, residual), final, ids, target)
        rows.append({"site": site, "layer": layer, "cells": cells})
    return {"ids": list(ids), "target": target, "rows": rows}


def crosscheck(
    model: PreTrainedModel, sites: Mapping[str, np.ndarray]
) -> dict[str, float]:
    """Measure float32 logits and statistics against the float64 ones.

    Raises
    ------
    ValueError
        If the last row is not what the model itself gives.
    """
    residuals = list(residual_rows(sites).values())
    final64 = logits64(model, residuals[-1])
    final32 = logits32(model, residuals[-1])
    worst = {"logit": 0.0, "statistic": 0.0}
    for residual in residuals:
        wide = logits64(model, residual)
        narrow = logits32(model, residual)
        worst["logit"] = max(worst["logit"], float(abs(wide - narrow).max()))
        for a, b in zip(
            statistics(wide, final64), statistics(narrow, final32), strict=True
        ):
            worst["statistic"] = max(
                worst["statistic"], float(abs(a - b).max())
            )
    if abs(final32 - sites["logits"]).max() > 1e-5 * abs(final32).max():
        raise ValueError("the last row is not the model's own logits")
    return worst
