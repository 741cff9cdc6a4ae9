"""mlxterp's place of the proxies."""

from ..modules import LayerList as LayerListProxy
from ..modules import ModuleProxy, OutputProxy, TraceContext

__all__ = ["LayerListProxy", "ModuleProxy", "OutputProxy", "TraceContext"]
