"""Golden continuations by Hugging Face's `generate`, greedy and eager float32.

Tiny models of several families continue random prompts of several lengths, with
and without a repetition penalty; prompts where rounding could decide a token
are passed over. The default model continues a text as it is, and with a vector
added to a block's output by a hook: the difference of two texts' last tokens
there.
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from golden_file import write_json, write_tensors
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

DEFAULT_FOLDER = Path("~/oracle/smollm2-hf")
GOLDEN = Path(__file__).parents[2] / "tests/golden"
DEFAULT_OUT = GOLDEN / "generate"
TINY = (
    "tiny_hf/llama_plain",
    "tiny_hf/gpt2_plain",
    "families/mistral_window",
    "families/qwen3_moe_plain",
    "families/gemma3_text_pattern",
    "families/mixtral_window",
    "families/gpt_neox_pythia",
)
LENGTHS = (1, 5, 9)
TINY_TOKENS = 20
PENALTY = 1.3
ATTEMPTS = 30
# Between the two highest logits of every step: far beyond rounding.
TINY_MARGIN, MARGIN = 1e-4, 2e-3
SEED = 20250108

PROMPT = "The best thing about the weekend is"
TOKENS = 40
PLUS, MINUS = "I love this", "I hate this"
LAYER, SCALE = 14, 3.0

Model = torch.nn.Module


def load(folder: Path) -> Model:
    """Open a folder as eager float32."""
    model = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=torch.float32,
        attn_implementation="eager",
        experts_implementation="eager",
    ).eval()
    model.generation_config.eos_token_id = None
    model.generation_config.pad_token_id = 0
    return model


def continue_greedily(
    model: Model, ids: list[int], count: int, penalty: float = 1.0
) -> tuple[list[int], list[float], float]:
    """Continue a prompt.

    Parameters
    ----------
    model
        An HF causal language model.
    ids
        The prompt.
    count
        Tokens to generate.
    penalty
        `repetition_penalty` of `generate`.

    Returns
    -------
    tuple of list of int, list of float, float
        The new tokens, their log-probabilities before any processor, and the
        smallest difference of the two highest scores of a step.
    """
    with torch.no_grad():
        out = model.generate(
            torch.tensor([ids]),
            attention_mask=torch.ones(1, len(ids), dtype=torch.long),
            max_new_tokens=count,
            min_new_tokens=count,
            do_sample=False,
            repetition_penalty=penalty,
            output_scores=True,
            output_logits=True,
            return_dict_in_generate=True,
        )
    new = out.sequences[0, len(ids) :].tolist()
    logprobs = [
        float(row[0].double().log_softmax(-1)[token])
        for row, token in zip(out.logits, new, strict=True)
    ]
    tops = [row[0].topk(2).values for row in out.scores]
    return new, logprobs, min(float(top[0] - top[1]) for top in tops)


def tiny_continuations(folder: str) -> Iterator[dict[str, object]]:
    """Continue prompts of LENGTHS with one tiny model.

    Parameters
    ----------
    folder
        Below tests/golden.

    Yields
    ------
    dict
        Prompt, and ids with and without the penalty.
    """
    model = load(GOLDEN / folder)
    rng = np.random.default_rng(SEED)
    context = getattr(model.config, "max_position_embeddings", 2048)
    for length in LENGTHS:
        count = min(TINY_TOKENS, context - length)
        for _ in range(ATTEMPTS):
            prompt = rng.integers(3, model.config.vocab_size, length).tolist()
            plain = continue_greedily(model, prompt, count)
            other = continue_greedily(model, prompt, count, PENALTY)
            if min(plain[2], other[2]) >= TINY_MARGIN:
                break
        else:
            raise SystemExit(f"{folder}: no prompt of {length} tokens does")
        print(f"{folder}: {length} and {count} tokens")
        yield {"prompt": prompt, "ids": plain[0], "penalised": other[0]}


@contextmanager
def added(model: Model, layer: int, vector: torch.Tensor) -> Iterator[None]:
    """Add a vector to the output of a block, at every position."""

    def hook(_module: Model, _inputs: object, output: object) -> object:
        if isinstance(output, tuple):
            return (output[0] + vector, *output[1:])
        return output + vector

    handle = model.model.layers[layer].register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


def main() -> None:
    """Write tiny.json, default.json and default.safetensors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    options = parser.parse_args()
    torch.set_num_threads(2)

    tiny: dict[str, list[object]] = {
        "folders": [],
        "prompts": [],
        "ids": [],
        "penalised": [],
    }
    for folder in TINY:
        for made in tiny_continuations(folder):
            tiny["folders"].append(folder)
            tiny["prompts"].append(made["prompt"])
            tiny["ids"].append(made["ids"])
            tiny["penalised"].append(made["penalised"])
    write_json(options.out / "tiny.json", tiny)

    folder = options.folder.expanduser()
    model = load(folder)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json")
    )

    def encode(text: str) -> list[int]:
        return tokenizer(text, add_special_tokens=False)["input_ids"]

    def state(text: str) -> torch.Tensor:
        with torch.no_grad():
            out = model(torch.tensor([encode(text)]), output_hidden_states=True)
        return out.hidden_states[LAYER + 1][0, -1]

    vector = state(PLUS) - state(MINUS)
    prompt = encode(PROMPT)
    ids, logprobs, margin = continue_greedily(model, prompt, TOKENS)
    with added(model, LAYER, SCALE * vector):
        steered = continue_greedily(model, prompt, TOKENS)
    print(f"plain (margin {margin:.2e}):", tokenizer.decode(ids))
    print(f"steered (margin {steered[2]:.2e}):", tokenizer.decode(steered[0]))
    if min(margin, steered[2]) < MARGIN:
        raise SystemExit("rounding could decide a token; choose other texts")
    write_json(
        options.out / "default.json",
        {
            "texts": [PROMPT, PLUS, MINUS],
            "prompt": prompt,
            "ids": ids,
            "steered": steered[0],
        },
    )
    write_tensors(
        options.out / "default.safetensors",
        {
            "vector": vector.numpy(),
            "logprobs": np.array(logprobs, np.float32),
            "steered_logprobs": np.array(steered[1], np.float32),
        },
        made_by="tools/goldens/generate.py: HF generate, eager float32",
        notes={"layer": str(LAYER), "scale": str(SCALE)},
    )


if __name__ == "__main__":
    main()
