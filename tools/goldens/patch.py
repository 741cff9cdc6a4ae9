"""Golden grids of activation patching, from HF eager float32 with hooks.

`patch/NAME.json` holds, for some of the tiny models, a pair of prompts and the
logit difference of the corrupt run with one activation taken from the clean
one, for every cell of grids by position and by head; and the numbers of a
causal trace, its noise included.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import capture as gpt2_capture
import numpy as np
from edits_hooks import run_edited
from edits_maths import Json
from families_capture import capture
from golden_file import write_json
from transformers import AutoModelForCausalLM, PreTrainedModel, logging

GOLDEN = Path(__file__).parents[2] / "tests/golden"
FOLDERS = (
    "tiny_hf/llama_plain",
    "tiny_hf/gpt2_plain",
    "families/gemma2_plain",
    "families/mistral_window",
    "families/mixtral_plain",
)
CLEAN = [3, 1, 4, 1, 5, 2]
CORRUPT = [3, 1, 2, 1, 6, 2]
ANSWER, FOIL = 4, 7
SUBJECT = [1, 2]
SAMPLES = 2
BY_POSITION = ("resid_pre", "resid_mid", "resid_post", "attn_out", "mlp_out")
BY_HEAD = ("z", "q", "k", "v", "pattern")


class Patcher:
    """Runs of one model that take values from its clean run."""

    def __init__(self, model: PreTrainedModel) -> None:
        self.model = model
        config = model.config.get_text_config()
        gpt2 = config.model_type == "gpt2"
        self.layers = config.num_hidden_layers
        self.heads = config.num_attention_heads
        self.kv_heads = getattr(config, "num_key_value_heads", self.heads)
        self.blocks = "transformer.h" if gpt2 else "model.layers"
        self.attn = "attn" if gpt2 else "self_attn"
        self.gpt2 = gpt2
        record = gpt2_capture.capture if gpt2 else capture
        self.clean = record(model, CLEAN)

    def site(self, point: str, layer: int) -> str:
        """Name a point of a block as edits do."""
        block = f"{self.blocks}.{layer}"
        attn = f"{block}.{self.attn}"
        if point == "resid_post":
            return block
        if point == "attn_out":
            return attn
        if point == "mlp_out":
            return f"{block}.mlp"
        if point in ("q", "k", "v"):
            return f"{attn}.{point}" if self.gpt2 else f"{attn}.{point}_proj"
        if point in ("z", "pattern"):
            return f"{attn}.{point}"
        return f"{block}.{point}"

    def value(self, point: str, layer: int) -> np.ndarray:
        """Give the clean run's rows of a point."""
        site = self.site(point, layer)
        if point == "resid_pre":
            return self.clean[f"{self.blocks}.{layer}.resid_pre"]
        if self.gpt2 and point in ("q", "k", "v"):
            fused = self.clean[f"{self.blocks}.{layer}.attn.c_attn"]
            return np.split(fused, 3, axis=-1)["qkv".index(point)]
        if point == "resid_mid" and site not in self.clean:
            return self.value("resid_pre", layer) + self.value(
                "attn_out", layer
            )
        return self.clean[site]

    def edit(
        self,
        point: str,
        layer: int,
        positions: Sequence[int],
        head: int | None,
    ) -> tuple[Json, dict[str, np.ndarray]]:
        """Make the edit that replaces rows by the clean run's."""
        value = self.value(point, layer)
        edit: Json = {
            "site": self.site(point, layer),
            "kind": "replace",
            "positions": ",".join(str(p) for p in positions),
            "values": {"tensor": "clean"},
        }
        if point == "resid_pre":
            edit["site"] = (
                "embed" if layer == 0 else f"{self.blocks}.{layer - 1}"
            )
        if point != "pattern":
            value = value.reshape(len(value), -1)
            if head is not None:
                size = self.kv_heads if point in ("k", "v") else self.heads
                value = value.reshape(len(value), size, -1)[:, head]
            value = value[list(positions)]
        if head is not None:
            edit["heads"] = [head]
        return edit, {"clean": np.ascontiguousarray(value)}

    def difference(
        self, ids: Sequence[int], edits: list[Json], tensors: dict
    ) -> float:
        """Read answer less foil at the end of a run."""
        logits = run_edited(self.model, ids, edits, tensors)[-1]
        return float(np.float64(logits[ANSWER]) - np.float64(logits[FOIL]))

    def grid(self, point: str, by_head: bool) -> list[list[float]]:
        """Patch every cell."""
        everywhere = list(range(len(CORRUPT)))
        heads = self.kv_heads if point in ("k", "v") else self.heads
        columns = range(heads) if by_head else everywhere
        return [
            [
                self.difference(
                    CORRUPT,
                    *_listed(
                        self.edit(
                            point,
                            layer,
                            everywhere if by_head else [column],
                            column if by_head else None,
                        )
                    ),
                )
                for column in columns
            ]
            for layer in range(self.layers)
        ]

    def trace(self, noise: np.ndarray) -> Json:
        """Trace causes: noise at the subject, one state restored."""
        spots = ",".join(str(p) for p in SUBJECT)

        def prob(sample: int, restored: list[Json], tensors: dict) -> float:
            added: Json = {
                "site": "embed",
                "kind": "add",
                "positions": spots,
                "values": {"tensor": "noise"},
            }
            logits = run_edited(
                self.model,
                CLEAN,
                [added, *restored],
                {"noise": noise[sample], **tensors},
            )[-1].astype(np.float64)
            exps = np.exp(logits - logits.max())
            return float(exps[ANSWER] / exps.sum())

        def mean(restored: list[Json], tensors: dict) -> float:
            return float(
                np.mean([prob(s, restored, tensors) for s in range(SAMPLES)])
            )

        values = [
            [
                mean(*_listed(self.edit("resid_post", layer, [p], None)))
                for p in range(len(CLEAN))
            ]
            for layer in range(self.layers)
        ]
        return {"corrupt": mean([], {}), "values": values}


