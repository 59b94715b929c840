"""Sums and views over windows that slide along an axis."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view as _numpys_view

from ..declare import composite
from ..declare import op as _op
from ..op import A, Sample
from .index import scatter

__all__ = ("convolve", "correlate", "sliding_window_view")

op = partial(_op, register=True)

convolve = op(
    np.convolve,
    formula="outᵢ = Σⱼ aᵢ₋ⱼ vⱼ",
    note="""
    Modes: "full" all i with a term, "same" the middle max(len(a), len(v)) of them, "valid" those
    with all terms. Raises ValueError for empty arrays.
    """,
    signature="(m),(n)->(k)",
    example="""
    >>> ag.convolve(ag.Tensor([1.0, 2.0, 3.0]), [1.0, 1.0])
    Tensor([1., 3., 5., 3.])
    """,
    samples=[
        Sample(A(4), A(3)),
        Sample(A(2), A(4)),
        Sample(A(5), A(2), "same"),
        Sample(A(3), A(4), mode="same"),
        Sample(A(5), A(3), "valid"),
        Sample(A(2), A(5), "valid"),
    ],
)


@convolve.wrt("a")
def _(g, v, a_shape):
    return _slide(g, v, math.prod(a_shape) + np.size(v) - 1)


@convolve.wrt("v")
def _(g, a, v_shape):
    return _slide(g, a, np.size(a) + math.prod(v_shape) - 1)


def _slide(g, other, size):
    """The gradient slides along the other factor, after the ends that `mode` cut off are back."""
    cut = (size - g.shape[0]) // 2
    whole = scatter(g, slice(cut, cut + g.shape[0]), (size,))
    return np.correlate(whole, np.ravel(other), "valid")


@composite(claims=np.correlate)
def correlate(a, v, mode="valid"):
    """v slides along a: the sums of products at each place.

    Formula: outₖ = Σₙ aₙ₊ₖ vₙ

    Shapes: (m),(n)->(k); the modes are those of `ag.convolve`. Raises ValueError for empty arrays.

    >>> import autograd as ag
    >>> ag.correlate(ag.Tensor([1.0, 2.0, 4.0]), [-1.0, 1.0])
    Tensor([1., 2.])
    """
    if len(a) < len(v):  # in this order NumPy's middle lies right of the other
        return np.flip(np.convolve(v, np.flip(a), mode))
    return np.convolve(a, np.flip(v), mode)


@op(
    claims=_numpys_view,
    formula="out[i, j] = x[i + j]",
    samples=[
        Sample(A(5), 3),
        Sample(A(4, 5), (2, 3)),
        Sample(A(4, 3), 2, axis=0),
        Sample(A(2, 4, 3), (2, 2), axis=(-1, 1)),
        Sample(A(6), (2, 3), axis=(0, 0)),
    ],
)
def sliding_window_view(x, window_shape, axis=None, *, subok=False, writeable=False):
    """All windows of a shape, as a view: their places first, then what is in them.

    Raises ValueError if a window is larger than x, or for `writeable=True`.

    >>> import autograd as ag
    >>> ag.sliding_window_view(ag.Tensor([1.0, 2.0, 3.0, 4.0]), 3)
    Tensor([[1., 2., 3.],
            [2., 3., 4.]])
    """
    if writeable:
        raise ValueError("sliding_window_view(writeable=True): its elements share memory.")
    return _numpys_view(x, window_shape, axis)


@sliding_window_view.wrt("x")
def _(g, x_shape, axis):
    ndim = len(x_shape)
    axes = range(ndim) if axis is None else np.atleast_1d(axis) % ndim
    return overlap_add(g, tuple(map(int, axes)), x_shape)


@_op(formula="outₖ = Σ windows[i, j] over i + j = k")
def overlap_add(windows, axes, shape):
    """Windows added up where they were taken from: the transpose of `sliding_window_view`.

    >>> import numpy as np
    >>> overlap_add(np.ones((2, 3)), (0,), (4,))
    array([1., 2., 2., 1.])
    """
    out = np.zeros(shape, windows.dtype)
    places = windows.shape[: len(shape)]
    for within in np.ndindex(windows.shape[len(shape) :]):
        start = [0] * len(shape)
        for axis, i in zip(axes, within, strict=True):
            start[axis] += i
        out[tuple(slice(s, s + n) for s, n in zip(start, places))] += windows[(..., *within)]
    return out


@overlap_add.wrt("windows")
def _(g, axes, windows_shape):
    return _numpys_view(g, windows_shape[g.ndim :], axes)
