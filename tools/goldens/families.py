"""Tiny random models of every family, with golden activations.

A folder NAME/ is made as the hub has them: a config.json in the spelling of
some version of transformers, weights under the names that published files use.
Transformers opens it and runs it in eager float32; NAME.golden.safetensors
holds every activation by its canonical name (the module path of the published
names), NAME.lens.json the lens of some.

    python families.py [--out FOLDER] [--list] [NAME...]

NAME may be the beginning of names, such as `qwen2_`.
"""

import argparse
import contextlib
import json
import re
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import families_classic
import families_gemma
import families_kin
import families_llama
import families_moe
import families_partial
import numpy as np
import torch
from families_capture import BLOCK, capture
from families_lens import crosscheck, lens
from families_names import aliases, canonical
from families_variant import Variant
from golden_file import write_json, write_tensors
from hf_folder import Stored, rounded, write_checkpoint, write_settings
from safetensors.torch import load_file
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    PreTrainedModel,
    logging,
)

DEFAULT_OUT = Path(__file__).parents[2] / "tests/golden/families"
VARIANTS: tuple[Variant, ...] = (
    *families_llama.VARIANTS,
    *families_kin.VARIANTS,
    *families_classic.VARIANTS,
    *families_partial.VARIANTS,
    *families_gemma.VARIANTS,
    *families_moe.VARIANTS,
)
MADE_BY = "tools/goldens/families.py: HF eager float32"
GEMMA_GRID = 1024  # 1 + w is exact in float32, as its GGUF files store it

State = dict[str, np.ndarray]


def seed_of(variant: Variant) -> int:
    """Give a seed that stays when a table grows."""
    return zlib.crc32(variant.name.encode())


def draw(
    variant: Variant, model: PreTrainedModel, random: np.random.Generator
) -> None:
    """Fill every parameter of a model with random values, in place."""
    embedding = model.get_input_embeddings()
    gemma = "gemma" in variant.config["model_type"]
    for name, parameter in model.named_parameters():
        values = random.standard_normal(tuple(parameter.shape))
        is_norm = re.search(r"(norm\w*|ln_\w+|norms\.\d+)\.weight$", name)
        if parameter is embedding.weight:
            values *= variant.embedding_std
        elif is_norm:
            values = variant.vector_std * values + (0.0 if gemma else 1.0)
            if gemma:
                values = np.round(values * GEMMA_GRID) / GEMMA_GRID
        elif parameter.ndim < 2:
            values *= variant.vector_std
        else:
            values *= variant.std
        parameter.data = torch.from_numpy(values.astype(np.float32))
    model.tie_weights()


def published(variant: Variant, model: PreTrainedModel) -> State:
    """Give the weights under the names that the variant's files have."""
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        (path,) = Path(folder).glob("*.safetensors")
        tensors = load_file(path)
    state = {}
    for name, tensor in tensors.items():
        for pattern, replacement in variant.renames:
            name = re.sub(pattern, replacement, name)
        state[name] = tensor.numpy()
    if variant.repeat_head:
        head = model.get_output_embeddings().weight
        state["lm_head.weight"] = head.detach().numpy()
    return state


def stored_tensors(variant: Variant, state: State) -> list[Stored]:
    """List what the folder's files hold, with the types they have there."""
    tensors = []
    for name, values in state.items():
        vector = variant.vector_kind or variant.kind
        kind = variant.kind if values.ndim > 1 else vector
        tensors.append(Stored(name, kind, rounded(values, kind)))
    blocks = {m[0] for name in state if (m := BLOCK.match(name))}
    for name, shape in variant.buffers.items():
        whole = name.startswith("@")
        names = [name[1:]] if whole else [f"{b}.{name}" for b in blocks]
        values = np.zeros(shape, np.float32)
        tensors += [Stored(n, "F32", values) for n in names]
    return sorted(tensors, key=lambda tensor: tensor.name)