def _listed(
    made: tuple[Json, dict[str, np.ndarray]],
) -> tuple[list[Json], dict[str, np.ndarray]]:
    return [made[0]], made[1]


def make(folder: str) -> None:
    """Make the golden of one model."""
    model = AutoModelForCausalLM.from_pretrained(
        GOLDEN / folder,
        dtype="float32",
        attn_implementation="eager",
        experts_implementation="eager",
    ).eval()
    patcher = Patcher(model)
    random = np.random.default_rng(11)
    width = model.config.get_text_config().hidden_size
    noise = random.standard_normal((SAMPLES, len(SUBJECT), width))
    noise = np.round(noise, 3).astype(np.float32)
    # The hook for the middle changes what attention adds, which gemma2 norms.
    points = [
        p for p in BY_POSITION if p != "resid_mid" or "gemma2" not in folder
    ]
    golden = {
        "made_by": "tools/goldens/patch.py: HF eager float32 with hooks",
        "folder": folder,
        "clean": CLEAN,
        "corrupt": CORRUPT,
        "answer": ANSWER,
        "foil": FOIL,
        "clean_difference": patcher.difference(CLEAN, [], {}),
        "corrupt_difference": patcher.difference(CORRUPT, [], {}),
        "by_position": {p: patcher.grid(p, by_head=False) for p in points},
        "by_head": {p: patcher.grid(p, by_head=True) for p in BY_HEAD},
        "subject": SUBJECT,
        "noise": [[[float(x) for x in t] for t in s] for s in noise],
        "causal_trace": patcher.trace(noise),
    }
    name = folder.rpartition("/")[2]
    write_json(GOLDEN / f"patch/{name}.json", golden)


def main() -> None:
    """Make those that are asked for, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", default=FOLDERS)
    logging.set_verbosity_error()
    for folder in parser.parse_args().folders:
        make(folder)
        print(json.dumps(folder))


if __name__ == "__main__":
    main()
