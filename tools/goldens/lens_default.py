"""Golden lens of the default model: statistics in float64."""

import argparse
from pathlib import Path

import torch
from byte_level import tokenizer_of
from capture import build_model, capture
from gguf_llama import read_llama
from golden_file import write_json
from lens_reference import crosscheck, lens

DEFAULT_GGUF = Path("~/.cache/pellucid/models/smollm2-135m.gguf")
DEFAULT_OUT = Path(__file__).parents[2] / "tests/golden/smollm2"
PROMPTS = (
    ("The capital of France is", " Paris"),
    ("Barack Obama was the 44th president of the United", " States"),
)


def main() -> None:
    """Write lens.json and print the float32 cross-check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gguf", type=Path, default=DEFAULT_GGUF)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    options = parser.parse_args()
    torch.set_num_threads(2)

    checkpoint = read_llama(options.gguf.expanduser())
    model = build_model(checkpoint.config, checkpoint.state)
    tokenizer = tokenizer_of(checkpoint.metadata)
    prompts = []
    for text, target in PROMPTS:
        ids = tokenizer.encode(text).ids
        (target_id,) = tokenizer.encode(target).ids
        sites = capture(model, ids)
        prompts.append({"text": text, **lens(model, sites, ids, target_id)})
        print(text, crosscheck(model, sites))
    write_json(
        options.out / "lens.json",
        {
            "made_by": "tools/goldens/lens_default.py: HF eager float32 "
            "residuals and norm, float64 from there",
            "prompts": prompts,
        },
    )


if __name__ == "__main__":
    main()