def open_reference(
    folder: Path, attention: str, buffers: set[str]
) -> PreTrainedModel:
    """Open a folder with transformers, in float32.

    Raises
    ------
    ValueError
        If a weight is missing, left over or of another shape.
    """
    model, report = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=torch.float32,
        attn_implementation=attention,
        experts_implementation="eager",
        output_loading_info=True,
    )
    left = set(report["unexpected_keys"]) - buffers
    if report["missing_keys"] or report["mismatched_keys"] or left:
        raise ValueError(f"{folder}: {report}")
    return model.eval()


def require_weights(
    variant: Variant, drawn: PreTrainedModel, opened: PreTrainedModel
) -> None:
    """Check that what was opened is what was drawn, as its files round it.

    Raises
    ------
    ValueError
        If a parameter was lost or changed between the two.
    """
    found = dict(opened.named_parameters())
    for name, parameter in drawn.named_parameters():
        vector = variant.vector_kind or variant.kind
        kind = variant.kind if parameter.ndim > 1 else vector
        values = rounded(parameter.detach().numpy(), kind)
        if not np.array_equal(found[name].detach().numpy(), values):
            raise ValueError(f"{variant.name}: {name} did not come back")


def without_twins(sites: State) -> tuple[State, dict[str, str]]:
    """Keep one site of those with the same bits, and list the others."""
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


def write_golden(out: Path, variant: Variant, model: PreTrainedModel) -> None:
    """Run the model and write NAME.golden.safetensors and its lens."""
    random = np.random.default_rng(seed_of(variant) + 1)
    config = model.config.get_text_config()
    ids = random.integers(0, config.vocab_size, variant.tokens).tolist()
    ids[-2] = ids[1]  # a repeated token
    raw = capture(model, ids)
    model_type = model.config.model_type
    sites = {canonical(name, model_type): a for name, a in raw.items()}
    kept, same = without_twins(sites)
    for name in sites:
        for alias in aliases(name, model_type):
            same[alias] = same.get(name, name)
    write_tensors(
        out / f"{variant.name}.golden.safetensors",
        kept,
        made_by=MADE_BY,
        ids=ids,
        notes={"same": json.dumps(same)},
    )
    peak = max(
        float(abs(values).max())
        for name, values in sites.items()
        if not name.endswith(".scores")
    )
    print(f"  peak {peak:.4g}", crosscheck(model, raw))
    if variant.with_lens:
        prompt = {"text": None, **lens(model, raw, ids, ids[0])}
        for row in prompt["rows"]:
            row["site"] = canonical(row["site"], model_type)
        write_json(
            out / f"{variant.name}.lens.json",
            {"made_by": "tools/goldens/families.py", "prompts": [prompt]},
        )


@contextlib.contextmanager
def aligned(folder: Path, tensors: list[Stored]) -> Iterator[Path]:
    """Give a folder with the same files whose data torch can view."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        shutil.copy(folder / "config.json", copy)
        write_checkpoint(copy, tensors)
        yield copy


def write_model(out: Path, variant: Variant) -> None:
    """Write one folder and its golden."""
    folder = out / variant.name
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    write_settings(folder / "config.json", variant.config)
    config = AutoConfig.from_pretrained(folder)
    drawn = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    draw(variant, drawn, np.random.default_rng(seed_of(variant)))
    state = published(variant, drawn)
    tensors = stored_tensors(variant, state)
    write_checkpoint(folder, tensors, shards=variant.shards, skew=variant.skew)
    buffers = {tensor.name for tensor in tensors} - set(state)
    with aligned(folder, tensors) as copy:
        place = copy if variant.skew else folder
        model = open_reference(place, variant.attention, buffers)
    require_weights(variant, drawn, model)
    write_golden(out, variant, model)


def main() -> None:
    """Write every variant, or those whose names begin as told."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    parser.add_argument("--list", action="store_true", help="names only")
    parser.add_argument("names", nargs="*", help="beginnings; default: all")
    options = parser.parse_args()
    torch.set_num_threads(1)
    logging.disable_progress_bar()
    for variant in VARIANTS:
        if options.names and not variant.name.startswith(tuple(options.names)):
            continue
        if options.list:
            print(variant.name)
        else:
            write_model(options.out, variant)


if __name__ == "__main__":
    main()
