"""Padding: each axis in turn becomes what comes before it, itself, and what comes after it."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..declare import composite
from ..declare import op as _op
from ..op import A, Sample
from ..tensor import Tensor, holds_tensor, unwrap
from .shape import as_array

__all__ = ("pad",)

op = partial(_op, register=True)


@composite(claims=np.pad)
def pad(array, pad_width, mode="constant", **kwargs):
    """The array with `pad_width` more elements before and after each axis, in NumPy's modes.

    `pad_width` is a number, a pair (before, after), or a pair for each axis. So are the numbers
    that a mode takes: `constant_values`, `end_values` (both may be Tensors), `stat_length`.

    Raises TypeError for a function as mode, which would write where the graph cannot see it, and
    whatever NumPy raises for arguments that do not fit.

    >>> import autograd as ag
    >>> x = ag.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = ag.pad(x, (2, 1), mode="reflect")
    >>> y.sum().backward()
    >>> y.data, x.grad
    (array([3., 2., 1., 2., 3., 2.]), Tensor([1., 3., 2.]))
    """
    if callable(mode):
        raise TypeError(
            "pad: a function as mode writes into an array, which a graph cannot record. Write "
            "np.concatenate([before, array, after], axis) with what shall stand there."
        )
    array = as_array(array)
    if mode in ("constant", "empty") and not holds_tensor(list(kwargs.values())):
        return pad_constant(array, pad_width, mode, kwargs)
    plain = {name: unwrap(value) for name, value in kwargs.items()}
    smallest = np.zeros([min(n, 1) for n in array.shape])
    np.pad(smallest, pad_width, mode, **plain)  # raises NumPy's own errors
    widths = _widths(pad_width, array.ndim)
    settings = [_pairs(value, array.ndim) for value in kwargs.values()] or [[()] * array.ndim]
    padded = array
    for axis, ((before, after), setting) in enumerate(zip(widths, *settings, strict=True)):
        if before or after:
            lines = np.moveaxis(padded, axis, -1)
            left, right = _ENDS[mode](lines, before, after, mode, *setting)
            lines = np.concatenate([left, lines, right], axis=-1, dtype=array.dtype)
            padded = np.moveaxis(lines, -1, axis)
    return padded


def _widths(pad_width, ndim):
    """(before, after) for each axis; a dict names those that are padded at all."""
    if isinstance(pad_width, dict):
        each: list[Any] = [pad_width.get(i, pad_width.get(i - ndim, 0)) for i in range(ndim)]
        return [(width, width) if np.ndim(width) == 0 else width for width in each]
    return _pairs(pad_width, ndim)


def _pairs(value, ndim):
    """(before, after) for each axis."""
    if not holds_tensor(value):
        return np.broadcast_to(np.asarray(value), (ndim, 2)).tolist()
    if not isinstance(value, Tensor):
        value = np.block(_as_lists(value))
    return np.broadcast_to(value, (ndim, 2))


def _as_lists(value):
    return [_as_lists(v) for v in value] if isinstance(value, (list, tuple)) else value


@op(
    formula="a, with constants around it",
    samples=[Sample(A(2, 3), [[1, 0], [0, 2]], "constant", {"constant_values": 1.0})],
)
def pad_constant(array, pad_width, mode, settings):
    """np.pad where what is added does not depend on the array."""
    return np.pad(array, pad_width, mode, **settings)


@pad_constant.wrt("array")
def _(g, array_shape, pad_width):
    widths = _widths(pad_width, len(array_shape))
    return g[tuple(slice(i, i + n) for (i, _), n in zip(widths, array_shape, strict=True))]


# -- what each mode puts before and after the last axis --------------------------------------------


def _constant(a, before, after, mode, left=0, right=0):
    return _stretched(left, a, before), _stretched(right, a, after)


def _stretched(value, a, width):
    return np.broadcast_to(value, (*a.shape[:-1], width))


def _picked(a, before, after, mode, kind="even", _=None):
    """Elements of the line itself. Which ones, NumPy tells: it pads their places."""
    size = a.shape[-1]
    if kind == "odd" and size > 1:
        return _turned(a, before, after, mode)
    places = np.pad(np.arange(size), (before, after), mode)
    return a[..., places[:before]], a[..., places[before + size :]]


def _turned(a, before, after, mode):
    """The line turned by 180° about its ends (reflect_type="odd"): 2 · end − mirrored. Ends that
    are longer than the line itself take several turns, each about the ends reached so far."""
    skip = 0 if mode == "symmetric" else 1  # whether the mirror image repeats the end itself
    period = a.shape[-1] - skip
    left, right = a[..., :0], a[..., :0]
    while left.shape[-1] < before or right.shape[-1] < after:
        line = np.concatenate([left, a, right], axis=-1)
        reach = (line.shape[-1] - skip) // period * period
        i, j = min(reach, before - left.shape[-1]), min(reach, after - right.shape[-1])
        first, last, mirrored = line[..., :1], line[..., -1:], np.flip(line, -1)
        stop = line.shape[-1] - skip
        left = np.concatenate([2 * first - mirrored[..., stop - i : stop], left], axis=-1)
        right = np.concatenate([right, 2 * last - mirrored[..., skip : skip + j]], axis=-1)
    return left, right


def _ramp(a, before, after, mode, left=0, right=0):
    """From the end value up (or down) to the edge of the line, in equal steps."""
    up, down = np.arange(before) / max(before, 1), np.arange(after)[::-1] / max(after, 1)
    first, last = a[..., :1], a[..., -1:]
    return left + (first - left) * up, right + (last - right) * down


def _statistic(a, before, after, mode, left=None, right=None):
    statistic = _STATISTICS[mode]
    size = a.shape[-1]
    i, j = (size if length is None else min(length, size) for length in (left, right))
    return (
        _stretched(statistic(a[..., :i], axis=-1, keepdims=True), a, before),
        _stretched(statistic(a[..., size - j :], axis=-1, keepdims=True), a, after),
    )


_STATISTICS: dict[str, Any] = {
    "maximum": np.max, "minimum": np.min, "mean": np.mean, "median": np.median,
}  # fmt: skip
_ENDS: dict[str, Any] = {
    "constant": _constant,
    "linear_ramp": _ramp,
    **dict.fromkeys(_STATISTICS, _statistic),
    **dict.fromkeys(("edge", "wrap", "reflect", "symmetric"), _picked),
}
