"""mlxterp's place of the interventions."""

from ..interventions import (
    InterventionComposer,
    add_vector,
    clamp,
    noise,
    replace_with,
    scale,
    zero_out,
)

__all__ = [
    "InterventionComposer",
    "add_vector",
    "clamp",
    "noise",
    "replace_with",
    "scale",
    "zero_out",
]
