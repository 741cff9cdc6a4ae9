"""What a run is given as interventions, as the edits that the library takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ._arguments import FloatArray, floats
from .edits import Edit, Interventions
from .errors import UsageError
from .interventions import Intervention, as_intervention

if TYPE_CHECKING:
    from .model import InterpretableModel


def edits_of(
    model: InterpretableModel, interventions: Interventions
) -> list[Edit]:
    """Make edits of what a run is given.

    Parameters
    ----------
    model
        Whose sites are named.
    interventions
        A mapping of site names to edits, functions, or several of either; or
        edits alone.

    Returns
    -------
    list of Edit
        In their order. Functions are of kind "custom_site".

    Raises
    ------
    TypeError
        Something else.
    UnknownSiteError
        A name that is no site of the model.
    """
    made = _edits_of(model, interventions)
    for edit in made:
        edit.__post_init__()  # its fields may have been set since
    return made


def _edits_of(
    model: InterpretableModel, interventions: Interventions
) -> list[Edit]:
    if interventions is None:
        return []
    if isinstance(interventions, Edit):
        return [interventions]
    if isinstance(interventions, Mapping):
        made: list[Edit] = []
        for site, given in interventions.items():
            if not isinstance(site, str):
                message = f"interventions: {site!r}: give the name of a site"
                raise TypeError(message)
            many = given if isinstance(given, (list, tuple)) else [given]
            for item in many:
                made += _edits_of_site(model, site, item)
        return made
    if isinstance(interventions, Iterable) and not isinstance(
        interventions, (str, bytes)
    ):
        edits = list(interventions)
        if all(isinstance(edit, Edit) for edit in edits):
            return edits
    raise TypeError(
        "interventions: give a mapping of site names to functions or edits, "
        f"or a list of edits, not {type(interventions).__name__}"
    )


def _edits_of_site(
    model: InterpretableModel, site: str, item: Any
) -> list[Edit]:
    name = model.resolve(site)
    if isinstance(item, Edit):
        if model.resolve(item.site) != name:
            raise UsageError(
                f"interventions: {site}: its edit is of {item.site}; name one"
            )
        return [item]
    if not callable(item):
        raise TypeError(
            f"interventions: {site}: {type(item).__name__}: give a function "
            "or an Edit"
        )
    intervention = as_intervention(item)
    shape = model._core.feature_shape(name)
    edits = intervention.edits(name, None if shape is None else tuple(shape))
    if edits is not None:
        return edits
    return [Edit(name, "custom_site", function=site_function(intervention))]


def site_function(intervention: Intervention) -> Callable[..., Any]:
    """Make what the library calls of an intervention on whole activations."""

    def call(
        site: str,
        prompts: list[int],
        positions: list[int],
        arrays: list[FloatArray],
    ) -> list[FloatArray]:
        if len({array.shape for array in arrays}) == 1:
            made = apply_checked(intervention, site, np.stack(arrays), prompts)
            return list(made)
        return [
            apply_checked(intervention, site, array[None], [prompt])[0]
            for prompt, array in zip(prompts, arrays, strict=True)
        ]

    return call


def apply_checked(
    intervention: Intervention, site: str, x: FloatArray, prompts: list[int]
) -> FloatArray:
    """Apply an intervention; see that it gives what it shall.

    Raises
    ------
    TypeError
        It gives no array of real numbers.
    UsageError
        It gives another shape, or NaN or an infinity where there was none.
    """
    shape = x.shape
    # (scores hold -inf where they are masked, and keep it.)
    finite = bool(np.isfinite(x).all())
    made = intervention.apply(x, prompts)
    what = f"interventions: {site}: {intervention._name}"
    if made is None:
        raise TypeError(f"{what}: returned None; return the array")
    result = floats(made, what, finite=finite)
    if result.shape != shape:
        raise UsageError(
            f"{what}: returned the shape {list(result.shape)} for "
            f"{list(shape)}; return the same"
        )
    return result
