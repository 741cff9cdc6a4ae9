"""Golden activations of Gemma 3 270M's GGUF from HF eager float32.

The weights are dequantised by gguf-py. GGUF holds 1 + w of every norm, HF w.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gguf import GGUFReader, quants
from golden_file import write_tensors
from transformers import Gemma3ForCausalLM, Gemma3TextConfig

DEFAULT_GGUF = Path("~/.cache/pellucid/models/gemma-3-270m-q4_k_m.gguf")
DEFAULT_OUT = Path(__file__).parents[2] / "tests/golden/gemma3"
MADE_BY = "tools/goldens/gemma_default.py: HF eager float32"
# "<bos>The capital of France is", and then random ids.
PROMPTS = {
    "capital": [2, 818, 5279, 529, 7001, 563],
    "long": None,
}
LONG_TOKENS = 600  # beyond the window of 512
LONG_KEPT = 6
SEED = 20260611
LAYERS = (0, 5, 11, 12, 17)
STRIDE = 97
BLOCK_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "pre_feedforward_layernorm",
    "post_ffw_norm": "post_feedforward_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
GLOBAL_NAMES = {"token_embd": "model.embed_tokens", "output_norm": "model.norm"}


def hf_name(name: str) -> str:
    """Translate a GGUF tensor name to the name in an HF state dict."""
    stem, kind = name.rsplit(".", 1)
    if stem in GLOBAL_NAMES:
        return f"{GLOBAL_NAMES[stem]}.{kind}"
    _, layer, part = stem.split(".")
    return f"model.layers.{layer}.{BLOCK_NAMES[part]}.{kind}"


def read_state(reader: GGUFReader) -> dict[str, torch.Tensor]:
    """Dequantise all weights, by HF name."""
    state = {}
    for tensor in reader.tensors:
        values = quants.dequantize(tensor.data, tensor.tensor_type)
        values = np.array(values, dtype=np.float32)
        if tensor.name.endswith("norm.weight"):
            values = values - np.float32(1)
        state[hf_name(tensor.name)] = torch.from_numpy(values)
    return state


def build_model(path: Path) -> Gemma3ForCausalLM:
    """Build the model that a GGUF of architecture gemma3 holds."""
    reader = GGUFReader(path)
    meta: dict[str, Any] = {
        key.removeprefix("gemma3."): field.contents()
        for key, field in reader.fields.items()
        if not key.startswith("tokenizer.")
    }
    state = read_state(reader)
    config = Gemma3TextConfig(
        vocab_size=state["model.embed_tokens.weight"].shape[0],
        hidden_size=meta["embedding_length"],
        intermediate_size=meta["feed_forward_length"],
        num_hidden_layers=meta["block_count"],
        num_attention_heads=meta["attention.head_count"],
        num_key_value_heads=meta["attention.head_count_kv"],
        head_dim=meta["attention.key_length"],
        query_pre_attn_scalar=meta["attention.key_length"],
        max_position_embeddings=meta["context_length"],
        sliding_window=meta["attention.sliding_window"],
        rms_norm_eps=float(
            str(np.float32(meta["attention.layer_norm_rms_epsilon"]))
        ),
        rope_parameters={
            "full_attention": {
                "rope_type": "default",
                "rope_theta": float(meta["rope.freq_base"]),
            },
            "sliding_attention": {
                "rope_type": "default",
                "rope_theta": 10000.0,
            },
        },
        layer_types=[
            "full_attention" if i % 6 == 5 else "sliding_attention"
            for i in range(meta["block_count"])
        ],
        attn_implementation="eager",
    )
    model = Gemma3ForCausalLM(config).float()
    wrong = model.load_state_dict(state, strict=False)
    if wrong.unexpected_keys or set(wrong.missing_keys) - {"lm_head.weight"}:
        raise ValueError(f"weights do not fit: {wrong}")
    model.tie_weights()
    return model.eval()


def main() -> None:
    """Write one file a prompt."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gguf", type=Path, default=DEFAULT_GGUF)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    options = parser.parse_args()
    torch.set_num_threads(2)

    model = build_model(options.gguf.expanduser())
    random = np.random.RandomState(SEED)
    for name, fixed in PROMPTS.items():
        ids = fixed or [2, *random.randint(300, 200000, LONG_TOKENS - 1)]
        ids = [int(token) for token in ids]
        first = 0 if fixed else LONG_TOKENS - LONG_KEPT
        with torch.no_grad():
            run = model(torch.tensor([ids]), output_hidden_states=True)
        states = run.hidden_states
        logits = run.logits[0].numpy()
        # hidden_states[i + 1] is the output of block i, but for the last,
        # which is after the final norm.
        kept = {
            f"model.layers.{i}": states[i + 1][0, first:].numpy()
            for i in LAYERS[:-1]
        }
        kept["model.norm"] = states[-1][0, first:].numpy()
        kept["logits_every_97"] = logits[first:, ::STRIDE]
        best = np.argsort(-logits[-1])[:5]
        print(name, [(int(i), float(logits[-1, i])) for i in best])
        write_tensors(
            options.out / f"{name}.safetensors",
            kept,
            made_by=MADE_BY,
            ids=ids,
            notes={
                "note": f"positions {first} to {len(ids) - 1}",
                "positions": str(list(range(first, len(ids)))),
            },
        )


if __name__ == "__main__":
    main()
