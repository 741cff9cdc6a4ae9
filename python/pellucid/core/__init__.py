"""mlxterp's names of what the package is made of."""

from ..activations import ActivationCache, collect_activations
from ..interventions import (
    InterventionComposer,
    add_vector,
    clamp,
    noise,
    replace_with,
    scale,
    zero_out,
)
from ..modules import LayerList as LayerListProxy
from ..modules import ModuleProxy, OutputProxy, TraceContext
from ..trace import Trace
from .module_resolver import (
    ModuleResolver,
    find_layer_key_pattern,
    normalize_layer_key,
)

__all__ = [
    "ActivationCache",
    "InterventionComposer",
    "LayerListProxy",
    "ModuleProxy",
    "ModuleResolver",
    "OutputProxy",
    "Trace",
    "TraceContext",
    "add_vector",
    "clamp",
    "collect_activations",
    "find_layer_key_pattern",
    "noise",
    "normalize_layer_key",
    "replace_with",
    "scale",
    "zero_out",
]
