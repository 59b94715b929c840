"""Weighted means, covariance, correlation: composites, as NumPy itself computes them."""

from __future__ import annotations

import warnings

import numpy as np

from ..declare import composite
from ..tensor import unwrap
from .reduce import axes_of, count
from .shape import as_array

__all__ = ("average", "cov", "corrcoef")

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
        total = np.full(mean.shape, count(a.shape, axis), mean.dtype) if returned else None
    else:
        weights = _along(axis, as_array(weights), a.shape)
        total = np.sum(weights, axis=axis, keepdims=keepdims)
        if np.any(unwrap(total) == 0):
            raise ZeroDivisionError("average: the weights sum to 0: nothing to divide by.")
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
