"""Golden logits of edited runs, from HF eager float32 with hooks.

For some of the tiny models, `edits/NAME.safetensors` holds the logits of runs
under edits of every kind at sites of every sort, and the tensors that edits
name; its metadata "cases" the edits, as `--edits` reads them.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from edits_hooks import run_edited
from edits_maths import Json
from golden_file import write_tensors
from transformers import AutoModelForCausalLM, PreTrainedModel, logging

GOLDEN = Path(__file__).parents[2] / "tests/golden"
FOLDERS = (
    "tiny_hf/llama_plain",
    "tiny_hf/gpt2_plain",
    "families/gemma2_plain",
    "families/mistral_window",
    "families/mixtral_plain",
)
TOKENS = 9  # beyond the windows of 4
LEAST_CHANGE = 1e-2  # of a logit; an edit that does nothing proves nothing
MADE_BY = "tools/goldens/edits.py: HF eager float32 with hooks"


class Names:
    """Where the sites of one model are."""

    def __init__(self, model: PreTrainedModel) -> None:
        config = model.config.get_text_config()
        gpt2 = config.model_type == "gpt2"
        self.moe = config.model_type == "mixtral"
        self.post_norms = config.model_type == "gemma2"
        self.width = config.hidden_size
        self.heads = config.num_attention_heads
        self.kv_heads = getattr(config, "num_key_value_heads", self.heads)
        self.head_dim = getattr(config, "head_dim", None) or (
            self.width // self.heads
        )
        self.blocks = "transformer.h" if gpt2 else "model.layers"
        self.attn = "attn" if gpt2 else "self_attn"
        self.mlp = "block_sparse_moe" if self.moe else "mlp"
        self.qkv = ("q", "k", "v") if gpt2 else ("q_proj", "k_proj", "v_proj")
        self.act = "act" if gpt2 else "act_fn"
        self.up = "c_fc" if gpt2 else "up_proj"
        self.norm = "transformer.ln_f" if gpt2 else "model.norm"
        self.first_norm = "ln_1" if gpt2 else "input_layernorm"

    def block(self, layer: int, *parts: str) -> str:
        """Give the path of a part of a block."""
        return ".".join((f"{self.blocks}.{layer}", *parts))


class Cases:
    """The edits that a model's runs are made under."""

    def __init__(self, names: Names, random: np.random.Generator) -> None:
        self.names = names
        self.random = random
        self.tensors: dict[str, np.ndarray] = {}

    def tensor(self, name: str, *shape: int) -> Json:
        """Draw values of an edit, and name them as JSON does."""
        if name not in self.tensors:
            drawn = self.random.standard_normal(shape)
            self.tensors[name] = drawn.astype(np.float32)
        return {"file": "values.safetensors", "tensor": name}

    def row(self, width: int) -> list[float]:
        """Draw a row of values that stands in the JSON itself."""
        return np.round(self.random.standard_normal(width), 2).tolist()

    def stream(self) -> Iterator[tuple[str, list[Json]]]:
        """Every kind, on the residual stream after block 0."""
        names, d = self.names, self.names.width
        rows = self.tensor("rows", TOKENS, d)
        three = self.tensor("three", 3, d)
        one = self.row(d)
        for name, edit in {
            "zero": {"kind": "zero", "positions": "1"},
            "zero_features": {"kind": "zero", "features": [0, 5]},
            "scale": {"kind": "scale", "factor": -1.5, "positions": "2:5"},
            "add_number": {
                "kind": "add",
                "factor": 1.5,
                "positions": "::2",
                "features": [0, 3, 11],
            },
            "add_row": {"kind": "add", "factor": 2.5, "values": one},
            "add_rows": {"kind": "add", "factor": -1, "values": rows},
            "add_part": {
                "kind": "add",
                "values": [[2, -3]],
                "features": [4, 1],
            },
            "replace_row": {
                "kind": "replace",
                "values": one,
                "positions": "0,-2",
            },
            "replace_rows": {
                "kind": "replace",
                "values": rows,
                "positions": "3:7",
            },
            "replace_scope": {
                "kind": "replace",
                "values": three,
                "positions": "1,4,-1",
            },
            "mean": {"kind": "mean", "positions": "last"},
            "mean_all": {"kind": "mean", "features": [2, 3, 7]},
            "mean_of": {"kind": "mean", "values": three, "positions": "4"},
            "resample": {"kind": "resample", "values": rows, "seed": 5},
            "noise": {
                "kind": "noise",
                "factor": 0.75,
                "seed": 11,
                "positions": "1:4",
            },
            "noise_big_seed": {
                "kind": "noise",
                "features": [1, 2, 8],
                "seed": 2**63 + 9,
            },
            "clamp": {"kind": "clamp", "low": -0.25, "high": 0.5},
            "clamp_low": {"kind": "clamp", "low": 0.125, "positions": "3"},
            "project_out": {"kind": "project_out", "values": one},
            "project_out_space": {
                "kind": "project_out",
                "values": three,
                "positions": "-3:",
            },
            "set_component": {
                "kind": "set_component",
                "factor": 3.5,
                "values": one,
                "positions": "2,5",
            },
        }.items():
            yield f"stream.{name}", [{"site": names.block(0), **edit}]

    def parts(self) -> Iterator[tuple[str, list[Json]]]:
        """What attention and MLP give, and points around them."""
        names, d = self.names, self.names.width
        last = names.block(1, names.attn)
        mlp = names.block(0, names.mlp)
        one = self.tensor("rows", TOKENS, d)
        sites = {
            "attn": (last, {"kind": "zero", "positions": "2:"}),
            "attn_mean": (last, {"kind": "mean"}),
            "attn_noise": (last, {"kind": "noise", "seed": 3}),
            "mlp": (mlp, {"kind": "scale", "factor": 0}),
            "mlp_replace": (mlp, {"kind": "replace", "values": one}),
            "mlp_project": (
                mlp,
                {"kind": "project_out", "values": self.row(d)},
            ),
            "embed": ("embed", {"kind": "noise", "seed": 1, "factor": 0.25}),
            "norm": (
                names.block(1, names.first_norm),
                {"kind": "clamp", "high": 0.5},
            ),
            "final_norm": (names.norm, {"kind": "zero", "features": [3]}),
            "head": ("lm_head", {"kind": "scale", "factor": -1}),
            "logits": (
                "logits",
                {
                    "kind": "add",
                    "factor": 2,
                    "features": [0, 9],
                    "positions": "1,3",
                },
            ),
            "logits_clamp": ("logits", {"kind": "clamp", "low": 0}),
        }
        if not names.post_norms:
            sites["middle"] = (
                names.block(0, "resid_mid"),
                {"kind": "zero", "positions": "3", "features": [1, 2]},
            )
        else:
            sites["attn_post_norm"] = (
                names.block(0, "post_attention_layernorm"),
                {"kind": "scale", "factor": 2},
            )
        for name, (site, edit) in sites.items():
            yield f"parts.{name}", [{"site": site, **edit}]
        if names.moe:
            yield (
                "parts.router",
                [
                    {
                        "site": names.block(0, names.mlp, "gate"),
                        "kind": "add",
                        "values": [1, -2, 3, 0, 0.5],
                    }
                ],
            )
            yield (
                "parts.experts",
                [
                    {
                        "site": names.block(1, names.mlp, "experts"),
                        "kind": "scale",
                        "factor": 0.5,
                        "positions": "-4:",
                    }
                ],
            )
            return
        neurons = names.block(0, names.mlp, "post")
        up = names.block(1, names.mlp, names.up)
        act = names.block(0, names.mlp, names.act)
        yield (
            "parts.post",
            [{"site": neurons, "kind": "zero", "features": [0, 7, 19]}],
        )
        yield (
            "parts.post_clamp",
            [{"site": neurons, "kind": "clamp", "high": 0.01}],
        )
        yield (
            "parts.up",
            [
                {
                    "site": up,
                    "kind": "scale",
                    "factor": 3,
                    "positions": "1:",
                    "features": [0, 1, 2, 3, 4],
                }
            ],
        )
        yield "parts.act", [{"site": act, "kind": "mean", "positions": "0,1"}]

    def heads(self) -> Iterator[tuple[str, list[Json]]]:
        """Queries, keys, values, and what attention makes of them."""
        names = self.names
        query, key, value = (
            names.block(0, names.attn, part) for part in names.qkv
        )
        z = names.block(1, names.attn, "z")
        own, all_of = names.head_dim, names.heads * names.head_dim
        for name, site, edit in (
            ("q", query, {"kind": "scale", "factor": 4, "heads": [1]}),
            (
                "k",
                key,
                {
                    "kind": "add",
                    "values": self.row(own),
                    "heads": [names.kv_heads - 1],
                    "positions": "1:",
                },
            ),
            ("k_noise", key, {"kind": "noise", "seed": 2}),
            ("v", value, {"kind": "zero", "heads": [0], "positions": "0,2"}),
            (
                "v_part",
                value,
                {
                    "kind": "replace",
                    "values": [1.5, -0.5],
                    "heads": [1],
                    "features": [0, 3],
                },
            ),
            ("z", z, {"kind": "zero", "heads": [0]}),
            ("z_mean", z, {"kind": "mean", "heads": [1]}),
            (
                "z_rows",
                z,
                {
                    "kind": "replace",
                    "heads": [1],
                    "values": self.tensor("z", TOKENS, names.heads, own),
                },
            ),
            (
                "z_direction",
                z,
                {
                    "kind": "set_component",
                    "factor": -2,
                    "values": self.row(all_of),
                },
            ),
        ):
            yield f"heads.{name}", [{"site": site, **edit}]

    def attention(self) -> Iterator[tuple[str, list[Json]]]:
        """Scores and patterns."""
        names = self.names
        scores = names.block(0, names.attn, "scores")
        pattern = names.block(1, names.attn, "pattern")
        every = self.tensor("matrix", names.heads, TOKENS, TOKENS)
        single = self.tensor("head", 1, TOKENS, TOKENS)
        for name, site, edit in (
            (
                "mask",
                scores,
                {
                    "kind": "mask",
                    "positions": "3:",
                    "keys": "1,2",
                    "heads": [0],
                },
            ),
            (
                "mask_first",
                scores,
                {"kind": "mask", "keys": "0", "positions": "1:"},
            ),
            ("scale", scores, {"kind": "scale", "factor": 5}),
            ("add", scores, {"kind": "add", "factor": 2, "values": every}),
            (
                "add_head",
                scores,
                {"kind": "add", "values": single, "heads": [1], "keys": ":4"},
            ),
            ("clamp", scores, {"kind": "clamp", "high": -0.1}),
            (
                "noise",
                scores,
                {
                    "kind": "noise",
                    "seed": 4,
                    "factor": 2,
                    "positions": "2,6",
                    "keys": "1::2",
                },
            ),
            (
                "p_zero",
                pattern,
                {
                    "kind": "zero",
                    "heads": [1],
                    "positions": "-2:",
                    "keys": "-3:",
                },
            ),
            (
                "p_scale",
                pattern,
                {"kind": "scale", "factor": 0.5, "heads": [0]},
            ),
            (
                "p_replace",
                pattern,
                {"kind": "replace", "values": every, "heads": [0]},
            ),
            ("p_noise", pattern, {"kind": "noise", "seed": 6}),
        ):
            yield f"attention.{name}", [{"site": site, **edit}]

    def several(self) -> Iterator[tuple[str, list[Json]]]:
        """Edits one after another."""
        names = self.names
        block, attn = names.block(0), names.block(1, names.attn)
        yield (
            "several.in_order",
            [
                {"site": block, "kind": "add", "factor": 1, "positions": "2"},
                {
                    "site": block,
                    "kind": "scale",
                    "factor": 2,
                    "positions": "1:4",
                },
                {"site": block, "kind": "clamp", "low": -0.5},
            ],
        )
        yield (
            "several.sites",
            [
                {
                    "site": f"{attn}.pattern",
                    "kind": "zero",
                    "heads": [0],
                    "keys": "0",
                },
                {"site": f"{attn}.z", "kind": "noise", "seed": 8, "heads": [1]},
                {"site": attn, "kind": "scale", "factor": 1.5},
                {"site": names.block(1), "kind": "mean", "positions": "-1"},
            ],
        )

    def every(self) -> dict[str, list[Json]]:
        """Give all, by name."""
        parts = (
            self.stream(),
            self.parts(),
            self.heads(),
            self.attention(),
            self.several(),
        )
        return {name: edits for part in parts for name, edits in part}


