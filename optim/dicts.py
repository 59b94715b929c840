"""The arrays of `update(params, grads)`, two dicts: checked, all of them, before one changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from autograd import Tensor

from .parameters import Array

Pair = tuple[Any, Array, Array]


def pairs(params: Mapping[Any, Any], grads: Mapping[Any, Any]) -> Iterator[Pair]:
    """(key, parameter, gradient), the arrays of one shape and dtype; without those whose gradient
    is None. Raises KeyError, TypeError, ValueError; see `Optimizer.update`."""
    if not params:
        raise ValueError("update: params is empty.")
    missing = [key for key in params if key not in grads]
    if missing:
        raise KeyError(
            f"update: no gradient for {', '.join(map(repr, missing))}; grads has "
            f"{', '.join(map(repr, grads))}. Give None for those to be left alone."
        )
    for key, value in params.items():
        if grads[key] is not None:
            p = _parameter(key, value)
            yield key, p, _gradient(key, grads[key], p)


def _parameter(key: Any, value: Any) -> Array:
    """The array to be changed; for a number, a 0-d array of it."""
    if not isinstance(value, (Tensor, np.ndarray, float, np.floating)):
        raise TypeError(
            f"update: params[{key!r}] is of type {type(value).__name__}; it must be an array of "
            "floats, to be changed in place."
        )
    p = value.array if isinstance(value, Tensor) else np.asarray(value)
    if isinstance(value, Tensor) and not value.is_leaf:
        raise ValueError(
            f"update: params[{key!r}] is the result of an op, and the graph may still need it. "
            "Pass leaves, or .detach() and .copy()."
        )
    if p.dtype.kind != "f":
        raise TypeError(
            f"update: params[{key!r}] has dtype {p.dtype}: steps are fractions, which it cannot "
            "hold. Write params[key].astype(float)."
        )
    if not p.flags.writeable:
        raise ValueError(f"update: params[{key!r}] is read-only, and the step is made in place.")
    return p


def _gradient(key: Any, value: Any, p: Array) -> Array:
    g = value.array if isinstance(value, Tensor) else np.asarray(value)
    if g.dtype.kind not in "fiu":
        raise TypeError(f"update: grads[{key!r}] has dtype {g.dtype}, not a real number's.")
    if g.shape != p.shape:
        raise ValueError(
            f"update: grads[{key!r}] has shape {g.shape}, but params[{key!r}] has {p.shape}. "
            "Broadcasting is not meant here."
        )
    return g.astype(p.dtype, copy=False)
