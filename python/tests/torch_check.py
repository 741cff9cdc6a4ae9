"""torch in the same process, imported first or last, changes nothing.

Both bring a pool of threads, and torch its own idea of how they behave. Each
way is a process of its own, which says what both computed; all must say the
same. PELLUCID_TORCH_PYTHON names the interpreter (default: this one); without
torch there, or the default model: exit 77.
"""

from __future__ import annotations

import os
import subprocess
import sys

PYTHON = os.environ.get("PELLUCID_TORCH_PYTHON", sys.executable)

OURS = """
model = pellucid.default_model()
text = "The capital of France is"
logits = model.trace(text).output
lens = model.lens(text)
for array in (logits, lens.logits, lens.kl, lens.entropy):
    print("pellucid", hashlib.sha256(array.tobytes()).hexdigest())
"""
THEIRS = """
generator = torch.Generator().manual_seed(0)
x = torch.randn(400, 400, generator=generator)
print("torch", float((x @ x).double().sum()), float(x.softmax(-1).sum()))
"""
SHARED = """
shared = torch.from_dlpack(logits)
assert shared.data_ptr() == logits.__array_interface__["data"][0]
print("threads", torch.get_num_threads())
"""
LONE_THREADS = 'print("threads", torch.get_num_threads())\n'
OURS_FIRST = "import hashlib\nimport pellucid\n"
WAYS = {
    "pellucid alone": OURS_FIRST + OURS,
    "torch alone": "import torch\n" + THEIRS + LONE_THREADS,
    "torch first": "import torch\n" + OURS_FIRST + OURS + THEIRS + SHARED,
    "torch last": OURS_FIRST + "import torch\n" + OURS + THEIRS + SHARED,
    "torch after a run": OURS_FIRST + OURS + "import torch\n" + THEIRS + SHARED,
    "runs after torch's": (
        "import torch\n" + THEIRS + OURS_FIRST + OURS + SHARED
    ),
}


def run(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own."""
    return subprocess.run(
        [PYTHON, "-c", code], capture_output=True, text=True, check=False
    )


def main() -> int:
    """Compare all ways; give the exit status."""
    there = run("import torch, pellucid; pellucid.default_model()")
    if there.returncode != 0:
        reason = there.stderr.strip().splitlines()[-1]
        print(f"skipped: {PYTHON}: {reason}")
        return 77
    said: dict[str, dict[str, set[str]]] = {}
    for way, code in WAYS.items():
        done = run(code)
        if done.returncode != 0:
            print(f"{way}: exit {done.returncode}: {done.stderr}")
            return 1
        for line in done.stdout.splitlines():
            whose, _, what = line.partition(" ")
            said.setdefault(whose, {}).setdefault(way, set()).add(what)
    bad = 0
    for whose, ways in said.items():
        alone = next(iter(ways.values()))
        for way, lines in ways.items():
            if lines != alone:
                print(f"{way}: {whose}: {lines}, alone {alone}")
                bad = 1
    print(f"{len(WAYS)} ways: {'not ' if bad else ''}all the same")
    return bad


if __name__ == "__main__":
    sys.exit(main())
