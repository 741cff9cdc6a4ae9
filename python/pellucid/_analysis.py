"""All methods of a model that analyse it, by topic."""

from .activation_patching import ActivationPatchingMethods
from .attention import AttentionMethods
from .attribution import AttributionMethods
from .generation import GenerateMethods
from .gradients import GradientMethods
from .grids import PatchMethods
from .lens_methods import LensMethods
from .predictions import PredictionMethods
from .steering import SteerMethods
from .tuned_lens import TuneMethods


class Analysis(
    LensMethods,
    PredictionMethods,
    TuneMethods,
    PatchMethods,
    ActivationPatchingMethods,
    AttentionMethods,
    AttributionMethods,
    GradientMethods,
    GenerateMethods,
    SteerMethods,
):
    """What an `InterpretableModel` can do beside running."""
