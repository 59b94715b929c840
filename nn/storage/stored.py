"""An array that still lies in a file."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


class Stored:
    """What a file says of one array; `np.asarray(stored)` reads it."""

    def __init__(
        self, dtype: np.dtype[Any], shape: tuple[int, ...], read: Callable[[], Array]
    ) -> None:
        self.dtype = dtype
        self.shape = shape
        self._read = read

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.asarray(self._read(), dtype)


def checked_size(dtype: np.dtype[Any], shape: tuple[int, ...]) -> int:
    """How many bytes such an array takes (in Python's integers: no overflow)."""
    if dtype.hasobject:
        raise ValueError("it holds Python objects, and only a pickle could")
    if any(type(n) is not int or n < 0 for n in shape):
        raise ValueError(f"an array cannot have the shape {shape}")
    return math.prod(shape) * dtype.itemsize
