"""Spread: variance and standard deviation, plain and with NaN left out."""

from __future__ import annotations

from functools import partial

import numpy as np

from ..declare import op as _op
from ..op import A, Sample
from ..tensor import unwrap
from .reduce import EVERY_AXIS, axes_of, count, expand

__all__ = ("var", "std", "nanvar", "nanstd")

op = partial(_op, register=True)


def with_holes(a):
    """For samples: an array with some NaN in it, but no line of NaN only."""
    return np.where(np.arange(a.size).reshape(a.shape) % 4 == 1, np.nan, a)


HOLES = (
    Sample(A(5, make=with_holes)),
    Sample(A(2, 3, make=with_holes)),
    Sample(A(3, 3, make=with_holes), axis=0),
    Sample(A(2, 3, make=with_holes), axis=-1, keepdims=True),
    Sample(A(2, 3, 2, make=with_holes), axis=(0, -1)),
)
CORRECTED = (Sample(A(3), ddof=1), Sample(A(2, 3), axis=-1, correction=1))
GIVEN_MEAN = (Sample(A(2, 3), axis=1, mean=A(2, 1)), Sample(A(2, 3), ddof=1, mean=A(1, 1)))
SPREAD_OUT = [s for s in EVERY_AXIS if s.args[0].shape and s.kwargs.get("axis") != ()]
NOTE = "At 0 (all elements equal) the derivative is 0, at every order."

var = op(
    np.var,
    formula="Σ (a − mean)² / (n − ddof)",
    example="""
    >>> ag.var(ag.Tensor([1.0, 3.0])), ag.var(ag.Tensor([1.0, 3.0]), ddof=1)
    (Tensor(1.), Tensor(2.))
    """,
    samples=(*EVERY_AXIS, *CORRECTED, *GIVEN_MEAN),
)
std = op(
    np.std,
    formula="√(Σ (a − mean)² / (n − ddof))",
    note=NOTE,
    example="""
    >>> ag.std(ag.Tensor([1.0, 5.0]))
    Tensor(2.)
    >>> ag.grad(ag.std)(np.array([1.0, 5.0]))
    array([-0.5,  0.5])
    """,
    samples=(*SPREAD_OUT, *CORRECTED, *GIVEN_MEAN),
    kinks=np.std,
)
nanvar = op(
    np.nanvar,
    formula="var a, NaN left out",
    example="""
    >>> ag.nanvar(ag.Tensor([1.0, np.nan, 3.0]))
    Tensor(1.)
    """,
    samples=HOLES,
)
nanstd = op(
    np.nanstd,
    formula="std a, NaN left out",
    note=NOTE,
    example="""
    >>> ag.nanstd(ag.Tensor([1.0, np.nan, 5.0]))
    Tensor(2.)
    """,
    samples=HOLES,
    kinks=np.nanstd,
)


def _deviation(a, axis, mean, ddof, correction, present):
    """How far each element is from the mean, and by how much a sum of squares is divided."""
    if present is True:
        n = count(a.shape, axis)
        centre = np.mean(a, axis=axis, keepdims=True) if mean is None else mean
        deviation = a - centre
    else:
        n = np.sum(present, axis=axes_of(axis, a.ndim), keepdims=True, dtype=a.dtype)
        a = np.where(present, a, 0)
        centre = np.sum(a, axis=axis, keepdims=True) / (n + (n == 0)) if mean is None else mean
        deviation = np.where(present, a - centre, 0)
    free = np.maximum(n - (ddof if correction is None else correction), 0) + (n == 0)
    return deviation, free.astype(a.dtype)


def _none_differ(a, axis, present):
    """Whether the elements that are reduced together are all the same. Their deviations from a
    mean that was rounded need not be 0."""
    a, axes = unwrap(a), axes_of(axis, a.ndim)
    highest = np.max(a, axis=axes, keepdims=True, initial=-np.inf, where=present)
    return highest <= np.min(a, axis=axes, keepdims=True, initial=np.inf, where=present)


def _declare(variance, standard_deviation, present_in):
    @variance.wrt("a")
    def _(g, a, axis, mean, ddof, correction, keepdims):
        deviation, free = _deviation(a, axis, mean, ddof, correction, present_in(a))
        return expand(g, axis, keepdims, a.shape) * (2 * deviation / free)

    @variance.wrt("mean")
    def _(g, a, axis, mean, ddof, correction, keepdims):
        deviation, free = _deviation(a, axis, mean, ddof, correction, present_in(a))
        return expand(g, axis, keepdims, a.shape) * (-2 * deviation / free)

    def slope(g, a, out, axis, mean, ddof, correction, keepdims):
        present = present_in(a)
        g, out = expand(g, axis, keepdims, a.shape), expand(out, axis, keepdims, a.shape)
        still = unwrap(out) == 0
        if mean is None:
            still = still | _none_differ(a, axis, present)
        deviation, free = _deviation(a, axis, mean, ddof, correction, present)
        return np.where(still, 0, g) * (deviation / (np.where(still, 1, out) * free))

    @standard_deviation.wrt("a")
    def _(g, a, out, axis, mean, ddof, correction, keepdims):
        return slope(g, a, out, axis, mean, ddof, correction, keepdims)

    @standard_deviation.wrt("mean")
    def _(g, a, out, axis, mean, ddof, correction, keepdims):
        return -slope(g, a, out, axis, mean, ddof, correction, keepdims)


_declare(var, std, lambda a: True)
_declare(nanvar, nanstd, lambda a: ~np.isnan(unwrap(a)))
