"""Golden scores of heads on repeated random tokens, from HF's own patterns.

`pellucid attn --scores` draws the same tokens (philox.py). The definitions are
written here as means of diagonals, as TransformerLens and mlxterp do.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from golden_file import write_json
from philox import draw_tokens
from transformers import AutoModelForCausalLM

GOLDEN = Path(__file__).parents[2] / "tests/golden"
FOLDERS = (
    "tiny_hf/gpt2_plain",
    "families/gemma2_plain",
    "families/mistral_window",
    "families/cohere_qk_norm_groups",
)
TOKENS, REPEATS, SEQUENCES, SEED = 5, 3, 3, 42


def diagonal(pattern: np.ndarray, back: int) -> np.ndarray:
    """Weights from i to i - back, [..., tokens - back]."""
    return np.diagonal(pattern, -back, axis1=-2, axis2=-1)


def scores(pattern: np.ndarray, block: int) -> np.ndarray:
    """Score heads on sequences of one block, repeated, without BOS.

    Parameters
    ----------
    pattern
        Float64 weights, [sequences, heads, queries, keys].
    block
        Tokens that are repeated.

    Returns
    -------
    numpy.ndarray
        Previous token, duplicate token, induction, first token: [heads, 4].
    """
    tokens = pattern.shape[-1]
    previous = diagonal(pattern, 1).mean(axis=(0, -1))
    induction = diagonal(pattern, block - 1)[..., 1:].mean(axis=(0, -1))
    first = pattern[:, :, 1:, 0].mean(axis=(0, -1))
    queries = np.arange(block, tokens)
    earlier = [np.arange(q - block, -1, -block) for q in queries]
    duplicate = np.stack(
        [
            pattern[:, :, q, keys].sum(-1)
            for q, keys in zip(queries, earlier, strict=True)
        ],
        axis=-1,
    ).mean(axis=(0, -1))
    return np.stack([previous, duplicate, induction, first], axis=-1)


def golden_of(folder: Path) -> dict[str, object]:
    """Run one tiny model on its sequences.

    Parameters
    ----------
    folder
        A folder in HF's layout.

    Returns
    -------
    dict
        Sequences and scores.
    """
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    vocabulary = model.config.get_text_config().vocab_size
    sequences = [
        draw_tokens(TOKENS, SEED, vocabulary, s) * REPEATS
        for s in range(SEQUENCES)
    ]
    with torch.no_grad():
        runs = [
            model(torch.tensor([ids]), output_attentions=True).attentions
            for ids in sequences
        ]
    patterns = [
        torch.cat(layer).double().numpy() for layer in zip(*runs, strict=True)
    ]
    table = [scores(pattern, TOKENS) for pattern in patterns]
    return {
        "sequences": sequences,
        "scores": np.concatenate(table).round(9).tolist(),
    }


def main() -> None:
    """Write attention/scores.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=GOLDEN / "attention")
    options = parser.parse_args()
    torch.set_num_threads(1)
    write_json(
        options.out / "scores.json",
        {
            "made_by": "tools/goldens/attention.py: HF eager float32, means "
            "in float64",
            "n_random_tokens": TOKENS,
            "n_repeats": REPEATS,
            "n_sequences": SEQUENCES,
            "seed": SEED,
            "models": [
                {"folder": name, **golden_of(GOLDEN / name)} for name in FOLDERS
            ],
        },
    )


if __name__ == "__main__":
    main()
