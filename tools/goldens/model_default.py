"""Golden activations of the default model from HF eager float32.

Prompt A has every site of two layers and every block; prompt B is longer
and has a few blocks; prompt C looks at rotary positions up to 299.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from byte_level import tokenizer_of
from capture import build_model, capture
from gguf_llama import read_llama
from golden_file import write_tensors

DEFAULT_GGUF = Path("~/.cache/pellucid/models/smollm2-135m.gguf")
DEFAULT_OUT = Path(__file__).parents[2] / "tests/golden/smollm2"
MADE_BY = "tools/goldens/model_default.py: HF eager float32"
STRIDE = 97
PROMPT_A = "The capital of France is"
PROMPT_B = (
    "Z\u00fcrich's na\u00efve readers won't count. "
    "\u6771\u4eac is big \U0001f642!\n"
    "def area(r):\n    return 3.14 * r**2\nThe area"
)
WIDE_LAYERS = (0, 29)
B_LAYERS = (0, 10, 20, 28, 29)
C_LAYERS = (5, 15, 29)
C_TOKENS = 300
C_KEPT = 8
C_SEED = 20240229
WIDE_SITES = (
    "resid_pre",
    "input_layernorm",
    "self_attn.q_proj",
    "self_attn.k_proj",
    "self_attn.v_proj",
    "self_attn.scores",
    "self_attn.z",
    "self_attn.o_proj",
    "self_attn",
    "resid_mid",
    "post_attention_layernorm",
    "mlp.gate_proj",
    "mlp.up_proj",
    "mlp.act_fn",
    "mlp.post",
    "mlp.down_proj",
    "mlp",
)


def layer(index: int) -> str:
    """Give the module path of a block."""
    return f"model.layers.{index}"


def main() -> None:
    """Write the files of the three prompts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gguf", type=Path, default=DEFAULT_GGUF)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    options = parser.parse_args()
    torch.set_num_threads(2)

    checkpoint = read_llama(options.gguf.expanduser())
    model = build_model(checkpoint.config, checkpoint.state)
    tokenizer = tokenizer_of(checkpoint.metadata)
    layers = model.config.num_hidden_layers

    ids = tokenizer.encode(PROMPT_A).ids
    sites = capture(model, ids)
    names = ["model.embed_tokens", "model.norm"]
    names += [layer(i) for i in range(layers)]
    names += [f"{layer(i)}.self_attn.pattern" for i in range(layers)]
    kept = {name: sites[name] for name in names}
    kept["logits"] = sites["logits"][-1:]
    kept["logits_every_97"] = sites["logits"][:, ::STRIDE]
    write_tensors(
        options.out / "prompt_a.safetensors",
        kept,
        made_by=MADE_BY,
        ids=ids,
        notes={
            "text": PROMPT_A,
            "note": "logits: the last position only; logits_every_97: "
            "every position, ids 0, 97, 194, ...",
        },
    )

    kept = {
        f"{layer(i)}.{site}": sites[f"{layer(i)}.{site}"]
        for i in WIDE_LAYERS
        for site in WIDE_SITES
    }
    kept["model.rotary_emb"] = sites["model.rotary_emb"]
    write_tensors(
        options.out / "prompt_a_sites.safetensors",
        kept,
        made_by=MADE_BY,
        ids=ids,
        notes={"text": PROMPT_A, "note": "model.rotary_emb: the cosines"},
    )

    ids = tokenizer.encode(PROMPT_B).ids
    sites = capture(model, ids)
    kept = {layer(i): sites[layer(i)] for i in B_LAYERS}
    kept["logits_every_97"] = sites["logits"][:, ::STRIDE]
    write_tensors(
        options.out / "prompt_b.safetensors",
        kept,
        made_by=MADE_BY,
        ids=ids,
        notes={"text": PROMPT_B},
    )

    random = np.random.RandomState(C_SEED)
    ids = random.randint(17, model.config.vocab_size, C_TOKENS).tolist()
    sites = capture(model, ids)
    kept = {layer(i): sites[layer(i)][-C_KEPT:] for i in C_LAYERS}
    kept["logits_every_97"] = sites["logits"][-C_KEPT:, ::STRIDE]
    write_tensors(
        options.out / "prompt_c.safetensors",
        kept,
        made_by=MADE_BY,
        ids=ids,
        notes={
            "note": f"positions {C_TOKENS - C_KEPT} to {C_TOKENS - 1} only",
            "positions": str(list(range(C_TOKENS - C_KEPT, C_TOKENS))),
        },
    )


if __name__ == "__main__":
    main()
