"""Arrays made from a few numbers: gradients flow to those numbers."""

from __future__ import annotations

import numpy as np

from ..declare import composite
from ..tensor import asarray
from .index import index_set

__all__ = ("full_like", "linspace", "logspace", "geomspace", "vander", "polyval")


@composite(claims=np.full_like)
def full_like(a, fill_value, dtype=None, order="K", subok=True, shape=None, *, device=None):
    """An array of a's shape and dtype that holds `fill_value` everywhere.

    >>> import autograd as ag
    >>> level = ag.Tensor(7.0, requires_grad=True)
    >>> ag.full_like([0.0, 0.0], level)
    Tensor([7., 7.], requires_grad=True, op=index_set)
    """
    blank = np.empty_like(a, dtype=dtype, order=order, shape=shape)
    return index_set(blank, ..., asarray(fill_value))


def _from_0_to_1(start, stop, num, endpoint, dtype=float):
    """`num` even steps from 0 to 1 along a first axis, in front of those of start and stop."""
    axes = len(np.broadcast_shapes(np.shape(start), np.shape(stop)))
    return np.reshape(np.linspace(0, 1, num, endpoint, dtype=dtype), (num,) + (1,) * axes)


@composite(claims=np.linspace)
def linspace(
    start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0, *, device=None
):
    """Numbers in even steps: start + (stop − start) t, for t from 0 to 1.

    >>> import autograd as ag
    >>> stop = ag.Tensor(3.0, requires_grad=True)
    >>> ag.linspace(1.0, stop, 5).sum().backward()
    >>> stop.grad
    Tensor(2.5)
    """
    t = _from_0_to_1(start, stop, num, endpoint, np.result_type(start, stop, float(num)))
    out = start * (1 - t) + stop * t
    if dtype is not None:
        if np.dtype(dtype).kind in "iu":
            out = np.floor(out)
        out = out.astype(dtype)
    out = np.moveaxis(out, 0, axis)
    if not retstep:
        return out
    parts = num - 1 if endpoint else num
    return out, (np.subtract(stop, start) / parts if parts else np.nan)


@composite(claims=np.logspace)
def logspace(start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0):
    """Numbers in even steps of their logarithm: baseᵗ, for t from start to stop.

    >>> import autograd as ag
    >>> ag.logspace(ag.Tensor(0.0), 2, 3)
    Tensor([  1.,  10., 100.])
    """
    if np.ndim(base):
        shape = np.broadcast_shapes(np.shape(start), np.shape(stop), np.shape(base))
        start = np.broadcast_to(start, shape)
        base = np.expand_dims(np.broadcast_to(base, shape), axis)
    out = np.power(base, linspace(start, stop, num, endpoint, axis=axis))
    return out if dtype is None else out.astype(dtype)


@composite(claims=np.geomspace)
def geomspace(start, stop, num=50, endpoint=True, dtype=None, axis=0):
    """Numbers in even ratios: start (stop / start)ᵗ, for t from 0 to 1; in float64, as NumPy's.

    Raises ValueError if start and stop are not both positive or both negative.

    >>> import autograd as ag
    >>> ag.geomspace(ag.Tensor(1.0), 8, 4)
    Tensor([1., 2., 4., 8.])
    """
    ratio = np.divide(stop, start)
    if not np.all(np.greater(ratio, 0)):
        raise ValueError(
            "geomspace: even ratios lead from start to stop only if both are positive or both are "
            "negative. Write np.linspace for even differences."
        )
    out = np.moveaxis(start * ratio ** _from_0_to_1(start, stop, num, endpoint), 0, axis)
    return out if dtype is None else out.astype(dtype)


@composite(claims=np.vander)
def vander(x, N=None, increasing=False):
    """Powers of each element of x in a row: x^(N−1), …, x, 1 (or 1, x, …, if increasing).

    >>> import autograd as ag
    >>> ag.vander(ag.Tensor([2.0, 3.0]), 3)
    Tensor([[4., 2., 1.],
            [9., 3., 1.]])

    Shapes: (n)->(n,N)
    """
    exponents = np.arange(len(x) if N is None else N)
    return x[:, None] ** (exponents if increasing else exponents[::-1])


@composite(claims=np.polyval)
def polyval(p, x):
    """The polynomial with coefficients p, the highest power's first, at x; by Horner's scheme.

    >>> import autograd as ag
    >>> x = ag.Tensor(2.0, requires_grad=True)
    >>> ag.polyval([1, 0, -3], x).backward()
    >>> x.grad
    Tensor(4.)
    """
    value = np.zeros_like(x)
    for coefficient in p:
        value = value * x + coefficient
    return value
