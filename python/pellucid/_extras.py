"""Optional packages, asked for by name when they are missing."""

from __future__ import annotations

import importlib
from types import ModuleType


def need(module: str, extra: str) -> ModuleType:
    """Import an optional package.

    Parameters
    ----------
    module
        Its module.
    extra
        The extra of this package that brings it.

    Raises
    ------
    ImportError
        It is not there; says what installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        name = module.split(".")[0]
        raise ImportError(
            f"{name} is needed for this; install it: "
            f"pip install 'pellucid[{extra}]' (or {name} itself)"
        ) from error
