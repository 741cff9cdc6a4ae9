"""Twenty steps of the tuned-lens package on tiny models, in float32.

    python tuned_lens_recipe.py [--out tests/golden/trained_lens]

Optimiser, schedule, clipping and loss are those of the package's training
loop; only its data loader and automatic bfloat16 are left out. Of each model:
MODEL_recipe.safetensors with the loss of each step and map [steps, maps], and
the maps behind the last step.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from golden_file import write_tensors
from torch.optim.lr_scheduler import LambdaLR
from transformers import AutoModelForCausalLM
from tuned_lens import TunedLens

GOLDEN = Path(__file__).parents[2] / "tests/golden"
MODELS = {"gpt2": "tiny_hf/gpt2_plain", "llama": "tiny_hf/llama_biases"}
STEPS = 20
WINDOWS = 6
LENGTH = 10
WINDOWS_A_STEP = 4
SEED = 8
MADE_BY = "tools/goldens/tuned_lens_recipe.py: tuned-lens 0.2.0, float32"


def train(model: torch.nn.Module, windows: np.ndarray) -> tuple:
    """Run the package's loop; give losses and the lens."""
    lens = TunedLens.from_model(model).float()
    momentum = 0.9
    optimiser = torch.optim.SGD(
        lens.parameters(),
        lr=1.0 * (1 - momentum),
        momentum=momentum,
        nesterov=True,
        weight_decay=1e-3,
    )
    schedule = LambdaLR(optimiser, lambda step: (STEPS - step) / STEPS)
    losses = []
    at = 0
    for _ in range(STEPS):
        rows = [(at + i) % len(windows) for i in range(WINDOWS_A_STEP)]
        at = (at + WINDOWS_A_STEP) % len(windows)
        with torch.no_grad():
            out = model(
                torch.from_numpy(windows[rows]), output_hidden_states=True
            )
        labels = out.logits.log_softmax(-1)
        step_losses = []
        for i, state in enumerate(out.hidden_states[:-1]):
            logits = lens(state, idx=i)
            loss = torch.sum(
                labels.exp() * (labels - logits.log_softmax(-1)), dim=-1
            ).mean()
            loss.backward()
            step_losses.append(float(loss))
        losses.append(step_losses)
        torch.nn.utils.clip_grad_norm_(lens.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=False)
        schedule.step()
    return np.array(losses, dtype=np.float32), lens


def main() -> None:
    """Write one file a model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=GOLDEN / "trained_lens")
    options = parser.parse_args()
    random = np.random.RandomState(SEED)
    for name, folder in MODELS.items():
        model = AutoModelForCausalLM.from_pretrained(
            GOLDEN / folder, dtype=torch.float32, attn_implementation="eager"
        ).eval()
        windows = random.randint(0, 19, (WINDOWS, LENGTH))
        losses, lens = train(model, windows)
        print(name, losses[0], losses[-1])
        tensors = {"losses": losses}
        for i, translator in enumerate(lens):
            tensors[f"{i}.weight"] = translator.weight.detach().numpy()
            tensors[f"{i}.bias"] = translator.bias.detach().numpy()
        write_tensors(
            options.out / f"{name}_recipe.safetensors",
            tensors,
            made_by=MADE_BY,
            ids=[int(x) for x in windows.reshape(-1)],
            notes={"model": folder},
        )


if __name__ == "__main__":
    main()
