"""Gradients of every site of the tiny random models, by torch.autograd.

Each folder of `tiny_hf.py` and `families.py` is opened by transformers and run
in eager float32 on the ids of its golden. The metric is the log-probability of
the first token behind the last position; what it is worth at each site, by
`loss.backward()`, is kept as its length and its dots with noise that the C++
tests draw too (`tests/testutil/noise.h`, seeds 1, 2, ... of `PROJECTIONS`).
A gradient that differs from another by a part x of its length has dots that
differ by about x / sqrt(3) of that length. A row of a folder's table is the
number of a name, in the metadata, then length and dots; the first row is the
metric.

    python gradients.py [--out FILE] [NAME...]
"""

import argparse
import json
import re
import shutil
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import families
import numpy as np
import torch
from families_capture import Recorder
from families_names import canonical
from golden_file import write_tensors
from safetensors import safe_open
from torch.nn import functional
from transformers import AutoModelForCausalLM, PreTrainedModel, logging

GOLDEN = Path(__file__).parents[2] / "tests/golden"
DEFAULT_OUT = GOLDEN / "gradients/gradients.safetensors"
PROJECTIONS = 4
MADE_BY = "tools/goldens/gradients.py: torch.autograd, HF eager float32"
MASK = (1 << 64) - 1


def noise(count: int, seed: int) -> np.ndarray:
    """Give `testutil::Noise`: SplitMix64, 24 bits each, in [-1, 1)."""
    steps = np.arange(1, count + 1, dtype=np.uint64)
    z = np.uint64(seed) + steps * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    bits = (z >> np.uint64(40)).astype(np.int64)
    return (bits - (1 << 23)) / float(1 << 23)


class GradientRecorder(Recorder):
    """Keeps the tensors that sites are, so that gradients can be read."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__(model)
        self.sites: dict[str, torch.Tensor] = {}

    def keep(self, name: str, value: torch.Tensor) -> None:
        """Ask for the gradient of a site, once it is known."""
        if value.requires_grad:
            value.retain_grad()
            self.sites[name] = value

    def _input(self, name: str):  # noqa: ANN202
        def hook(_module, args, kwargs) -> None:  # noqa: ANN001
            self.keep(name, args[0] if args else kwargs["hidden_states"])

        return hook

    def keep_attention(
        self, scores: torch.Tensor, pattern: torch.Tensor
    ) -> None:
        """Ask for the gradients of scores and pattern."""
        if self._running and scores.ndim == 4:
            self.keep(f"{self._running[-1]}.scores", scores)
            self.keep(f"{self._running[-1]}.pattern", pattern)

    def gradients(self) -> dict[str, np.ndarray]:
        """Give what was asked for, tokens first, without a batch axis."""
        found = {}
        for name, value in self.sites.items():
            if value.grad is None:
                continue
            array = value.grad.float().numpy()
            if name.endswith((".scores", ".pattern")):
                pattern = self.sites[name.rpartition(".")[0] + ".pattern"]
                array = np.where(pattern.detach().numpy() > 0, array, 0)
                found[name] = array[0]
                continue
            if array.ndim > 2 and array.shape[0] == 1:
                array = array[0]
            if array.ndim == 3 and array.shape[1] == self.tokens:
                array = array.swapaxes(0, 1)
            if array.shape[0] != self.tokens:
                raise ValueError(f"{name}: shape {array.shape}")
            found[name] = array
        return found


@contextmanager
def watched_attention(recorder: GradientRecorder) -> Iterator[None]:
    """Look into the softmax of attentions, with gradients."""
    plain = functional.softmax
    fused = functional.scaled_dot_product_attention

    def softmax(scores: torch.Tensor, *args: Any, **rest: Any) -> torch.Tensor:
        pattern = plain(scores, *args, **rest)
        recorder.keep_attention(scores, pattern)
        return pattern

    def attention(
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attn_mask: torch.Tensor | None = None,
        **rest: Any,
    ) -> torch.Tensor:
        scale = rest.get("scale") or query.shape[-1] ** -0.5
        if rest.get("enable_gqa"):
            groups = query.shape[1] // key.shape[1]
            key, value = (x.repeat_interleave(groups, 1) for x in (key, value))
        scores = query @ key.transpose(-1, -2) * scale
        if attn_mask is None:
            above = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
            scores = scores.masked_fill(above, -torch.inf)
        elif attn_mask.dtype == torch.bool:
            scores = scores.masked_fill(~attn_mask, -torch.inf)
        else:
            scores = scores + attn_mask
        return softmax(scores, dim=-1) @ value

    functional.softmax = softmax
    functional.scaled_dot_product_attention = attention
    try:
        yield
    finally:
        functional.softmax = plain
        functional.scaled_dot_product_attention = fused


def gradients(
    model: PreTrainedModel, ids: list[int]
) -> tuple[dict[str, np.ndarray], float]:
    """Give d log p(ids[0] | ids) / d site for every site, and the metric."""
    recorder = GradientRecorder(model)
    recorder.tokens = len(ids)
    try:
        with watched_attention(recorder):
            output = model(torch.tensor([ids]), use_cache=False)
    finally:
        recorder.remove()
    recorder.keep("logits", output.logits)
    metric = functional.log_softmax(output.logits[0, -1], dim=-1)[ids[0]]
    metric.backward()
    return recorder.gradients(), float(metric.detach())


@contextmanager
def aligned(folder: Path) -> Iterator[Path]:
    """Give a copy of a folder whose data begins where torch can view it."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        for path in folder.iterdir():
            if path.suffix != ".safetensors":
                shutil.copy(path, copy)
                continue
            data = path.read_bytes()
            (size,) = struct.unpack("<Q", data[:8])
            header = data[8 : 8 + size] + b" " * (-size % 8)
            whole = struct.pack("<Q", len(header)) + header + data[8 + size :]
            (copy / path.name).write_bytes(whole)
        yield copy


