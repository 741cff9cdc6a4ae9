"""Tiny folders as mlx-lm writes them, beside the same weights in float32.

In two steps, since mlx-lm and torch seldom share an environment:

    python mlx_folders.py draw SOURCES         # torch, transformers
    python mlx_folders.py convert SOURCES      # mlx-lm

The first writes random models as transformers stores them; the second makes of
each NAME, with the functions of mlx_lm.convert, and of that NAME_f32: what
mx.dequantize gives for every matrix, under Hugging Face's names. They are one
model, so a reader must give the same bits for both.
"""

import argparse
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

DEFAULT_OUT = Path(__file__).parents[2] / "tests/golden/mlx"
SEED = 20240303

Rule = dict[str, Any] | bool


@dataclass(frozen=True)
class Variant:
    """A model, the type it is stored in, and how mlx-lm quantises it."""

    name: str
    config: dict[str, Any]
    kind: str = "bfloat16"
    mode: str = "affine"
    bits: int | None = None
    group: int | None = None
    # Overrides: what the path of a module ends with, and its scheme.
    rules: dict[str, Rule] = field(default_factory=dict)
    # Whether mlx-lm quantises at all, or only rewrites.
    quantised: bool = True


def llama(**more: Any) -> dict[str, Any]:
    """Give the config of a small Llama."""
    return {
        "model_type": "llama",
        "hidden_size": 64,
        "intermediate_size": 64,
        "num_hidden_layers": 1,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "vocab_size": 67,
        "max_position_embeddings": 32,
        "rms_norm_eps": 1e-6,
        "rope_theta": 10000.0,
        "tie_word_embeddings": True,
        **more,
    }


def mixture(model_type: str, **more: Any) -> dict[str, Any]:
    """Give the config of a small mixture of experts."""
    config = llama(model_type=model_type, num_attention_heads=2, head_dim=16)
    return {**config, "hidden_size": 32, "tie_word_embeddings": False, **more}


VARIANTS = (
    Variant(
        "llama_mixed",
        llama(num_hidden_layers=2),
        bits=4,
        group=64,
        rules={
            "embed_tokens": {"group_size": 32, "bits": 8},
            "0.mlp.down_proj": {"group_size": 32, "bits": 6},
            "0.self_attn.k_proj": {"group_size": 32, "bits": 3},
            "0.self_attn.v_proj": {"group_size": 64, "bits": 5},
            "0.self_attn.o_proj": {"group_size": 32, "bits": 2},
            "1.self_attn.q_proj": False,
            "1.mlp.up_proj": {"group_size": 32, "bits": 8, "mode": "mxfp8"},
        },
    ),
    Variant(
        "llama_untied",
        llama(
            hidden_size=128,
            head_dim=16,
            vocab_size=33,
            tie_word_embeddings=False,
            attention_bias=True,
            mlp_bias=True,
        ),
        kind="float16",
        bits=4,
        group=128,
    ),
    Variant("llama_8bit", llama(), kind="float32", bits=8, group=32),
    Variant("llama_mxfp4", llama(), mode="mxfp4"),
    Variant("llama_nvfp4", llama(intermediate_size=48), mode="nvfp4"),
    Variant(
        "gpt2_affine",
        {
            "model_type": "gpt2",
            "n_embd": 32,
            "n_head": 2,
            "n_layer": 1,
            "n_positions": 32,
            "n_ctx": 32,
            "layer_norm_epsilon": 1e-5,
            "vocab_size": 67,
        },
        kind="float16",
        bits=4,
        group=32,
    ),
    Variant(
        "gpt2_float",
        {
            "model_type": "gpt2",
            "n_embd": 20,
            "n_head": 2,
            "n_layer": 1,
            "n_positions": 16,
            "n_ctx": 16,
            "layer_norm_epsilon": 1e-5,
            "vocab_size": 67,
        },
        quantised=False,
    ),
    Variant(
        "gpt_neox_affine",
        {
            "model_type": "gpt_neox",
            "hidden_size": 32,
            "intermediate_size": 128,
            "num_attention_heads": 2,
            "num_hidden_layers": 1,
            "max_position_embeddings": 32,
            "vocab_size": 67,
            "rotary_pct": 0.5,
            "rotary_emb_base": 10000,
            "layer_norm_eps": 1e-5,
            "use_parallel_residual": True,
        },
        bits=5,
        group=32,
    ),
    Variant(
        "mixtral_affine",
        mixture("mixtral", num_local_experts=3, num_experts_per_tok=2),
        bits=4,
        group=32,
    ),
    Variant(
        "qwen3_moe_mixed",
        mixture(
            "qwen3_moe",
            num_experts=4,
            num_experts_per_tok=2,
            moe_intermediate_size=32,
            norm_topk_prob=True,
            decoder_sparse_step=1,
            mlp_only_layers=[],
        ),
        bits=4,
        group=32,
        rules={"mlp.gate": {"group_size": 32, "bits": 8}},
    ),
)


