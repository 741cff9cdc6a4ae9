"""The `tokenizers` library as a peer (see peer_process.py), on one thread.

Usage:
    python bench/peer_tokenizers.py TOKENIZER.json DOCUMENTS.jsonl
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import tokenizers
from peer_process import Reply, serve
from tokenizers import Tokenizer


class Peer:
    """A tokenizer, and the works on it."""

    def __init__(self, path: str, documents: str) -> None:
        self._path = path
        self._tokenizer = self._load()
        lines = Path(documents).read_text(encoding="utf-8").split("\n")
        self._documents = [json.loads(line) for line in lines if line]

    def _load(self) -> Tokenizer:
        tokenizer = Tokenizer.from_file(self._path)
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    def open(self, _: Sequence[int], __: int) -> Reply:
        """Read the file."""
        self._load()
        return {}

    def encode(self, _: Sequence[int], __: int) -> Reply:
        """Encode one document after the other."""
        count = total = 0
        for document in self._documents:
            ids = self._tokenizer.encode(document).ids
            count += len(ids)
            total += sum(ids)
        return {"count": count, "sum": total}


def main() -> None:
    """Serve until the input ends."""
    peer = Peer(sys.argv[1], sys.argv[2])
    works = {"open": peer.open, "encode": peer.encode}
    serve({"tokenizers": tokenizers.__version__}, works)


if __name__ == "__main__":
    main()