def open_model(folder: Path) -> PreTrainedModel:
    """Open a folder as its golden was made."""
    known = {variant.name: variant for variant in families.VARIANTS}
    variant = known.get(folder.name)
    with aligned(folder) as copy:
        model = AutoModelForCausalLM.from_pretrained(
            copy,
            dtype=torch.float32,
            attn_implementation=variant.attention if variant else "eager",
            experts_implementation="eager",
        )
    return model.eval()


def rows_of(folder: Path) -> tuple[dict[str, list[float]], float]:
    """Give site name -> length and dots of one folder."""
    golden = folder.parent / f"{folder.name}.golden.safetensors"
    with safe_open(golden, "np") as file:
        ids = json.loads(file.metadata()["ids"])
    model = open_model(folder)
    found, metric = gradients(model, ids)
    rows = {}
    for name, array in sorted(found.items()):
        if re.search(r"\.norms\.\d+$", name):
            continue  # a module for each head: a part of a site
        wide = array.astype(np.float64).ravel()
        dots = [
            float(wide @ noise(wide.size, seed + 1))
            for seed in range(PROJECTIONS)
        ]
        length = float(np.sqrt(wide @ wide))
        rows[canonical(name, model.config.model_type)] = [length, *dots]
    return rows, metric


def main() -> None:
    """Write the gradients of all folders, or look at those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    parser.add_argument("names", nargs="*", help="beginnings; default: all")
    options = parser.parse_args()
    torch.set_num_threads(1)
    logging.disable_progress_bar()
    folders = [
        folder
        for place in ("tiny_hf", "families")
        for folder in sorted((GOLDEN / place).iterdir())
        if folder.is_dir()
        and (not options.names or folder.name.startswith(tuple(options.names)))
    ]
    tensors: dict[str, np.ndarray] = {}
    names: dict[str, int] = {}
    for folder in folders:
        rows, metric = rows_of(folder)
        table = [[-1.0, metric, *[0.0] * PROJECTIONS]]
        table += [
            [names.setdefault(name, len(names)), *row]
            for name, row in rows.items()
        ]
        tensors[folder.name] = np.array(table, np.float32)
        print(folder.name, len(rows), metric)
    write_tensors(
        options.out,
        tensors,
        made_by=MADE_BY,
        notes={"names": "\n".join(names)},
    )


if __name__ == "__main__":
    main()
