"""Arguments as the library takes them: selections, ids, arrays."""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _core
from .errors import Error, UsageError

FloatArray = npt.NDArray[np.float32]
# "all", "last", "0,3,-1", "0:30:4", an index, a slice or several indices.
Selection = str | int | slice | range | Sequence[int] | None


def checked_text(text: Any, what: str = "text") -> str:
    """Give a text that is one: a str that UTF-8 can hold.

    Raises
    ------
    TypeError
        It is no str.
    UsageError
        It holds half a surrogate pair.
    """
    if not isinstance(text, str):
        raise TypeError(f"{what}: {type(text).__name__}: give a str")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UsageError(
            f"{what}: character {error.start}: is no character of Unicode "
            "(half a surrogate pair); take it out"
        ) from None
    return text


def word(value: Any, what: str, choices: Sequence[str] = ()) -> str:
    """Read a word, one of `choices` if there are any.

    Raises
    ------
    TypeError
        It is no str.
    UsageError
        It is another one.
    """
    text = checked_text(value, what)
    if choices and text not in choices:
        raise UsageError(f"{what}: {text!r}: give one of {', '.join(choices)}")
    return text


def flag(value: Any, what: str) -> bool:
    """Read True or False.

    Raises
    ------
    TypeError
        It is something else.
    """
    if isinstance(value, (bool, np.bool_)) or (
        isinstance(value, int) and value in (0, 1)
    ):
        return bool(value)
    raise TypeError(f"{what}: {type(value).__name__}: give True or False")


def path_text(value: Any, what: str) -> str:
    """Read the path of a file.

    Raises
    ------
    TypeError
        It is none.
    UsageError
        It holds what no path can.
    """
    if not isinstance(value, (str, os.PathLike)):
        raise TypeError(f"{what}: {type(value).__name__}: give a path")
    text = checked_text(os.fspath(value), what)
    if not text or "\0" in text:
        raise UsageError(f"{what}: {text!r}: is no path")
    return text


def span(value: Any, what: str) -> tuple[int, int]:
    """Read two positions, [begin, end).

    Raises
    ------
    TypeError
        They are not two whole numbers.
    UsageError
        One of them is negative.
    """
    if isinstance(value, (list, tuple)) and len(value) == 2:
        return bounded(value[0], what, 0), bounded(value[1], what, 0)
    raise TypeError(f"{what}: {value!r}: give two positions, (begin, end)")


def several(value: Any, what: str) -> list[int]:
    """Read whole numbers: one, or a sequence or an array of them.

    Raises
    ------
    TypeError
        They are something else.
    """
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return [index(one, what) for one in value]
    return [index(value, what)]


def texts(value: Any, what: str) -> list[str]:
    """Read texts.

    Raises
    ------
    TypeError
        They are something else.
    """
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(f"{what}: {type(value).__name__}: give texts")
    return [checked_text(text, what) for text in value]


