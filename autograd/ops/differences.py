"""Differences of neighbours, and what numerical analysis builds on them."""

from __future__ import annotations

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..declare import composite
from ..tensor import Tensor
from .shape import as_array

__all__ = ("diff", "ediff1d", "trapezoid", "gradient")


@composite(claims=np.diff)
def diff(a, n=1, axis=-1, prepend=np._NoValue, append=np._NoValue):
    """Differences of neighbours along an axis, n times over: a[i+1] − a[i].

    >>> import autograd as ag
    >>> ag.diff(ag.Tensor([1.0, 4.0, 9.0]))
    Tensor([3., 5.])
    """
    if n < 0:
        raise ValueError(f"diff: n, the number of times, is not negative; it was {n}.")
    if n == 0:
        return a
    a = as_array(a)
    axis = normalize_axis_index(axis, a.ndim)
    one = (*a.shape[:axis], 1, *a.shape[axis + 1 :])
    before, after = (
        [] if end is np._NoValue else [np.broadcast_to(end, one) if np.ndim(end) == 0 else end]
        for end in (prepend, append)
    )
    if before or after:
        a = np.concatenate([*before, a, *after], axis=axis)
    for _ in range(n):
        left, right = _neighbours(a, axis)
        a = right - left
    return a


def _neighbours(a, axis):
    """All but the last along an axis, and all but the first."""
    before = (slice(None),) * axis
    return a[(*before, slice(None, -1))], a[(*before, slice(1, None))]


@composite(claims=np.ediff1d)
def ediff1d(ary, to_end=None, to_begin=None):
    """Differences of neighbours of the flattened array, with given values before and after.

    >>> import autograd as ag
    >>> ag.ediff1d(ag.Tensor([1.0, 4.0, 9.0]), to_begin=0.0)
    Tensor([0., 3., 5.])
    """
    differences = np.diff(np.ravel(as_array(ary)))
    parts = [np.ravel(as_array(x)) for x in (to_begin, differences, to_end) if x is not None]
    return np.concatenate(parts, dtype=differences.dtype, casting="same_kind")


@composite(claims=np.trapezoid)
def trapezoid(y, x=None, dx=1.0, axis=-1):
    """The integral of y by the trapezoidal rule: Σ (x[i+1] − x[i]) (y[i+1] + y[i]) / 2.

    >>> import autograd as ag
    >>> y = ag.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> ag.trapezoid(y, dx=2.0).backward()
    >>> y.grad
    Tensor([1., 2., 1.])
    """
    y = as_array(y)
    axis = normalize_axis_index(axis, y.ndim)
    if x is not None:
        x = as_array(x)
        if x.ndim == 1:
            x = np.reshape(x, (-1,) + (1,) * (y.ndim - 1 - axis))
        dx = np.diff(x, axis=axis - y.ndim)
    left, right = _neighbours(y, axis)
    return np.sum(dx * (left + right) / 2.0, axis=axis)


if hasattr(np, "trapz"):  # its deprecated name, gone in NumPy 2.4
    composite(claims=np.trapz)(trapezoid.__wrapped__)  # noqa: NPY201


@composite(claims=np.gradient)
def gradient(f, *varargs, axis=None, edge_order=1):
    """The slopes of sampled values: central differences inside, one-sided ones at the edges.

    `varargs` are the distances: one number, or for each axis a number or the coordinates. Several
    axes make a tuple.

    >>> import autograd as ag
    >>> ag.gradient(ag.Tensor([1.0, 4.0, 9.0, 16.0]), 2.0)
    Tensor([1.5, 2. , 3. , 3.5])

    Second-order accurate inside: Fornberg, Mathematics of Computation 51, 1988.
    """
    f = as_array(f)
    if f.dtype.kind in "iu":
        f = f.astype(float)
    axes = tuple(range(f.ndim)) if axis is None else normalize_axis_tuple(axis, f.ndim)
    if len(varargs) == len(axes):
        distances = varargs
    elif not varargs:
        distances = (1.0,) * len(axes)
    elif len(varargs) == 1 and np.ndim(varargs[0]) == 0:
        distances = varargs * len(axes)
    else:
        raise TypeError(
            f"gradient: {len(varargs)} distances for {len(axes)} axes. Give none, one number for "
            "all axes, or for each axis a number or its coordinates."
        )
    if edge_order not in (1, 2):
        raise ValueError(f"gradient: edge_order is 1 or 2, not {edge_order!r}.")
    slopes = []
    for i, distance in zip(axes, distances, strict=True):
        if f.shape[i] <= edge_order:
            raise ValueError(
                f"gradient: axis {i} of shape {f.shape} is too short; edge_order={edge_order} "
                f"needs {edge_order + 1} or more elements."
            )
        lines = np.moveaxis(f, i, -1)
        slope = _slope(lines, _steps(distance, lines.shape[-1]), edge_order)
        slopes.append(np.moveaxis(slope, -1, i).astype(f.dtype))
    return slopes[0] if len(axes) == 1 else tuple(slopes)


def _steps(distance, size):
    """The distances between neighbours: one number if they are all the same."""
    if np.ndim(distance) == 0:
        return distance
    distance = as_array(distance)
    if distance.shape != (size,):
        raise ValueError(
            f"gradient: coordinates of shape {distance.shape} for an axis of {size} elements."
        )
    steps = np.diff(distance.astype(float) if distance.dtype.kind in "iu" else distance)
    if not isinstance(steps, Tensor) and (steps == steps[0]).all():
        return steps[0]
    return steps


def _slope(f, h, edge_order):
    """The slope along the last axis, at steps h."""
    if np.ndim(h) == 0:
        inside = (f[..., 2:] - f[..., :-2]) / (2 * h)
        h = (h, h)
    else:
        p, q = h[:-1], h[1:]  # the step before, and the step after
        inside = -q / (p * (p + q)) * f[..., :-2] + (q - p) / (p * q) * f[..., 1:-1]
        inside = inside + p / (q * (p + q)) * f[..., 2:]
    if edge_order == 1:
        first = (f[..., 1:2] - f[..., :1]) / h[0]
        last = (f[..., -1:] - f[..., -2:-1]) / h[-1]
    else:
        first = _edge(f[..., 0:1], f[..., 1:2], f[..., 2:3], h[0], h[1])
        last = -_edge(f[..., -1:], f[..., -2:-1], f[..., -3:-2], h[-1], h[-2])
    return np.concatenate([first, inside, last], axis=-1)


def _edge(f0, f1, f2, p, q):
    """The slope at f0 of the parabola through three points, at steps p and q."""
    return -(2 * p + q) / (p * (p + q)) * f0 + (p + q) / (p * q) * f1 - p / (q * (p + q)) * f2
