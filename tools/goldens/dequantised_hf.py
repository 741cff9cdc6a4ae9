"""Turn the default model's GGUF into a float32 folder in HF layout.

The folder holds config.json, model.safetensors and tokenizer.json. A check
runs HF eager float32 on one prompt and looks at two known logits.
"""

import argparse
import json
from pathlib import Path

import torch
from byte_level import tokenizer_of
from capture import build_model
from gguf_llama import read_llama
from safetensors.numpy import save_file

DEFAULT_GGUF = Path("~/.cache/pellucid/models/smollm2-135m.gguf")
DEFAULT_OUT = Path("~/oracle/smollm2-hf")
PROMPT = "The capital of France is"
EXPECTED = {" Paris": 17.371, " the": 14.889}


def main() -> None:
    """Write the folder and check it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gguf", type=Path, default=DEFAULT_GGUF)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    options = parser.parse_args()
    torch.set_num_threads(2)

    checkpoint = read_llama(options.gguf.expanduser())
    out = options.out.expanduser()
    out.mkdir(parents=True, exist_ok=True)
    save_file(
        checkpoint.state, out / "model.safetensors", metadata={"format": "pt"}
    )
    config = {**checkpoint.config, "torch_dtype": "float32"}
    # Both spellings of the rotary base: old readers know only the first.
    config["rope_theta"] = config["rope_parameters"]["rope_theta"]
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    tokenizer = tokenizer_of(checkpoint.metadata)
    tokenizer.save(str(out / "tokenizer.json"))

    model = build_model(checkpoint.config, checkpoint.state)
    ids = tokenizer.encode(PROMPT).ids
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0, -1]
    for token, expected in EXPECTED.items():
        (token_id,) = tokenizer.encode(token).ids
        found = float(logits[token_id])
        print(f"{token!r} (id {token_id}): logit {found:.6f}")
        if abs(found - expected) > 1e-3:
            raise SystemExit(f"{token!r}: {found}, expected {expected}")


if __name__ == "__main__":
    main()
