"""Canonical site names: the module paths of published checkpoints.

The version of transformers that runs has renamed a few modules; its own
spelling is an alias then.
"""

import re
from collections.abc import Iterator

# Module path of today -> that of the files, by model type.
RENAMES: dict[str, tuple[tuple[str, str], ...]] = {
    "gpt_neox": ((r"^lm_head$", "embed_out"),),
    "mixtral": ((r"(layers\.\d+)\.mlp\b", r"\1.block_sparse_moe"),),
}
# Canonical -> spellings of other versions.
OTHERS: dict[str, tuple[tuple[str, str], ...]] = {
    "gpt_neox": ((r"^embed_out$", "lm_head"),),
    "mixtral": ((r"(layers\.\d+)\.block_sparse_moe\b", r"\1.mlp"),),
    "gemma3": (
        (r"^model\.language_model\.", "language_model.model."),
        (r"^lm_head$", "language_model.lm_head"),
    ),
}


def canonical(name: str, model_type: str) -> str:
    """Give the canonical name of a module path of today."""
    for pattern, replacement in RENAMES.get(model_type, ()):
        name = re.sub(pattern, replacement, name)
    return name


def aliases(name: str, model_type: str) -> Iterator[str]:
    """Give other spellings of a canonical name."""
    for pattern, replacement in OTHERS.get(model_type, ()):
        other = re.sub(pattern, replacement, name)
        if other != name:
            yield other
