"""Golden of the default model with all weights rounded to bfloat16.

HF eager float32 runs on the rounded weights, as a folder that stores bfloat16
must be read.
"""

import argparse
from pathlib import Path

import torch
from byte_level import tokenizer_of
from capture import build_model, capture
from gguf_llama import read_llama
from golden_file import write_tensors
from hf_folder import rounded
from model_default import DEFAULT_GGUF, DEFAULT_OUT, PROMPT_A, layer

LAYERS = (0, 14, 29)
STRIDE = 13


def main() -> None:
    """Write `bf16.safetensors`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gguf", type=Path, default=DEFAULT_GGUF)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    options = parser.parse_args()
    torch.set_num_threads(2)

    checkpoint = read_llama(options.gguf.expanduser())
    state = {
        name: rounded(values, "BF16")
        for name, values in checkpoint.state.items()
    }
    model = build_model(checkpoint.config, state)
    ids = tokenizer_of(checkpoint.metadata).encode(PROMPT_A).ids
    sites = capture(model, ids)
    kept = {layer(i): sites[layer(i)] for i in LAYERS}
    kept["model.norm"] = sites["model.norm"]
    kept[f"logits_every_{STRIDE}"] = sites["logits"][:, ::STRIDE]
    write_tensors(
        options.out / "bf16.safetensors",
        kept,
        made_by="tools/goldens/bf16_default.py: HF eager float32",
        ids=ids,
        notes={
            "text": PROMPT_A,
            "note": f"logits_every_{STRIDE}: every position, ids 0, "
            f"{STRIDE}, {2 * STRIDE}, ...",
        },
    )


if __name__ == "__main__":
    main()
