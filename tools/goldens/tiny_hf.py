"""Tiny random GPT-2 and Llama folders, with golden activations.

Each folder of `tiny_hf_variants.py` is written, opened by transformers itself
and run in eager float32, so that its reading of the config and of the names
is part of the golden. Some have a twin: NAME.gguf with the same weights, by
the converter's rules; where the twin is quantised the folder holds the
dequantised float32.
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import hf_gpt2
import hf_llama
import numpy as np
import torch
from capture import capture
from gguf import GGMLQuantizationType, GGUFWriter, quants
from golden_file import write_json, write_tensors
from hf_folder import Stored, rounded, write_checkpoint, write_settings
from lens_reference import crosscheck, lens
from tiny_hf_variants import GPT2, LLAMA, Variant
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    PretrainedConfig,
    PreTrainedModel,
)

DEFAULT_OUT = Path(__file__).parents[2] / "tests/golden/tiny_hf"
FAMILIES = {"gpt2": hf_gpt2, "llama": hf_llama}
HEAD = "lm_head.weight"
EMBEDDINGS = ("transformer.wte.weight", "model.embed_tokens.weight")

State = dict[str, np.ndarray]


def storage(variant: Variant, values: np.ndarray) -> str:
    """Give the type in which a weight of the folder is stored."""
    matrix = values.ndim > 1
    return variant.kind if matrix else variant.vector_kind or variant.kind


def draw_state(
    variant: Variant, config: PretrainedConfig, random: np.random.Generator
) -> State:
    """Draw the weights of a folder, as its storage types hold them.

    Parameters
    ----------
    variant
        What to make.
    config
        Its config as transformers reads it.
    random
        Source of random numbers.

    Returns
    -------
    dict of str to numpy.ndarray
        float32 weights by full name; `lm_head.weight` where it is stored.
    """
    family = FAMILIES[config.model_type]
    state = family.random_state(config, random, variant.std)
    (embedding,) = (name for name in EMBEDDINGS if name in state)
    if variant.embedding_std is not None:
        state[embedding] *= variant.embedding_std / variant.std
    own = not config.tie_word_embeddings
    if variant.head == "different" or (variant.head == "as config" and own):
        shape = state[embedding].shape
        values = variant.std * random.standard_normal(shape)
        state[HEAD] = values.astype(np.float32)
    elif variant.head == "equal":
        state[HEAD] = state[embedding]
    return {
        name: rounded(values, storage(variant, values))
        for name, values in state.items()
    }


def write_twin(
    path: Path,
    variant: Variant,
    config: PretrainedConfig,
    state: State,
    family: ModuleType,
) -> State:
    """Write the weights as GGUF and give them back dequantised.

    Parameters
    ----------
    path
        Target file.
    variant
        Says which type matrices have and whether a head is written.
    config
        The model's config.
    state
        float32 weights by full name.
    family
        Names and arrangement: `hf_gpt2` or `hf_llama`.

    Returns
    -------
    dict of str to numpy.ndarray
        `state` as the file holds it, by the same names.
    """
    writer = GGUFWriter(path, config.model_type)
    writer.add_name(f"tiny {variant.name}")
    family.add_keys(writer, config)
    found = {}
    for name, values in state.items():
        # Positions and vectors stay float32 in quantised files too.
        plain = values.ndim == 1 or ".wpe." in name
        qtype = GGMLQuantizationType["F32" if plain else str(variant.twin)]
        arranged = family.to_gguf(name, values, config)
        data = quants.quantize(arranged, qtype)
        writer.add_tensor(family.gguf_name(name), data, raw_dtype=qtype)
        back = quants.dequantize(data, qtype).astype(np.float32)
        found[name] = family.from_gguf(name, back, config)
        if variant.twin_head and name in EMBEDDINGS:
            writer.add_tensor("output.weight", data, raw_dtype=qtype)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return found


def stored_tensors(
    variant: Variant, config: PretrainedConfig, state: State
) -> list[Stored]:
    """List what the folder's files hold, under the names they use."""
    family = FAMILIES[config.model_type]
    tensors = [
        Stored(name, storage(variant, values), values)
        for name, values in state.items()
    ]
    if variant.buffers:
        tensors += [
            Stored(name, kind, values)
            for name, (kind, values) in family.buffers(config).items()
        ]
    tensors.sort(key=lambda tensor: tensor.name)
    if variant.trunk:
        return tensors
    return [
        Stored(t.name.removeprefix(family.TRUNK), t.kind, t.values)
        for t in tensors
    ]


