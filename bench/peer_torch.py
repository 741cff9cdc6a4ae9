"""torch as a peer (see peer_process.py).

Usage:
    python bench/peer_torch.py FOLDER float32|bfloat16 THREADS
"""

import sys
import time
from collections.abc import Sequence
from typing import Any

import torch
import transformers
from peer_process import Reply, serve
from torch_lens import lens

KEPT = 5


def distributions(logits: torch.Tensor, ids: torch.Tensor) -> Reply:
    """Return the answer about some distributions, [rows, kept] each."""
    pairs = zip(ids.tolist(), logits.float().tolist(), strict=True)
    return {"top": [list(zip(*pair, strict=True)) for pair in pairs]}


class Torch:
    """A model of transformers, and the works on it."""

    def __init__(self, folder: str, dtype: str) -> None:
        self._model = transformers.AutoModelForCausalLM.from_pretrained(
            folder, dtype=getattr(torch, dtype), attn_implementation="sdpa"
        ).eval()
        self._next = torch.tensor(0)
        self._cache: Any = None

    @torch.inference_mode()
    def forward(self, ids: Sequence[int], _: int) -> Reply:
        """All blocks, the head at the last position only."""
        output = self._model(
            torch.tensor([ids]), use_cache=False, logits_to_keep=1
        )
        return distributions(*output.logits[0].topk(KEPT))

    @torch.inference_mode()
    def lens(self, ids: Sequence[int], _: int) -> Reply:
        """Every row at every position, with its statistics."""
        rows = lens(self._model, torch.tensor(ids), target=ids[0])
        return distributions(
            torch.stack([row.top_logits[-1] for row in rows]),
            torch.stack([row.top_ids[-1] for row in rows]),
        )

    @torch.inference_mode()
    def prefill(self, ids: Sequence[int], _: int) -> Reply:
        """The prompt, whose keys and values are kept for `decode`."""
        output = self._model(
            torch.tensor([ids]), use_cache=True, logits_to_keep=1
        )
        self._cache = output.past_key_values
        self._next = output.logits[0, -1].argmax()
        return distributions(*output.logits[0].topk(KEPT))

    @torch.inference_mode()
    def decode(self, _: Sequence[int], steps: int) -> Reply:
        """Some greedy steps behind `prefill`, each timed."""
        times = []
        for _step in range(steps):
            start = time.perf_counter()
            output = self._model(
                self._next.view(1, 1),
                past_key_values=self._cache,
                use_cache=True,
            )
            self._next = output.logits[0, -1].argmax()
            times.append((time.perf_counter() - start) * 1e3)
        return {"step_ms": times}


def main() -> None:
    """Load the model and serve."""
    folder, dtype, threads = sys.argv[1:]
    torch.set_num_threads(int(threads))
    torch.set_num_interop_threads(1)
    peer = Torch(folder, dtype)
    ready = {
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
    }
    works = ("forward", "lens", "prefill", "decode")
    serve(ready, {name: getattr(peer, name) for name in works})


if __name__ == "__main__":
    main()
