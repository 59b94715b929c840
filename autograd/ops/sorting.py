"""Order: sorting moves elements, searching finds places. Ties keep their order."""

from __future__ import annotations

from functools import partial

import numpy as np

from ..declare import composite, constant
from ..declare import op as _op
from ..op import A, Sample
from .arithmetic import over
from .selecting import as_double

__all__ = ("sort", "partition", "interp")

op = partial(_op, register=True)


def _ties(a, *args, **kwargs):
    return np.diff(np.sort(a, axis=None))


sort = op(
    np.sort,
    formula="a in order",
    note="Elements that tie keep their order.",
    example="""
    >>> x = ag.Tensor([3.0, 1.0, 2.0], requires_grad=True)
    >>> (ag.sort(x) * [10.0, 20.0, 30.0]).sum().backward()
    >>> x.grad
    Tensor([30., 10., 20.])
    """,
    samples=[
        Sample(A(4)),
        Sample(A(2, 3)),
        Sample(A(3, 2), axis=0),
        Sample(A(2, 3), axis=None),
        Sample(A(0)),
    ],
    kinks=_ties,
)
partition = op(
    np.partition,
    formula="a, the k smallest first",
    note="Elements that tie keep their order.",
    example="""
    >>> ag.partition(ag.Tensor([3.0, 2.0, 1.0]), 0)[0]
    Tensor(1.)
    """,
    samples=[
        Sample(A(5), 2),
        Sample(A(2, 4), (0, 2), axis=-1),
        Sample(A(4, 2), 1, axis=0),
        Sample(A(2, 3), 2, axis=None),
    ],
    kinks=_ties,
)


@sort.wrt("a")
def _(g, a, axis):
    return _moved_back(g, _ranks(a, axis), a.shape, axis)


@partition.wrt("a")
def _(g, a, out, axis):
    along = 0 if axis is None else axis
    places = np.take_along_axis(np.argsort(out, along, kind="stable"), _ranks(a, axis), along)
    return _moved_back(g, places, a.shape, axis)


def _ranks(a, axis):
    """How many elements along the axis come before each: its place after sorting."""
    return np.argsort(np.argsort(a, axis, kind="stable"), 0 if axis is None else axis)


def _moved_back(g, places, shape, axis):
    return np.reshape(np.take_along_axis(g, places, 0 if axis is None else axis), shape)


@composite(claims=np.interp)
def interp(x, xp, fp, left=None, right=None, period=None):
    """The value at x of the straight lines through the points (xp, fp); xp in ascending order.

    f(x) = fp₀ + (fp₁ − fp₀) (x − xp₀) / (xp₁ − xp₀) between two points; outside them `left` and
    `right`, or the first and the last of fp. On a point the slope is that of the line to its right.
    In float64, as NumPy's.

    >>> import autograd as ag
    >>> x = ag.Tensor([0.5, 1.5, 9.0], requires_grad=True)
    >>> ag.interp(x, [0, 1, 2], [0, 10, 40]).sum().backward()
    >>> x.grad
    Tensor([10., 30.,  0.])
    """
    x, xp, fp = map(as_double, (x, xp, fp))
    if period is not None:
        period = np.abs(period)
        x, xp = np.remainder(x, period), np.remainder(xp, period)
        order = np.argsort(xp)
        xp, fp = xp[order], fp[order]
        xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
        fp = np.concatenate([fp[-1:], fp, fp[:1]])
        left = right = None
    last = len(xp) - 1
    start = np.clip(np.searchsorted(xp, x, "right") - 1, 0, max(last - 1, 0))
    end = np.minimum(start + 1, last)
    before, after = np.less(x, xp[0]), np.greater(x, xp[-1])
    x = np.where(before | after, xp[start], x)  # outside nothing is computed with x, be it infinite
    inside = fp[start] + (fp[end] - fp[start]) * over(x - xp[start], xp[end] - xp[start])
    outside = np.where(before, fp[0] if left is None else left, fp[-1] if right is None else right)
    return np.where(before | after, outside, inside)


constant(np.argsort, np.argpartition, np.lexsort, np.searchsorted, np.digitize)
