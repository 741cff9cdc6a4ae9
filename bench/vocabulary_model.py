"""The default model with a vocabulary of another size.

Usage:
    python bench/vocabulary_model.py FOLDER TARGET SIZE

FOLDER is the float32 folder of bench/compare.py. The blocks are its own, by a
link; the table, which is the unembedding too, has its first SIZE rows, or is
repeated. There is no tokenizer: such a model takes ids only.
"""

import json
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

TABLE = "model.embed_tokens.weight"


def main() -> None:
    """Write the folder; config.json last, as the sign that it is whole."""
    source, target, size = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    target.mkdir(parents=True, exist_ok=True)
    weights = load_file(source / "model.safetensors")
    blocks = source.parent / "vocabulary-blocks.safetensors"
    table = weights.pop(TABLE)
    if not blocks.is_file():
        part = blocks.with_suffix(".part")
        save_file(weights, part, metadata={"format": "pt"})
        part.rename(blocks)
    resized = np.resize(table, (int(size), table.shape[1]))
    names = ("model-00001-of-00002", "model-00002-of-00002")
    save_file(
        {TABLE: resized},
        target / f"{names[1]}.safetensors",
        metadata={"format": "pt"},
    )
    link = target / f"{names[0]}.safetensors"
    link.unlink(missing_ok=True)
    link.symlink_to(blocks)
    files = dict.fromkeys(weights, link.name)
    files[TABLE] = f"{names[1]}.safetensors"
    index = {"metadata": {}, "weight_map": files}
    (target / "model.safetensors.index.json").write_text(json.dumps(index))
    config = json.loads((source / "config.json").read_text())
    config["vocab_size"] = int(size)
    (target / "config.json").write_text(json.dumps(config, indent=2))


if __name__ == "__main__":
    main()