def open_reference(folder: Path) -> PreTrainedModel:
    """Open a folder with transformers, in eager float32.

    Raises
    ------
    ValueError
        If a weight is missing, left over or of another shape.
    """
    model, report = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=torch.float32,
        attn_implementation="eager",
        output_loading_info=True,
    )
    left = [
        name
        for name in report["unexpected_keys"]
        if not name.endswith(("attn.bias", "masked_bias", "inv_freq"))
    ]
    if report["missing_keys"] or report["mismatched_keys"] or left:
        raise ValueError(f"{folder}: {report}")
    return model.eval()


def without_twins(sites: State) -> tuple[State, dict[str, str]]:
    """Keep one site of those that hold the same bits.

    Parameters
    ----------
    sites
        Result of `capture`.

    Returns
    -------
    tuple
        What is kept, and the name kept for each name left out.
    """
    kept: State = {}
    same: dict[str, str] = {}
    first: dict[tuple[Any, ...], str] = {}
    for name, values in sites.items():
        key = (values.shape, values.tobytes())
        if key in first:
            same[name] = first[key]
        else:
            first[key] = name
            kept[name] = values
    return kept, same


def write_golden(
    out: Path, variant: Variant, model: PreTrainedModel, seed: int
) -> None:
    """Run the model and write NAME.golden.safetensors and its lens."""
    random = np.random.default_rng(seed)
    vocabulary = model.config.vocab_size
    ids = random.integers(0, vocabulary, variant.tokens).tolist()
    ids[-2] = ids[1]  # a repeated token
    sites = capture(model, ids)
    (first,) = (name for name in sites if name.endswith(".0.resid_pre"))
    sites["embed"] = sites[first]
    sites["lm_head"] = sites["logits"]
    peak = max(
        float(abs(values).max())
        for name, values in sites.items()
        if not name.endswith(".scores")
    )
    print(f"largest activation {peak:.4g}", end="; ")
    kept, same = without_twins(sites)
    write_tensors(
        out / f"{variant.name}.golden.safetensors",
        kept,
        made_by="tools/goldens/tiny_hf.py: HF eager float32",
        ids=ids,
        notes={"same": json.dumps(same)},
    )
    if variant.with_lens:
        print(crosscheck(model, sites))
        prompt = {"text": None, **lens(model, sites, ids, ids[0])}
        write_json(
            out / f"{variant.name}.lens.json",
            {"made_by": "tools/goldens/tiny_hf.py", "prompts": [prompt]},
        )


def write_model(out: Path, variant: Variant, seed: int) -> None:
    """Write one folder, its twin and its golden."""
    folder = out / variant.name
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    write_settings(folder / "config.json", variant.config)
    for name, settings in variant.files.items():
        write_settings(folder / name, settings)
    config = AutoConfig.from_pretrained(folder)
    state = draw_state(variant, config, np.random.default_rng(seed))
    if variant.twin is not None:
        family = FAMILIES[config.model_type]
        path = out / f"{variant.name}.gguf"
        state = write_twin(path, variant, config, state, family)
    tensors = stored_tensors(variant, config, state)
    write_checkpoint(folder, tensors, shards=variant.shards, skew=variant.skew)
    with tempfile.TemporaryDirectory() as aligned:
        # torch cannot view data that begins at an odd byte.
        copy = Path(aligned)
        for path in folder.glob("*.json"):
            if "index" not in path.name:
                shutil.copy(path, copy)
        write_checkpoint(copy, tensors)
        model = open_reference(copy if variant.skew else folder)
    write_golden(out, variant, model, seed + 1000)


def main() -> None:
    """Write every variant, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    parser.add_argument("names", nargs="*", help="variants; default: all")
    options = parser.parse_args()
    torch.set_num_threads(2)
    for seed, variant in enumerate((*GPT2, *LLAMA), start=1):
        if not options.names or variant.name in options.names:
            write_model(options.out, variant, seed)


if __name__ == "__main__":
    main()
