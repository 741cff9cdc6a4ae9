"""Lens statistics in float64 from float32 residuals.

The final norm runs in float32 as the model does it; dot products, softmax
and every statistic run in float64.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedModel

TOP_K = 5


def final_norm(model: PreTrainedModel) -> torch.nn.Module:
    """Give the norm before the head of a Llama or GPT-2."""
    if model.config.model_type == "gpt2":
        return model.transformer.ln_f
    return model.model.norm


def number(value: float) -> float:
    """Round to 10 significant digits, to keep the JSON small."""
    return float(f"{value:.10g}")


def residual_rows(
    sites: Mapping[str, np.ndarray], layers: int
) -> dict[str, np.ndarray]:
    """Pick the rows of the logit lens: the embedding and every block.

    Parameters
    ----------
    sites
        Result of `capture`.
    layers
        Number of blocks.

    Returns
    -------
    dict of str to numpy.ndarray
        Site name to residuals [tokens, d]; the last one is the true output
        of the last block, before the final norm.
    """
    gpt2 = "transformer.h.0" in sites
    blocks = "transformer.h" if gpt2 else "model.layers"
    rows = {"embed": sites[f"{blocks}.0.resid_pre"]}
    for index in range(layers):
        rows[f"{blocks}.{index}"] = sites[f"{blocks}.{index}"]
    return rows


@torch.no_grad()
def logits64(model: PreTrainedModel, rows: np.ndarray) -> np.ndarray:
    """Give the logits of residuals with dot products in float64.

    Parameters
    ----------
    model
        The model.
    rows
        Residuals [tokens, d].

    Returns
    -------
    numpy.ndarray
        float64 logits [tokens, vocab].
    """
    normed = final_norm(model)(torch.from_numpy(rows)[None])[0].numpy()
    weight = model.lm_head.weight.detach().numpy().astype(np.float64)
    return normed.astype(np.float64) @ weight.T


@torch.no_grad()
def logits32(model: PreTrainedModel, rows: np.ndarray) -> np.ndarray:
    """Give the logits of residuals as HF computes them, in float32."""
    normed = final_norm(model)(torch.from_numpy(rows)[None])
    return model.lm_head(normed)[0].numpy()


def log_softmax(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give log-probabilities and log-sum-exp over the last axis."""
    top = logits.max(axis=-1, keepdims=True)
    logz = np.log(np.exp(logits - top).sum(axis=-1, keepdims=True)) + top
    return logits - logz, logz[..., 0]


def rank(logits: np.ndarray, token: int) -> int:
    """Give 1 + the number of strictly greater logits."""
    return 1 + int((logits > logits[token]).sum())


def rank_bounds(logits: np.ndarray, token: int) -> list[int]:
    """Give the lowest and highest rank that the promised accuracy allows.

    Parameters
    ----------
    logits
        Logits [vocab].
    token
        The token that is ranked.

    Returns
    -------
    list of int
        Ranks when the token's logit is raised, then lowered, by
        1e-3 * max(1, |logit|), the others staying.
    """
    z = logits[token]
    slack = 1e-3 * max(1.0, abs(z))
    return [
        1 + int((logits > z + slack).sum()),
        int((logits > z - slack).sum()),
    ]


def top_k(logits: np.ndarray, k: int) -> list[int]:
    """Give the ids of the k highest logits, ties by lower id."""
    return np.argsort(-logits, kind="stable")[:k].tolist()


def statistics(
    logits: np.ndarray, final: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give logz, entropy and KL(final || row) of every position, in nats.

    Parameters
    ----------
    logits
        Logits of one row [tokens, vocab].
    final
        Logits of the last row.

    Returns
    -------
    tuple of numpy.ndarray
        Three arrays [tokens].
    """
    logp, logz = log_softmax(logits)
    final_logp, _ = log_softmax(final)
    p_final = np.exp(final_logp)
    entropy = -(np.exp(logp) * logp).sum(axis=-1)
    divergence = (p_final * (final_logp - logp)).sum(axis=-1)
    return logz, entropy, divergence


def decoded_cells(
    logits: np.ndarray, final: np.ndarray, ids: Sequence[int], target: int
) -> list[dict[str, Any]]:
    """Give one row's golden cells.

    Parameters
    ----------
    logits
        Logits of the row [tokens, vocab].
    final
        Logits of the model's last row.
    ids
        Token ids of the prompt.
    target
        A token to watch.

    Returns
    -------
    list of dict
        JSON values, one a position.
    """
    logz, entropy, divergence = statistics(logits, final)
    cells = []
    for position in range(len(ids)):
        z = logits[position]
        best = top_k(z, TOP_K)
        base = logz[position]
        cell: dict[str, Any] = {
            "position": position,
            "top_ids": best,
            "top_logits": [number(z[i]) for i in best],
            "top_logprobs": [number(z[i] - base) for i in best],
            "logz": number(base),
            "entropy": number(entropy[position]),
            "kl_to_final": number(divergence[position]),
        }
        if position + 1 < len(ids):
            following = ids[position + 1]
            cell["next"] = {
                "id": following,
                "logprob": number(z[following] - base),
                "rank": rank(z, following),
                "rank_bounds": rank_bounds(z, following),
            }
        cell["target"] = {
            "id": target,
            "logit": number(z[target]),
            "logprob": number(z[target] - base),
            "rank": rank(z, target),
            "rank_bounds": rank_bounds(z, target),
        }
        cells.append(cell)
    return cells


def lens(
    model: PreTrainedModel,
    sites: Mapping[str, np.ndarray],
    ids: Sequence[int],
    target: int,
) -> dict[str, Any]:
    """Compute the golden lens of one prompt.

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
    residuals = residual_rows(sites, model.config.num_hidden_layers)
    last = list(residuals)[-1]
    final = logits64(model, residuals[last])
    rows = []
    for layer, (site, residual) in enumerate(residuals.items(), start=-1):
        cells = decoded_cells(logits64(model, residual), final, ids, target)
        rows.append({"site": site, "layer": layer, "cells": cells})
    return {"ids": list(ids), "target": target, "rows": rows}


def crosscheck(
    model: PreTrainedModel, sites: Mapping[str, np.ndarray]
) -> dict[str, float]:
    """Measure how far float32 statistics lie from the float64 ones.

    Parameters
    ----------
    model
        The model.
    sites
        Result of `capture`.

    Returns
    -------
    dict of str to float
        Largest absolute difference of logits, logz, entropy and KL, between
        HF's float32 logits with float32 statistics and the float64 path;
        and of the last row from the model's own logits.
    """
    residuals = residual_rows(sites, model.config.num_hidden_layers)
    last = list(residuals)[-1]
    final64 = logits64(model, residuals[last])
    final32 = logits32(model, residuals[last])
    worst = dict.fromkeys(("logit", "logz", "entropy", "kl_to_final"), 0.0)
    for residual in residuals.values():
        wide = logits64(model, residual)
        narrow = logits32(model, residual)
        pairs = zip(
            ("logz", "entropy", "kl_to_final"),
            statistics(wide, final64),
            statistics(narrow, final32),
            strict=True,
        )
        worst["logit"] = max(worst["logit"], float(abs(wide - narrow).max()))
        for name, a, b in pairs:
            worst[name] = max(worst[name], float(abs(a - b).max()))
    worst["last_row_minus_logits"] = float(abs(final32 - sites["logits"]).max())
    return worst
