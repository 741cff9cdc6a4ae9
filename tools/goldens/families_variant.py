"""What one tiny model of `families.py` is: the record its tables are made of.

Configs are written as they stand in the tables, in the spellings of many
versions of transformers; a config.json of the hub holds much that no model
reads, and some of the tables' do too.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Variant:
    """One folder and what is special about its files."""

    name: str
    config: dict[str, Any]
    kind: str = "F32"  # storage of matrices
    vector_kind: str | None = None  # storage of norms and biases; None: kind
    shards: int = 1
    skew: int = 0  # where the data begins, modulo 8
    tokens: int = 9
    std: float = 0.25  # of matrices
    vector_std: float = 0.2  # of biases, and of norms about their middle
    embedding_std: float = 0.5
    # (pattern, replacement) of `re.sub`, in order, on the names that
    # transformers writes: the layouts of older files.
    renames: tuple[tuple[str, str], ...] = ()
    # Tensors of old files that a reader passes over: what follows a block's
    # path, with the shape; "@" in front: whole names.
    buffers: dict[str, tuple[int, ...]] = field(default_factory=dict)
    repeat_head: bool = False  # tied, but the head is stored all the same
    attention: str = "eager"  # "sdpa" where the eager code is wrong
    # Also NAME.gguf; the folder's config as the converter is to see it, where
    # that differs.
    twin: bool = False
    twin_config: dict[str, Any] = field(default_factory=dict)
    with_lens: bool = False


def settings(
    model_type: str, architecture: str, defaults: dict[str, Any], **rest: Any
) -> dict[str, Any]:
    """Make a config.json; `rest` wins, and `...` as a value drops a key."""
    merged = {
        "architectures": [architecture],
        "model_type": model_type,
        **defaults,
        **rest,
    }
    return {key: value for key, value in merged.items() if value is not ...}
