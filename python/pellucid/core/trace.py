"""mlxterp's place of `Trace`."""

from ..trace import Activations, Trace

__all__ = ["Activations", "Trace"]
