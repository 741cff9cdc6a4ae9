"""llama.cpp as a peer (see peer_process.py), by its C interface.

Usage:
    python bench/peer_llama.py FILE.gguf THREADS
    python bench/peer_llama.py --requantise FROM.gguf TO.gguf TYPE
"""

import ctypes
import sys
import time
from collections.abc import Sequence

import llama_cpp
import numpy as np
from peer_process import Reply, serve

KEPT = 5
CONTEXT = 1024


def requantise(source: str, target: str, file_type: int) -> None:
    """Write `source` in another of llama.cpp's types."""
    options = llama_cpp.llama_model_quantize_default_params()
    options.ftype = file_type
    options.allow_requantize = True
    status = llama_cpp.llama_model_quantize(
        source.encode(), target.encode(), ctypes.byref(options)
    )
    if status != 0:
        raise SystemExit(f"llama_model_quantize: {status}")


class Llama:
    """A model of llama.cpp, and the works on it."""

    def __init__(self, path: str, threads: int) -> None:
        llama_cpp.llama_backend_init()
        options = llama_cpp.llama_model_default_params()
        options.n_gpu_layers = 0
        self._model = llama_cpp.llama_model_load_from_file(
            path.encode(), options
        )
        if not self._model:
            raise SystemExit(f"{path}: llama.cpp cannot load it")
        context = llama_cpp.llama_context_default_params()
        context.n_ctx = context.n_batch = context.n_ubatch = CONTEXT
        context.n_threads = context.n_threads_batch = threads
        self._context = llama_cpp.llama_init_from_model(self._model, context)
        if not self._context:
            raise SystemExit(f"{path}: llama.cpp makes no context")
        vocab = llama_cpp.llama_model_get_vocab(self._model)
        self._size = llama_cpp.llama_vocab_n_tokens(vocab)

    def _run(self, ids: Sequence[int]) -> np.ndarray:
        """Add `ids` to the cache; return the last logits, [vocab]."""
        tokens = (llama_cpp.llama_token * len(ids))(*ids)
        batch = llama_cpp.llama_batch_get_one(tokens, len(ids))
        if llama_cpp.llama_decode(self._context, batch) != 0:
            raise SystemExit("llama_decode failed")
        logits = llama_cpp.llama_get_logits_ith(self._context, -1)
        return np.ctypeslib.as_array(logits, (self._size,))

    def forward(self, ids: Sequence[int], _: int) -> Reply:
        """All blocks, the head at the last position only."""
        memory = llama_cpp.llama_get_memory(self._context)
        llama_cpp.llama_memory_clear(memory, False)
        self._logits = self._run(ids)
        likeliest = np.argpartition(-self._logits, KEPT)[:KEPT]
        likeliest = likeliest[np.argsort(-self._logits[likeliest])]
        top = [[int(i), float(self._logits[i])] for i in likeliest]
        return {"top": [top]}

    def decode(self, _: Sequence[int], steps: int) -> Reply:
        """Some greedy steps behind `prefill`, each timed."""
        times = []
        for _step in range(steps):
            start = time.perf_counter()
            self._logits = self._run([int(self._logits.argmax())])
            times.append((time.perf_counter() - start) * 1e3)
        return {"step_ms": times}


def main() -> None:
    """Requantise, or load the model and serve."""
    if sys.argv[1] == "--requantise":
        source, target, file_type = sys.argv[2:]
        requantise(source, target, int(file_type))
        return
    path, threads = sys.argv[1:]
    peer = Llama(path, int(threads))
    ready = {
        "llama_cpp_python": llama_cpp.__version__,
        "system": llama_cpp.llama_print_system_info().decode().strip(),
    }
    works = {
        "forward": peer.forward,
        "prefill": peer.forward,  # it leaves the prompt in the cache
        "decode": peer.decode,
    }
    serve(ready, works)


if __name__ == "__main__":
    main()
