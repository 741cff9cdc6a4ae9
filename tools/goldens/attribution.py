"""Golden direct logit attribution of tiny models, by hand from HF's modules.

What each module adds to the residual stream comes from hooks; everything behind
that (final norm with the scale of the run, unembedding) is float64 arithmetic
written out here for the norms and orders of each architecture.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from golden_file import write_json
from torch import nn
from transformers import AutoModelForCausalLM

GOLDEN = Path(__file__).parents[2] / "tests/golden"
IDS = [3, 11, 7, 30, 3, 19]
ANSWER, FOIL = 5, 20


@dataclass(frozen=True)
class Paths:
    """Where an architecture has what; modules below a block, `.`-joined."""

    folder: str
    trunk: str
    layers: str
    embed: str
    norm: str
    attention: str  # gives what is added to the stream
    out: str  # the output projection
    mlp: str  # gives what is added to the stream
    down: str
    positions: str = ""
    one_plus: bool = False  # the norm's weight is 1 + w
    behind_attention: str = ""  # the norm behind attention, before it is added
    behind_mlp: str = ""


LLAMA = {
    "trunk": "model",
    "layers": "layers",
    "embed": "embed_tokens",
    "norm": "norm",
    "attention": "self_attn",
    "out": "self_attn.o_proj",
    "mlp": "mlp",
    "down": "mlp.down_proj",
}
MODELS = (
    Paths(
        folder="tiny_hf/gpt2_plain",
        trunk="transformer",
        layers="h",
        embed="wte",
        positions="wpe",
        norm="ln_f",
        attention="attn",
        out="attn.c_proj",
        mlp="mlp",
        down="mlp.c_proj",
    ),
    Paths(
        folder="families/gemma2_plain",
        one_plus=True,
        behind_attention="post_attention_layernorm",
        behind_mlp="post_feedforward_layernorm",
        **LLAMA,
    ),
    Paths(folder="families/granite_plain", **LLAMA),
    Paths(
        folder="families/gpt_neox_pythia",
        trunk="gpt_neox",
        layers="layers",
        embed="embed_in",
        norm="final_layer_norm",
        attention="attention",
        out="attention.dense",
        mlp="mlp",
        down="mlp.dense_4h_to_h",
    ),
)


def array(tensor: torch.Tensor) -> np.ndarray:
    """The tensor in float64, without its batch axis where that is 1."""
    value = tensor.detach().double().numpy()
    return value[0] if value.ndim == 3 else value


class Watcher:
    """Inputs and outputs of modules at the last position of one run."""

    def __init__(self, trunk: nn.Module, paths: list[str]) -> None:
        self.output: dict[str, np.ndarray] = {}
        self.input: dict[str, np.ndarray] = {}
        for path in paths:
            module = trunk.get_submodule(path)
            module.register_forward_hook(self._keep(path))

    def _keep(self, path: str) -> Any:
        def hook(_: nn.Module, inputs: tuple, output: Any) -> None:
            value = output[0] if isinstance(output, tuple) else output
            self.output[path] = array(value)[-1]
            if inputs and inputs[0].is_floating_point():
                self.input[path] = array(inputs[0])[-1]

        return hook


def matrix(module: nn.Module) -> np.ndarray:
    """The weight as [out, in], whichever way the module holds it."""
    weight = array(module.weight)
    return weight if isinstance(module, nn.Linear) else weight.T


def frozen(norm: nn.Module, row: np.ndarray, one_plus: bool) -> np.ndarray:
    """The norm with the statistics of `row`, as a matrix [d, d]."""
    weight = array(norm.weight) + (1 if one_plus else 0)
    d = len(row)
    center = np.eye(d)
    if isinstance(norm, nn.LayerNorm):
        center -= 1 / d
    epsilon = getattr(norm, "eps", getattr(norm, "variance_epsilon", None))
    centered = center @ row
    scale = 1 / np.sqrt((centered**2).mean() + epsilon)
    return scale * weight[:, None] * center


def terms_of(paths: Paths) -> dict[str, Any]:
    """Run one model and take a logit difference apart.

    Parameters
    ----------
    paths
        Of a folder below tests/golden.

    Returns
    -------
    dict
        Terms by kind, and what they must sum to.
    """
    model = AutoModelForCausalLM.from_pretrained(
        GOLDEN / paths.folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    config = model.config.get_text_config()
    trunk = model.get_submodule(paths.trunk)
    blocks = range(config.num_hidden_layers)
    wanted = [paths.embed, paths.norm]
    wanted += [paths.positions] if paths.positions else []
    below = (
        paths.attention,
        paths.out,
        paths.mlp,
        paths.down,
        paths.behind_attention,
        paths.behind_mlp,
    )
    at = f"{paths.layers}.{{}}.{{}}"
    wanted += [at.format(i, p) for i in blocks for p in below if p]
    watcher = Watcher(trunk, wanted)
    with torch.no_grad():
        logits = array(model(torch.tensor([IDS])).logits)[-1]

    final = watcher.input[paths.norm]
    head = array(model.get_output_embeddings().weight)
    factor = 1 / getattr(config, "logits_scaling", 1)
    norm = frozen(trunk.get_submodule(paths.norm), final, paths.one_plus)
    along = factor * (head[ANSWER] - head[FOIL]) @ norm
    branch = getattr(config, "residual_multiplier", 1)
    scaled = getattr(config, "embedding_multiplier", 1)

    def behind(i: int, path: str, module: str) -> np.ndarray:
        """What the norm behind a module does to its output, [d, d]."""
        if not path:
            return np.eye(len(final))
        given = watcher.output[at.format(i, module)]
        after = trunk.get_submodule(at.format(i, path))
        return frozen(after, given, paths.one_plus)

    embed = along @ (scaled * watcher.output[paths.embed])
    terms: list[list[Any]] = [["embed", -1, 0, embed]]
    if paths.positions:
        value = along @ watcher.output[paths.positions]
        terms.append(["pos_embed", -1, 0, value])
    for i in blocks:
        for kind, module, path in (
            ("attn", paths.attention, paths.behind_attention),
            ("mlp", paths.mlp, paths.behind_mlp),
        ):
            added = watcher.output[at.format(i, path or module)]
            terms.append([kind, i, 0, branch * along @ added])
        heads = config.num_attention_heads
        for kind, module, projection, path, parts in (
            ("head", paths.attention, paths.out, paths.behind_attention, heads),
            ("neuron", paths.mlp, paths.down, paths.behind_mlp, 0),
        ):
            name = at.format(i, projection)
            weights = matrix(trunk.get_submodule(name))
            columns = branch * along @ behind(i, path, module) @ weights
            values = columns * watcher.input[name]
            values = values.reshape(parts or len(values), -1).sum(-1)
            terms += [[kind, i, j, value] for j, value in enumerate(values)]
    cap = getattr(config, "final_logit_softcapping", None)
    if cap:
        logits = cap * np.arctanh(logits / cap)
    return {
        "folder": paths.folder,
        "ids": IDS,
        "answer": ANSWER,
        "foil": FOIL,
        "value": logits[ANSWER] - logits[FOIL],
        "terms": [[k, i, j, round(float(v), 9)] for k, i, j, v in terms],
    }


def main() -> None:
    """Write attribution/terms.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=GOLDEN / "attribution")
    options = parser.parse_args()
    torch.set_num_threads(1)
    write_json(
        options.out / "terms.json",
        {
            "made_by": "tools/goldens/attribution.py: HF eager float32 "
            "modules, float64 from there",
            "models": [terms_of(paths) for paths in MODELS],
        },
    )


if __name__ == "__main__":
    main()
