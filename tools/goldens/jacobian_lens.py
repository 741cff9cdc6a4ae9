"""Jacobian lenses of tiny models, by torch.autograd.

    python jacobian_lens.py [--out tests/golden/trained_lens]

Of each model MODEL: MODEL_jacobian.safetensors with, of each prompt of IDS,
the map of each block but the last, `prompt.P` [maps, d, d]: entry [i, j] is the
mean over source positions t of the derivative, by feature j of the block's
output at t, of feature i of the final residual state summed over target
positions. Both kinds of positions begin behind the first SKIP_FIRST.
"""

import argparse
from pathlib import Path

import torch
from golden_file import write_tensors
from trained_lens import GOLDEN, MODELS
from transformers import AutoModelForCausalLM

IDS = [[3, 11, 7, 2, 5, 19], [9, 1, 30, 4], [8, 8, 22, 6, 13]]
SKIP_FIRST = 1
MADE_BY = "tools/goldens/jacobian_lens.py: HF eager float32, torch.autograd"


def outputs_of(
    model: torch.nn.Module, ids: list[int]
) -> tuple[list[torch.Tensor], torch.Tensor]:
    """Give what each block leaves, with what the last does apart."""
    blocks = [
        module
        for name, module in model.named_modules()
        if name.rpartition(".")[0].endswith((".layers", ".h"))
    ]
    kept: list[torch.Tensor] = []

    def keep(_module: object, _args: object, output: object) -> None:
        kept.append(output[0] if isinstance(output, tuple) else output)

    hooks = [block.register_forward_hook(keep) for block in blocks]
    model(torch.tensor([ids]))
    for hook in hooks:
        hook.remove()
    return kept[:-1], kept[-1]


def jacobians(model: torch.nn.Module, ids: list[int]) -> torch.Tensor:
    """Give the maps of one prompt, [maps, d, d]."""
    sources, final = outputs_of(model, ids)
    final = final.reshape(len(ids), -1)
    d = final.shape[-1]
    maps = torch.zeros(len(sources), d, d)
    for i in range(d):
        feature = final[SKIP_FIRST:, i].sum()
        gradients = torch.autograd.grad(feature, sources, retain_graph=True)
        for layer, gradient in enumerate(gradients):
            rows = gradient.reshape(len(ids), d)[SKIP_FIRST:]
            maps[layer, i] = rows.mean(dim=0)
    return maps


def main() -> None:
    """Write the file of every model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=GOLDEN / "trained_lens")
    options = parser.parse_args()
    for name, folder in MODELS.items():
        model = AutoModelForCausalLM.from_pretrained(
            GOLDEN / folder, dtype=torch.float32, attn_implementation="eager"
        ).eval()
        write_tensors(
            options.out / f"{name}_jacobian.safetensors",
            {
                f"prompt.{p}": jacobians(model, ids).numpy()
                for p, ids in enumerate(IDS)
            },
            made_by=MADE_BY,
            notes={
                "model": folder,
                "skip_first": str(SKIP_FIRST),
                **{
                    f"ids.{p}": ",".join(map(str, ids))
                    for p, ids in enumerate(IDS)
                },
            },
        )


if __name__ == "__main__":
    main()
