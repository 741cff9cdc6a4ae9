"""Golden lens of points inside the blocks of the default model.

HF runs the model as an ordinary folder; hooks keep what the attention and MLP
modules give and the residual state between them. Each is decoded on its own:
the final norm of that very vector in float32, everything after it in float64.
"""

import argparse
from pathlib import Path

import torch
from capture import capture
from golden_file import write_json
from lens_reference import decoded_cells, logits64
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

DEFAULT_FOLDER = Path("~/oracle/smollm2-hf")
DEFAULT_OUT = Path(__file__).parents[2] / "tests/golden/smollm2"
PROMPT = "The capital of France is"
TARGET = " Paris"
LAYERS = (0, 7, 15, 22, 29)
POINTS = ("self_attn", "resid_mid", "mlp")


def main() -> None:
    """Write lens_sites.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    options = parser.parse_args()
    torch.set_num_threads(2)

    folder = options.folder.expanduser()
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json")
    )
    ids = tokenizer(PROMPT, add_special_tokens=False)["input_ids"]
    (target,) = tokenizer(TARGET, add_special_tokens=False)["input_ids"]
    sites = capture(model, ids)
    last = model.config.num_hidden_layers - 1
    final = logits64(model, sites[f"model.layers.{last}"])
    rows = []
    for layer in LAYERS:
        for point in POINTS:
            site = f"model.layers.{layer}.{point}"
            logits = logits64(model, sites[site])
            cells = decoded_cells(logits, final, ids, target)
            rows.append({"site": site, "layer": layer, "cells": cells})
    prompt = {"text": PROMPT, "ids": ids, "target": target, "rows": rows}
    write_json(
        options.out / "lens_sites.json",
        {
            "made_by": "tools/goldens/lens_sites.py: HF eager float32 modules "
            "and norm, float64 from there",
            "prompts": [prompt],
        },
    )


if __name__ == "__main__":
    main()