def draw(variant: Variant, folder: Path, seed: int) -> None:
    """Write a random model as transformers stores it."""
    import torch
    from safetensors.torch import load_file, save_file
    from transformers import AutoConfig, AutoModelForCausalLM

    settings = dict(variant.config)
    config = AutoConfig.for_model(settings.pop("model_type"), **settings)
    model = AutoModelForCausalLM.from_config(config)
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        of_norm = "norm" in name or ".ln_" in name
        one = of_norm and name.endswith("weight")
        parameter.data = noise * 0.25 + (1 if one else 0)
    model.to(getattr(torch, variant.kind)).save_pretrained(folder)
    # In the spellings of published folders, which mlx-lm knows.
    about = {"architectures": [type(model).__name__]}
    text = json.dumps({**about, **variant.config}, indent=2)
    (folder / "config.json").write_text(text + "\n")
    (folder / "generation_config.json").unlink()
    if model.config.model_type == "gpt2":  # mlx-lm wants the original's names
        path = folder / "model.safetensors"
        state = load_file(path)
        trunk = {k.removeprefix("transformer."): v for k, v in state.items()}
        save_file(trunk, path, metadata={"format": "pt"})


def hf_names(model_type: str, tensors: dict[str, np.ndarray]) -> dict:
    """Undo what mlx-lm's `sanitize` does to names and shapes.

    Parameters
    ----------
    model_type
        Of the model.
    tensors
        Weights by MLX's names.

    Returns
    -------
    dict of str to numpy.ndarray
        The same by Hugging Face's.
    """
    experts = {"mixtral": ("w1", "w2", "w3"), "qwen3_moe": None}
    out: dict[str, np.ndarray] = {}
    for name, values in tensors.items():
        if model_type == "gpt2":
            turned = ".c_" in name and name.endswith("weight")
            out[name.replace("model.", "transformer.", 1)] = (
                values.T if turned else values
            )
        elif model_type == "gpt_neox":
            name = name.replace("model.h.", "gpt_neox.layers.")
            if "embed_out" in name:
                out["embed_out.weight"] = values
            else:
                out[name.replace("model.", "gpt_neox.")] = values
        elif ".switch_mlp." in name:
            before, after = name.split(".switch_mlp.")
            which = after.removesuffix(".weight")
            if experts[model_type] is not None:
                order = ("gate_proj", "down_proj", "up_proj")
                which = experts[model_type][order.index(which)]
            for e, one in enumerate(values):
                out[f"{before}.experts.{e}.{which}.weight"] = one
        else:
            out[name] = values
    return out


def dequantised(path: Path) -> dict[str, np.ndarray]:
    """Give the weights of an MLX folder as float32, by its own names."""
    import mlx.core as mx

    config = json.loads((path / "config.json").read_text())
    quantisation = config.get("quantization", {})
    weights = mx.load(str(path / "model.safetensors"))
    out = {}
    for name, values in weights.items():
        module, _, what = name.rpartition(".")
        if what in ("scales", "biases"):
            continue
        if what != "weight" or f"{module}.scales" not in weights:
            out[name] = np.array(values.astype(mx.float32))
            continue
        scheme = quantisation.get(module, quantisation)
        mode = scheme.get("mode", "affine")
        scales = weights[f"{module}.scales"]
        biases = weights.get(f"{module}.biases")
        if mode == "affine":
            scales, biases = (t.astype(mx.float32) for t in (scales, biases))
        values = mx.dequantize(
            values,
            scales,
            biases,
            group_size=scheme["group_size"],
            bits=scheme["bits"],
            mode=mode,
            dtype=mx.float32,
        )
        out[name] = np.array(values)
    return out


def predicate(variant: Variant) -> Callable[[str, Any], Rule]:
    """Give the function by which mlx-lm chooses a module's scheme."""

    def choose(path: str, _: Any) -> Rule:
        for ending, rule in variant.rules.items():
            if path.endswith(ending):
                return rule
        return True

    return choose


def convert(variant: Variant, source: Path, out: Path) -> None:
    """Write NAME and NAME_f32."""
    from mlx_lm.utils import (
        load_model,
        quantize_model,
        save_config,
        save_model,
    )
    from safetensors.numpy import save_file

    target = out / variant.name
    plain = out / f"{variant.name}_f32"
    for folder in (target, plain):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    model, config = load_model(source)
    if variant.quantised:
        model, config = quantize_model(
            model,
            config,
            variant.group,
            variant.bits,
            mode=variant.mode,
            quant_predicate=predicate(variant),
        )
    save_model(target, model)
    save_config(config, target / "config.json")
    tensors = hf_names(config["model_type"], dequantised(target))
    if "gate_up" in json.dumps(sorted(tensors)):
        raise ValueError(f"{variant.name}: fused experts")
    save_file(
        {name: np.ascontiguousarray(v) for name, v in tensors.items()},
        plain / "model.safetensors",
        metadata={"format": "pt"},
    )
    shutil.copy(source / "config.json", plain)
    size = sum(path.stat().st_size for path in target.iterdir())
    print(f"{variant.name}: {size} bytes, {len(tensors)} weights")


def main() -> None:
    """Do one of the two steps, for all variants or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=("draw", "convert"))
    parser.add_argument("sources", type=Path)
    parser.add_argument("names", nargs="*", help="variants; default: all")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    options = parser.parse_args()
    for number, variant in enumerate(VARIANTS):
        if options.names and variant.name not in options.names:
            continue
        source = options.sources / variant.name
        if options.step == "draw":
            draw(variant, source, SEED + number)
        else:
            convert(variant, source, options.out)


if __name__ == "__main__":
    main()
