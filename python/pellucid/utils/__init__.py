"""mlxterp's name of what collects activations."""

from ..activations import batch_get_activations, get_activations

__all__ = ["batch_get_activations", "get_activations"]
