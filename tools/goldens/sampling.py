"""Golden distributions that sampling draws from.

Random logits go through transformers' own logits processors, in the order in
which `generate` applies them. Thresholds that rounding could decide are drawn
again.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from golden_file import write_tensors
from transformers import (
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

DEFAULT_OUT = Path(__file__).parents[2] / "tests/golden/generate"
VOCABULARY = 1000
CASES = 48
BEFORE = 12
SEED = 20250107
MARGIN = 1e-5  # of probability, around each threshold
COLUMNS = ("penalty", "temperature", "top_k", "top_p", "min_p")


def draw_options(rng: np.random.Generator, case: int) -> np.ndarray:
    """Draw one row of options.

    Parameters
    ----------
    rng
        Where numbers come from.
    case
        Its number: the first ones have one option each, the others several.

    Returns
    -------
    numpy.ndarray
        Float32 [5], as COLUMNS; 0: not set (penalty 1: none).
    """
    choices = (
        rng.uniform(1.05, 2) if rng.random() < 0.7 else rng.uniform(0.6, 0.95),
        rng.uniform(0.3, 2.5),
        float(rng.integers(1, 200)),
        rng.uniform(0.2, 0.99),
        rng.uniform(0.001, 0.4),
    )
    options = np.array([1, 0, 0, 0, 0], np.float32)
    for column, value in enumerate(choices):
        if case % 8 == column or (case >= 8 and rng.random() < 0.5):
            options[column] = value
    if options[1:].max() == 0:
        options[1] = 1
    return options


def processors(options: np.ndarray) -> LogitsProcessorList:
    """Return transformers' processors of one row of options.

    Parameters
    ----------
    options
        As `draw_options` gives them.

    Returns
    -------
    LogitsProcessorList
        Those that are set, in the order of `generate`.
    """
    penalty, temperature, top_k, top_p, min_p = (float(o) for o in options)
    out = LogitsProcessorList()
    if penalty != 1:
        out.append(RepetitionPenaltyLogitsProcessor(penalty))
    if temperature not in (0, 1):
        out.append(TemperatureLogitsWarper(temperature))
    if top_k:
        out.append(TopKLogitsWarper(int(top_k)))
    if top_p:
        out.append(TopPLogitsWarper(top_p))
    if min_p:
        out.append(MinPLogitsWarper(min_p))
    return out


def distribution(
    logits: np.ndarray, before: np.ndarray, options: np.ndarray
) -> np.ndarray | None:
    """Return the probabilities that transformers samples from.

    Parameters
    ----------
    logits
        Float32 [VOCABULARY].
    before
        Ids of the tokens so far.
    options
        As `draw_options` gives them.

    Returns
    -------
    numpy.ndarray or None
        Float64 [VOCABULARY]; none if a threshold is too near a token.
    """
    ids = torch.tensor(before[None].astype(np.int64))
    rows = []
    for shift in (0, MARGIN, -MARGIN):
        moved = options.copy()
        for column in (3, 4):
            if moved[column]:
                moved[column] = np.clip(moved[column] + shift, 0, 1)
        scores = torch.tensor(logits[None])
        scores = processors(moved)(ids, scores)
        rows.append(scores[0].double().softmax(-1).numpy())
    kept = [row > 0 for row in rows]
    if any((k != kept[0]).any() for k in kept):
        return None
    return rows[0]


def main() -> None:
    """Write sampling.safetensors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    options = parser.parse_args()

    rng = np.random.default_rng(SEED)
    all_logits, all_before, all_options, all_probs = [], [], [], []
    while len(all_probs) < CASES:
        logits = (rng.standard_normal(VOCABULARY) * 3).astype(np.float32)
        before = rng.integers(0, VOCABULARY, BEFORE)
        before[: BEFORE // 2] = np.argsort(-logits)[: BEFORE // 2]
        before[-1] = before[0]  # twice
        row = draw_options(rng, len(all_probs))
        probs = distribution(logits, before, row)
        if probs is None:
            continue
        all_logits.append(logits)
        all_before.append(before.astype(np.float32))
        all_options.append(row)
        all_probs.append(probs.astype(np.float32))
    write_tensors(
        options.out / "sampling.safetensors",
        {
            "logits": np.stack(all_logits),
            "before": np.stack(all_before),
            "options": np.stack(all_options),
            "probs": np.stack(all_probs),
        },
        made_by="tools/goldens/sampling.py: transformers' logits processors",
        notes={"columns": ",".join(COLUMNS)},
    )


if __name__ == "__main__":
    main()
