"""mlxterp's place of what collects activations."""

from ..activations import ActivationCache, collect_activations

__all__ = ["ActivationCache", "collect_activations"]
