"""Spread and correlation: var, std, cov and their kin."""

from __future__ import annotations

import warnings
from functools import partial

import numpy as np

from ..declare import composite
from ..declare import op as _op
from ..op import A, Sample
from ..tensor import unwrap
from .reduce import EVERY_AXIS, axes_of, count, expand
from .shape import as_array

__all__ = ("average", "var", "std", "nanvar", "nanstd", "cov", "corrcoef")

op = partial(_op, register=True)

# -- variance and standard deviation, plain and with NaN left out -----------------------------------


def with_holes(a):
    """For samples: an array with some NaN in it, but no line of NaN only."""
    return np.where(np.arange(a.size).reshape(a.shape) % 4 == 1, np.nan, a)


HOLES = (
    Sample(A(5, make=with_holes)),
    Sample(A(2, 3, make=with_holes)),
    Sample(A(2, 3, make=with_holes), axis=0),
    Sample(A(2, 3, make=with_holes), axis=-1, keepdims=True),
    Sample(A(2, 3, 2, make=with_holes), axis=(0, -1)),
)
CORRECTED = (Sample(A(3), ddof=1), Sample(A(2, 3), axis=-1, correction=1))
GIVEN_MEAN = (Sample(A(2, 3), axis=1, mean=A(2, 1)), Sample(A(2, 3), ddof=1, mean=A(1, 1)))
SPREAD_OUT = [s for s in EVERY_AXIS if s.args[0].shape and s.kwargs.get("axis") != ()]
NOTE = "At 0 (all elements equal) the derivative is 0, at every order."

var = op(np.var, formula="Σ (a − mean)² / (n − ddof)", samples=(*EVERY_AXIS, *CORRECTED, *GIVEN_MEAN))
std = op(
    np.std,
    formula="√(Σ (a − mean)² / (n − ddof))",
    note=NOTE,
    samples=(*SPREAD_OUT, *CORRECTED, *GIVEN_MEAN),
    kinks=np.std,
)
nanvar = op(np.nanvar, formula="var a, NaN left out", samples=HOLES)
nanstd = op(np.nanstd, formula="std a, NaN left out", note=NOTE, samples=HOLES, kinks=np.nanstd)


def _deviation(a, axis, mean, ddof, correction, present):
    """How far each element is from the mean, and by how much a sum of squares is divided."""
    if present is True:
        n = count(a.shape, axis)
        centre = np.mean(a, axis=axis, keepdims=True) if mean is None else mean
        deviation = a - centre
    else:
        n = np.sum(present, axis=axes_of(axis, a.ndim), keepdims=True, dtype=a.dtype)
        a = np.where(present, a, 0)
        centre = np.sum(a, axis=axis, keepdims=True) / n if mean is None else mean
        deviation = np.where(present, a - centre, 0)
    free = np.maximum(n - (ddof if correction is None else correction), 0)
    return deviation, free.astype(a.dtype)


def _all_equal(a, axis, present):
    """Whether the elements that are reduced together are all the same. Their deviations from a
    mean that was rounded need not be 0."""
    a, axes = unwrap(a), axes_of(axis, a.ndim)
    highest = np.max(a, axis=axes, keepdims=True, initial=-np.inf, where=present)
    return highest == np.min(a, axis=axes, keepdims=True, initial=np.inf, where=present)


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
            still = still | _all_equal(a, axis, present)
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

# -- weighted mean -------------------------------------------------------------------------------


@composite(claims=np.average)
def average(a, axis=None, weights=None, returned=False, *, keepdims=np._NoValue):
    """The weighted mean: Σ w a / Σ w. With returned=True also Σ w.

    The weights have the array's shape, or the sizes of its reduced axes. They may be Tensors.

    Raises TypeError or ValueError for weights of another shape, ZeroDivisionError where they sum
    to 0.

    >>> import autograd as ag
    >>> x = ag.Tensor([1.0, 2.0], requires_grad=True)
    >>> ag.average(x, weights=[1.0, 3.0]).backward()
    >>> x.grad
    Tensor([0.25, 0.75])
    """
    a = as_array(a)
    keepdims = keepdims is not np._NoValue and keepdims
    if weights is None:
        mean = np.mean(a, axis=axis, keepdims=keepdims)
        total = np.full(mean.shape, count(a.shape, axis), mean.dtype)
    else:
        weights = _along(axis, as_array(weights), a.shape)
        total = np.sum(weights, axis=axis, keepdims=keepdims)
        if np.any(unwrap(total) == 0):
            raise ZeroDivisionError("average: the weights sum to 0, so there is nothing to divide by.")
        mean = np.sum(a * weights, axis=axis, keepdims=keepdims) / total
        total = np.broadcast_to(total, mean.shape)
    return (mean, total) if returned else mean


