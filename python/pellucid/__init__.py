"""Look inside language models: logit lens, activations, edits.

Examples
--------
>>> from pellucid import InterpretableModel
>>> model = InterpretableModel("smollm2-135m")
>>> with model.trace("The capital of France is") as trace:
...     mlp = model.layers[8].mlp.output.save()
>>> model.lens("The capital of France is").plot()
"""

from . import interventions, visualization
from ._core import __version__
from .activations import (
    ActivationCache,
    batch_get_activations,
    collect_activations,
    get_activations,
)
from .attention import AttentionPatterns, HeadScore, HeadScores
from .attribution import Attribution
from .edits import Edit, read_edits, write_edits
from .errors import Error, ModelError, UnknownSiteError, UsageError
from .generation import Generation
from .gradients import ActivationGrid, Gradient
from .grids import CausalTrace, PatchGrid
from .interventions import (
    InterventionComposer,
    add_vector,
    clamp,
    noise,
    replace_with,
    scale,
    zero_out,
)
from .lens import Crystallization, Lens
from .model import InterpretableModel, default_model
from .steering import Steering
from .tokenizer import Tokenizer
from .trace import Trace
from .tuned_lens import JacobianLens, TunedLens, train_tuned_lens

__all__ = [
    "ActivationCache",
    "ActivationGrid",
    "AttentionPatterns",
    "Attribution",
    "CausalTrace",
    "Crystallization",
    "Edit",
    "Error",
    "Generation",
    "Gradient",
    "HeadScore",
    "HeadScores",
    "InterpretableModel",
    "InterventionComposer",
    "JacobianLens",
    "Lens",
    "ModelError",
    "PatchGrid",
    "Steering",
    "Tokenizer",
    "Trace",
    "TunedLens",
    "UnknownSiteError",
    "UsageError",
    "__version__",
    "add_vector",
    "batch_get_activations",
    "clamp",
    "collect_activations",
    "default_model",
    "get_activations",
    "interventions",
    "noise",
    "read_edits",
    "replace_with",
    "scale",
    "train_tuned_lens",
    "visualization",
    "write_edits",
    "zero_out",
]