def write_text(path: Any, text: str, what: str) -> None:
    """Write a file.

    Raises
    ------
    Error
        It cannot be written.
    """
    target = path_text(path, what)
    try:
        with open(target, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise Error(f"{what}: {target!r}: {error}") from error


def figure_size(value: Any, what: str = "figsize") -> tuple[float, float]:
    """Read the width and height of a figure, in inches.

    Raises
    ------
    TypeError
        They are not two numbers.
    UsageError
        One is not above 0, or above 500.
    """
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise TypeError(f"{what}: {value!r}: give (width, height) in inches")
    width, height = (number(one, what) for one in value)
    if not (0 < width <= 500 and 0 < height <= 500):
        raise UsageError(
            f"{what}: {width:g} x {height:g} inches: give sizes above 0 and "
            "up to 500"
        )
    return width, height


def core_of(model: Any) -> _core.Model:
    """Give what is open of a model.

    Raises
    ------
    TypeError
        It is no `InterpretableModel`.
    """
    core = getattr(model, "_core", None)
    if not isinstance(core, _core.Model):
        raise TypeError(
            f"model: {type(model).__name__}: give an InterpretableModel"
        )
    return core


def index(value: Any, what: str) -> int:
    """Read a whole number.

    Parameters
    ----------
    value
        An int, or what Python takes for an index.
    what
        Names the argument.

    Returns
    -------
    int
        The number.

    Raises
    ------
    TypeError
        It is something else, a bool for example.
    """
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{what}: {value!r}: is no whole number")
    try:
        return operator.index(value)
    except TypeError:
        message = f"{what}: {type(value).__name__}: is no whole number"
        raise TypeError(message) from None


def bounded(value: Any, what: str, low: int, high: int = 2**63 - 1) -> int:
    """Read a whole number of [low, high].

    Raises
    ------
    TypeError
        It is no whole number.
    UsageError
        It is out of the range.
    """
    number = index(value, what)
    if not low <= number <= high:
        limit = f"from {low} to {high}" if high < 2**31 else f"{low} or more"
        raise UsageError(f"{what}: {number}: give a number {limit}")
    return number


def number(value: Any, what: str) -> float:
    """Read a finite number.

    Raises
    ------
    TypeError
        It is none.
    UsageError
        It is NaN or infinite, or beyond float32.
    """
    try:
        if isinstance(value, (str, bytes)):
            raise TypeError
        result = float(value)
    except (TypeError, ValueError):
        message = f"{what}: {type(value).__name__}: is no number"
        raise TypeError(message) from None
    if not math.isfinite(result) or abs(result) > np.finfo(np.float32).max:
        raise UsageError(f"{what}: {result}: give a finite number of float32")
    return result


def bound(value: Any, what: str) -> float:
    """Read a number that may be infinite.

    Raises
    ------
    TypeError
        It is none.
    UsageError
        It is NaN, or finite and beyond float32.
    """
    if isinstance(value, (float, np.floating)) and math.isinf(value):
        return float(value)
    return number(value, what)


def selection(value: Selection, what: str) -> str:
    """Write a choice of indices in the syntax of the command line.

    Parameters
    ----------
    value
        None is everything; a str is passed on.
    what
        Names the argument.

    Returns
    -------
    str
        Such as "all", "0,3,-1" or "0:30:4".
    """
    if value is None:
        return "all"
    if isinstance(value, str):
        return checked_text(value, what)
    if isinstance(value, (slice, range)):
        parts = [value.start, value.stop, value.step]
        if isinstance(value, range):
            return selection(list(value), what)
        text = [
            "" if part is None else str(index(part, what)) for part in parts
        ]
        return ":".join(text if parts[2] is not None else text[:2])
    if isinstance(value, (bytes, dict, float)):
        raise TypeError(f"{what}: {type(value).__name__}: is no choice")
    if not isinstance(value, Iterable):
        return str(index(value, what))
    indices = [str(index(item, what)) for item in value]
    if not indices:
        raise UsageError(f"{what}: is an empty choice; name at least one")
    return ",".join(indices)


def indices(value: Any, what: str) -> list[int]:
    """Read one index or several, none of them negative."""
    if value is None:
        return []
    many = value if isinstance(value, Iterable) else [value]
    return [bounded(item, what, 0) for item in many]


def floats(value: Any, what: str, *, finite: bool = True) -> FloatArray:
    """Read an array of real numbers as contiguous float32.

    Parameters
    ----------
    value
        What NumPy makes an array of (lists, torch and mlx tensors too).
    what
        Names the argument.
    finite
        Whether NaN and infinities are refused.

    Returns
    -------
    numpy.ndarray
        float32, C order; the argument itself where it is that already.

    Raises
    ------
    TypeError
        Not of real numbers.
    UsageError
        It has NaN or an infinity.
    """
    try:
        array = np.asarray(value)
    except Exception as error:
        message = f"{what}: {type(value).__name__}: is no array: {error}"
        raise TypeError(message) from error
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{what}: {array.dtype}: give real numbers")
    with np.errstate(over="ignore"):
        result = np.ascontiguousarray(array, dtype=np.float32)
    result = result.reshape(array.shape)  # ascontiguousarray makes 0-d 1-d
    if finite and not np.isfinite(result).all():
        bad = int(np.count_nonzero(~np.isfinite(result)))
        raise UsageError(
            f"{what}: {bad} of {result.size} numbers are NaN or infinite (in "
            "float32); give finite ones"
        )
    return result


def token_ids(value: Any, what: str = "ids") -> list[int]:
    """Read token ids: a sequence of whole numbers, or an array of them.

    Raises
    ------
    TypeError
        Not whole numbers.
    UsageError
        Out of the range of ids, or of more than one dimension.
    """
    if hasattr(value, "dtype") or hasattr(value, "__array__"):
        array = np.asarray(value)
        if array.dtype.kind not in "iu":
            raise TypeError(f"{what}: {array.dtype}: ids are whole numbers")
        if array.ndim != 1:
            raise UsageError(f"{what}: {array.ndim} dimensions: give one")
        value = array.tolist()
    return [bounded(item, what, 0, 2**31 - 1) for item in value]