def _along(axis, weights, shape):
    """Weights for some axes, shaped so that they broadcast over the whole array."""
    if weights.shape == shape:
        return weights
    if axis is None:
        raise TypeError(
            f"average: weights of shape {weights.shape} for an array of shape {shape}: along which "
            "axis? Pass axis=."
        )
    axes = axes_of(axis, len(shape))
    sizes = tuple(shape[i] for i in axes)
    if weights.shape != sizes:
        raise ValueError(
            f"average: weights of shape {weights.shape} for axis={axis} of an array of shape "
            f"{shape}. Their shape must be {sizes}, or that of the array."
        )
    weights = np.transpose(weights, np.argsort(axes).tolist())
    return np.reshape(weights, tuple(n if i in axes else 1 for i, n in enumerate(shape)))


# -- correlation ---------------------------------------------------------------------------------


@composite(claims=np.cov)
def cov(
    m, y=None, rowvar=True, bias=False, ddof=None, fweights=None, aweights=None, *, dtype=None
):
    """The covariance of variables (rows, unless rowvar=False) over observations (columns).

    X Xᵀ / (n − ddof), X with its mean taken out. `fweights` count how often an observation was
    made, `aweights` say how much it counts; the latter may be a Tensor.

    Raises ValueError, TypeError and RuntimeError where NumPy does: for arrays of more than two
    axes, weights of another length, negative weights, counts that are not whole.

    >>> import autograd as ag
    >>> ag.cov(ag.Tensor([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]))
    Tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    if ddof is None:
        ddof = 0 if bias else 1
    elif ddof != int(ddof):
        raise ValueError(f"cov: ddof is a whole number, not {ddof}.")
    m, *more = (as_array(v) for v in (m, y) if v is not None)
    dtype = dtype or np.result_type(m.dtype, *[v.dtype for v in more], np.float64)
    x = _variables(m, "m", flip=not rowvar and m.ndim != 1)
    for v in more:
        other = _variables(v, "y", flip=not rowvar and np.atleast_2d(unwrap(v)).shape[0] != 1)
        x = np.concatenate([x, other])
    if not x.shape[0]:
        return np.empty((0, 0))
    x = x if x.dtype == dtype else x.astype(dtype)

    weights, scatter = 1.0, 1.0  # Σ w a / Σ w is what a degree of freedom weighs
    if fweights is not None:
        weights = _weights(fweights, x, "fweights")
        if np.any(unwrap(weights) % 1):
            raise TypeError("cov: fweights are counts, so they must be whole numbers.")
    if aweights is not None:
        scatter = _weights(aweights, x, "aweights")
        weights = weights * scatter
    if fweights is None and aweights is None:
        total, free = x.shape[1], x.shape[1] - ddof
        x_weighted = x = x - np.mean(x, axis=1, keepdims=True)
    else:
        total = np.sum(weights)
        free = total - ddof * np.sum(weights * scatter) / total
        x = x - np.sum(x * weights, axis=1, keepdims=True) / total
        x_weighted = x * weights
    if unwrap(free) <= 0:
        warnings.warn("Degrees of freedom <= 0 for slice", RuntimeWarning, stacklevel=3)
        free = np.zeros(())
    return np.squeeze(np.matmul(x, x_weighted.T) / free)


def _variables(v, name, flip):
    """One variable a row."""
    if v.ndim > 2:
        raise ValueError(f"cov: {name} has {v.ndim} axes, but at most two have a meaning.")
    v = np.atleast_2d(v)
    return v.T if flip else v


def _weights(weights, x, name):
    weights = as_array(weights)
    weights = weights if weights.dtype.kind == "f" else weights.astype(float)
    if weights.shape != x.shape[1:]:
        raise RuntimeError(
            f"cov: {name} of shape {weights.shape} for {x.shape[1]} observations: one for each."
        )
    if np.any(unwrap(weights) < 0):
        raise ValueError(f"cov: {name} must not be negative.")
    return weights


@composite(claims=np.corrcoef)
def corrcoef(x, y=None, rowvar=True, *, dtype=None):
    """Pearson's correlation of variables (rows, unless rowvar=False): covᵢⱼ / √(covᵢᵢ covⱼⱼ).

    >>> import autograd as ag
    >>> ag.corrcoef(ag.Tensor([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]))
    Tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    c = cov(x, y, rowvar, dtype=dtype)
    if not c.ndim:
        return c / c
    deviation = np.sqrt(np.diag(c))
    return np.clip(c / deviation[:, None] / deviation[None, :], -1, 1)
