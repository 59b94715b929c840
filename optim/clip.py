"""Gradient clipping: between backward() and step(), in place."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd import Tensor, memory

from .parameters import tensors


def clip_grad_value(params: Any, limit: float) -> None:
    """Every element of every gradient to between −limit and limit.

    `params` is what an optimizer takes (the optimizer, too), or a dict of gradient arrays. NaN
    stays NaN.

    >>> import numpy as np
    >>> grads = {"W": np.array([-3.0, 0.5])}
    >>> clip_grad_value(grads, 1)
    >>> grads["W"]
    array([-1. ,  0.5])
    """
    _check(limit, "clip_grad_value")
    for g in _gradients(params, "clip_grad_value"):
        np.clip(g, -limit, limit, out=g)
        memory.changed(g)


def clip_grad_norm(params: Any, limit: float) -> float:
    """All gradients, seen as one vector, to a length of at most `limit`; returns the length before.

    g ← g · min(1, limit / ‖g‖).  A length that is not finite is returned, and nothing is clipped:
    the direction is lost, and what to do about it is the caller's to say.

    >>> import numpy as np
    >>> grads = {"W": np.array([3.0]), "b": np.array([4.0])}
    >>> clip_grad_norm(grads, 1)
    5.0
    >>> grads["W"], grads["b"]
    (array([0.6]), array([0.8]))

    Source: R. Pascanu et al., On the difficulty of training recurrent neural networks, 2013,
    algorithm 1.
    """
    _check(limit, "clip_grad_norm")
    gradients = _gradients(params, "clip_grad_norm")
    length = math.hypot(*map(_length, gradients))
    if limit < length < math.inf:
        for g in gradients:
            g *= limit / length
            memory.changed(g)
    return length


def _length(g: Any) -> float:
    """‖g‖, also where its square is too large or too small for the dtype."""
    square = float(np.vdot(g, g))
    info = np.finfo(g.dtype)
    if info.tiny / info.eps < square < math.inf:
        return math.sqrt(square)
    largest = float(abs(g).max(initial=0))
    if not 0 < largest < math.inf:
        return largest
    return largest * float(np.linalg.norm(np.divide(g, largest, dtype=float)))


def _gradients(params: Any, asked_by: str) -> list[Any]:
    if isinstance(params, Mapping) and not any(isinstance(p, Tensor) for p in params.values()):
        found = {key: g for key, g in params.items() if g is not None}
        for key, g in found.items():
            if not isinstance(g, np.ndarray) or g.dtype.kind != "f":
                raise TypeError(
                    f"{asked_by}: the gradient {key!r} is clipped in place, so it must be an "
                    f"array of floats, not {getattr(g, 'dtype', type(g).__name__)}."
                )
    else:
        pairs = enumerate(tensors(params, asked_by))
        found = {place: p.grad.array for place, p in pairs if p.grad is not None}
    for key, g in found.items():
        if not g.flags.writeable:
            raise ValueError(
                f"{asked_by}: the gradient {key!r} is read-only, and is clipped in place."
            )
    return list({id(g): g for g in found.values()}.values())  # an array that serves two, once


def _check(limit: float, asked_by: str) -> None:
    if not limit > 0:
        raise ValueError(f"{asked_by}: the limit must be positive, not {limit}.")
