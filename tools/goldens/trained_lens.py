"""Lenses of tiny models in every format, and what they say by torch.

    python trained_lens.py [--out tests/golden/trained_lens]

Of each model MODEL: MODEL/params.pt and config.json as the tuned-lens package
writes them, MODEL.npz and .json of the same maps as mlxterp does (it has none
for the embedding), MODEL.pt with Jacobian-like matrices, and MODEL.safetensors
with the logits of every row [rows, positions, vocab], by each lens.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from golden_file import write_tensors
from transformers import AutoModelForCausalLM

GOLDEN = Path(__file__).parents[2] / "tests/golden"
MODELS = {"gpt2": "tiny_hf/gpt2_plain", "gemma2": "families/gemma2_plain"}
IDS = [3, 11, 7, 2, 5]
SEED = 5
MADE_BY = "tools/goldens/trained_lens.py: HF eager float32"


def states_of(model: torch.nn.Module) -> tuple[torch.Tensor, torch.Tensor]:
    """Give what enters each block and what the last leaves, and the logits."""
    blocks = [
        module
        for name, module in model.named_modules()
        if name.rpartition(".")[0].endswith((".layers", ".h"))
    ]
    kept: list[torch.Tensor] = []

    def keep(_module: object, args: tuple, kwargs: dict) -> None:
        kept.append((args[0] if args else kwargs["hidden_states"])[0])

    def keep_last(_module: object, _args: object, output: object) -> None:
        kept.append(output[0] if isinstance(output, tuple) else output)

    hooks = [
        block.register_forward_pre_hook(keep, with_kwargs=True)
        for block in blocks
    ]
    hooks.append(blocks[-1].register_forward_hook(keep_last))
    logits = model(torch.tensor([IDS])).logits[0]
    for hook in hooks:
        hook.remove()
    kept[-1] = kept[-1].reshape(kept[0].shape)
    return torch.stack(kept), logits


def decode(model: torch.nn.Module, states: torch.Tensor) -> torch.Tensor:
    """Apply the model's own norm and head, its cap included."""
    base = model.model if hasattr(model, "model") else model.transformer
    norm = base.norm if hasattr(base, "norm") else base.ln_f
    logits = model.lm_head(norm(states))
    cap = getattr(model.config, "final_logit_softcapping", None)
    return torch.tanh(logits / cap) * cap if cap else logits


def write_model(name: str, folder: Path, out: Path) -> None:
    """Write the lenses of one model and what they say."""
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    states, logits = states_of(model)
    if not torch.allclose(decode(model, states[-1]), logits, atol=1e-5):
        raise ValueError(f"{name}: the head is another one")
    blocks, d = len(states) - 1, states.shape[-1]
    weight = torch.randn(blocks, d, d) * (0.3 / d**0.5)
    bias = torch.randn(blocks, d) * 0.1
    tuned = states.clone()
    jacobian = states.clone()
    matrices = torch.eye(d) + torch.randn(blocks, d, d) * (0.3 / d**0.5)
    for i in range(blocks):
        tuned[i] = states[i] + states[i] @ weight[i].T + bias[i]
        if i > 0:
            jacobian[i] = states[i] @ matrices[i].T

    (out / name).mkdir(parents=True, exist_ok=True)
    torch.save(
        {f"{i}.{k}": v[i] for i in range(blocks)
         for k, v in (("weight", weight), ("bias", bias))},
        out / name / "params.pt",
    )  # fmt: skip
    settings = {
        "base_model_name_or_path": name,
        "d_model": d,
        "num_hidden_layers": blocks,
        "bias": True,
        "base_model_revision": None,
        "unembed_hash": "",
        "lens_type": "linear_tuned_lens",
    }
    (out / name / "config.json").write_text(json.dumps(settings) + "\n")
    arrays: dict[str, np.ndarray] = {}
    for i in range(blocks):
        last = i + 1 == blocks
        matrix = torch.eye(d) if last else torch.eye(d) + weight[i + 1]
        vector = torch.zeros(d) if last else bias[i + 1]
        arrays[f"translators_{i}_weight"] = matrix.numpy()
        arrays[f"translators_{i}_bias"] = vector.numpy()
    np.savez(out / f"{name}.npz", **arrays)
    (out / f"{name}.json").write_text(
        json.dumps({"num_layers": blocks, "hidden_dim": d}, indent=2)
    )
    torch.save(
        {
            "J": {i - 1: matrices[i] for i in range(1, blocks)},
            "n_prompts": 1,
            "d_model": d,
            "source_layers": list(range(blocks - 1)),
        },
        out / f"{name}.pt",
    )
    write_tensors(
        out / f"{name}.safetensors",
        {
            "tuned": decode(model, tuned).numpy(),
            "jacobian": decode(model, jacobian).numpy()[1:],
        },
        made_by=MADE_BY,
        ids=IDS,
        notes={"model": str(folder.relative_to(GOLDEN))},
    )


def main() -> None:
    """Write the files of every model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=GOLDEN / "trained_lens")
    options = parser.parse_args()
    torch.manual_seed(SEED)
    with torch.no_grad():
        for name, folder in MODELS.items():
            write_model(name, GOLDEN / folder, options.out)


if __name__ == "__main__":
    main()
