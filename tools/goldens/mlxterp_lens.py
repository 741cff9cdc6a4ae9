"""Compare logit lenses of mlxterp and of the program on a copy in 4 bits.

    python mlxterp_lens.py SMOLLM2_HF WORK --mlxterp CHECKOUT \
        --pellucid build/release/bin/pellucid

SMOLLM2_HF is the folder of `dequantised_hf.py`, CHECKOUT holds mlxterp's
package. Writes WORK/affine4, what mlx_lm.convert makes of the folder; runs
prompts of mlxterp's first tutorial through `logit_lens` of both, every block at
every position; and counts in how many cells the first tokens are the same.

mlxterp computes as the copy is stored, in bfloat16. Its numbers are 2^-8 of
their size apart, and states that have gone through 30 blocks are further off
than their last rounding. So it runs twice: as it is, and on the same weights
with its arithmetic in float32. Cells in which the first differs from the
program are told with how many steps of bfloat16 lie between both first tokens
in mlxterp's logits, and with what mlxterp says in float32. Nothing is
committed. Needs mlx-lm and, on an idle machine, some ten minutes.
"""

import argparse
import collections
import json
import math
import subprocess
import sys
from pathlib import Path

import mlx.core as mx
from mlx_default import MODES
from mlx_lm import convert

PROMPTS = (
    "The capital of France is",
    "The Eiffel Tower is located in",
    "Barack Obama was the 44th president of the United",
    "The quick brown fox jumps over the lazy",
)
TOP_K = 100  # of mlxterp, to find the program's first token in


def steps(first: float, other: float) -> int:
    """Count the steps of bfloat16 between two logits, by the size of `first`.

    Parameters
    ----------
    first, other
        Logits; `first` is the greater.
    """
    if other == -math.inf:
        return TOP_K  # at least
    _, exponent = math.frexp(first)
    return round((first - other) / 2.0 ** (exponent - 8))


def lens_of_program(program: Path, folder: Path, prompt: str) -> list:
    """Give `rows` of the program's JSON."""
    options = ["--json", "-", "--no-embed", "--top-k", "2"]
    done = subprocess.run(
        [program, "lens", "-m", folder, *options, prompt],
        check=True,
        capture_output=True,
    )
    return json.loads(done.stdout)["rows"]


def main() -> None:
    """Do so, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--mlxterp", type=Path, required=True)
    parser.add_argument("--pellucid", type=Path, required=True)
    parser.add_argument("--prompts", type=int, default=len(PROMPTS))
    parser.add_argument("--kinds", nargs="*", default=["float32", "bfloat16"])
    options = parser.parse_args()
    sys.path.insert(0, str(options.mlxterp))
    from mlxterp import InterpretableModel

    folder = options.work / "affine4"
    if not folder.exists():
        options.work.mkdir(parents=True, exist_ok=True)
        convert(
            str(options.source),
            str(folder),
            quantize=True,
            dtype="bfloat16",
            **MODES["affine4"],
        )
    counts = collections.Counter()
    steps_apart = []
    exact = {}
    for kind in options.kinds:
        model = InterpretableModel(str(folder))
        if kind == "float32":
            model.model.set_dtype(mx.float32)
        for prompt in PROMPTS[: options.prompts]:
            theirs = model.logit_lens(prompt, top_k=TOP_K)
            for row in lens_of_program(options.pellucid, folder, prompt):
                for cell in row["cells"]:
                    layer, position = row["layer"], cell["position"]
                    found = theirs[layer][position]
                    first, best, text = found[0]
                    mine = cell["top"][0]
                    if kind == "float32":
                        exact[prompt, layer, position] = text
                    counts[kind, mine["id"] == first] += 1
                    if mine["id"] == first:
                        continue
                    logits = {token: logit for token, logit, _ in found}
                    apart = steps(best, logits.get(mine["id"], -math.inf))
                    if kind == "bfloat16":
                        steps_apart.append(apart)
                    print(
                        f"{kind}: {prompt!r} layer {layer} position "
                        f"{position}: mlxterp {text!r} {best:.4f}, the program "
                        f"{mine['text']!r} ({logits.get(mine['id'])} there, "
                        f"{apart} steps below; its margin "
                        f"{mine['logit'] - cell['top'][1]['logit']:.4f}), "
                        f"mlxterp in float32 "
                        f"{exact.get((prompt, layer, position))!r}"
                    )
            print(f"{kind}: {prompt!r}: done", flush=True)
        same, other = counts[kind, True], counts[kind, False]
        print(f"{kind}: {same} of {same + other} first tokens are the same")
    print("others, by steps of bfloat16:", sorted(steps_apart))


if __name__ == "__main__":
    main()