def write_golden(folder: str, out: Path) -> None:
    """Run one model under every case.

    Raises
    ------
    ValueError
        If an edit changes next to nothing.
    """
    model = AutoModelForCausalLM.from_pretrained(
        GOLDEN / folder,
        dtype="float32",
        attn_implementation="eager",
        experts_implementation="eager",
    ).eval()
    random = np.random.default_rng(len(folder))
    vocabulary = model.config.get_text_config().vocab_size
    ids = random.integers(0, vocabulary, TOKENS).tolist()
    cases = Cases(Names(model), random)
    listed = cases.every()
    found = {"plain": run_edited(model, ids, [], {})}
    for name, edits in listed.items():
        found[name] = run_edited(model, ids, edits, cases.tensors)
        change = np.abs(found[name] - found["plain"]).max()
        if not change > LEAST_CHANGE:
            raise ValueError(f"{folder}: {name} changes {change:.3g}")
    documents = {
        name: {"schema": "pellucid.edits/1", "edits": edits}
        for name, edits in listed.items()
    }
    logits = {f"logits.{name}": array for name, array in found.items()}
    write_tensors(
        out / f"{folder.split('/')[-1]}.safetensors",
        logits | cases.tensors,
        made_by=MADE_BY,
        ids=ids,
        notes={"folder": folder, "cases": json.dumps(documents)},
    )


def main() -> None:
    """Write every golden."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=GOLDEN / "edits")
    arguments = parser.parse_args()
    logging.set_verbosity_error()
    for folder in FOLDERS:
        write_golden(folder, arguments.out)


if __name__ == "__main__":
    main()
