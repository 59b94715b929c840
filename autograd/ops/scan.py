"""Scans: each element becomes a running total. Going back, the totals run the other way."""

from __future__ import annotations

from functools import partial

import numpy as np

from ..declare import composite
from ..declare import op as _op
from ..op import A, Sample

__all__ = ["cumsum", "cumprod"]

op = partial(_op, register=True)

EVERY_LINE = (
    Sample(A()),
    Sample(A(4)),
    Sample(A(2, 3)),
    Sample(A(3, 2), axis=0),
    Sample(A(2, 3, 2), axis=-2),
    Sample(A(0)),
    Sample(A(2, 0), axis=1),
)

# -- running sums ---------------------------------------------------------------------------------

cumsum = op(
    np.cumsum,
    formula="Σⱼ≤ᵢ aⱼ",
    example="""
    >>> x = ag.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = ag.cumsum(x)
    >>> y.sum().backward()
    >>> y.data, x.grad   # the first element is in all three totals
    (array([1., 3., 6.]), Tensor([3., 2., 1.]))
    """,
    samples=EVERY_LINE,
)


def sums_from(g, axis):
    """For each element, the sum of itself and all after it (along the flattened array for None)."""
    axis = axis or 0
    return np.flip(np.cumsum(np.flip(g, axis), axis), axis)


@cumsum.wrt("a")
def _(g, a_shape, axis):
    return np.reshape(sums_from(g, axis), a_shape)


# -- running products -----------------------------------------------------------------------------
#
# The gradient of a running product is a linear recurrence, hᵢ = aᵢ hᵢ₋₁ + bᵢ, run backward. And the
# gradients of a linear recurrence are linear recurrences again. So this one op makes the products
# of this file (and np.prod) differentiable to any order, and nothing ever divides by an element
# that may be 0.


@op(formula="hᵢ = aᵢ hᵢ₋₁ + bᵢ", samples=[Sample(A(4), A(4)), Sample(A(2, 3), A(2, 3))])
def recurrence(a, b):
    """h[i] = a[i] h[i−1] + b[i] along the last axis, from h[−1] = 0.

    Shapes: (n),(n)->(n)
    """
    h = np.array(np.broadcast_to(b, np.broadcast_shapes(np.shape(a), np.shape(b))))
    for i in range(1, h.shape[-1]):
        h[..., i] += a[..., i] * h[..., i - 1]
    return h


@recurrence.wrt("a", "b")
def _(g, a, out):
    wrt_b = _run_backward(a, g)
    return wrt_b * _moved_up(out, np.zeros_like), wrt_b


def _run_backward(a, g):
    """r[i] = a[i+1] r[i+1] + g[i]: what arrives at a step, from itself and all later ones."""
    backward = recurrence(_moved_up(np.flip(a, -1), np.zeros_like), np.flip(g, -1))
    return np.flip(backward, -1)


def _moved_up(a, first):
    """a[i−1] in place of a[i] along the last axis, with `first` (zeros or ones) at the start."""
    return np.concatenate([first(a[..., :1]), a[..., :-1]], axis=-1)


def products_before(a):
    """For each element, the product of all before it on the last axis (of none: 1)."""
    return _moved_up(np.cumprod(a, axis=-1), np.ones_like)


cumprod = op(
    np.cumprod,
    formula="Πⱼ≤ᵢ aⱼ",
    note="Exact where elements are 0, at every order.",
    example="""
    >>> ag.cumprod(ag.Tensor([2.0, 3.0, 4.0]))
    Tensor([ 2.,  6., 24.])
    """,
    samples=(*EVERY_LINE, Sample(A(4, make=lambda a: a * [1, 0, 1, 0]))),
)


def wrt_cumprod(g, a, axis):
    """The gradient of cumprod; axis None stands for the flattened array."""
    shape = a.shape
    if axis is None or not shape:
        a, axis = np.ravel(a), 0
    a, g = np.moveaxis(a, axis, -1), np.moveaxis(g, axis, -1)
    slope = products_before(a) * _run_backward(a, g)
    return np.reshape(np.moveaxis(slope, -1, axis), shape)


cumprod.wrt("a")(wrt_cumprod)

# -- NumPy's newer spelling (NumPy ≥ 2.1) ---------------------------------------------------------

if hasattr(np, "cumulative_sum"):
    __all__ += ["cumulative_sum", "cumulative_prod"]

    @composite(claims=np.cumulative_sum)
    def cumulative_sum(x, /, *, axis=None, dtype=None, out=None, include_initial=False):
        """Running sums, by the name of the array API; `include_initial` puts a 0 before them.

        >>> import autograd as ag
        >>> x = ag.Tensor([1.0, 2.0, 3.0], requires_grad=True)
        >>> ag.cumulative_sum(x, include_initial=True)
        Tensor([0., 1., 3., 6.], requires_grad=True, op=concatenate)
        """
        return _cumulative(cumsum, x, axis, dtype, out, np.zeros_like if include_initial else None)

    @composite(claims=np.cumulative_prod)
    def cumulative_prod(x, /, *, axis=None, dtype=None, out=None, include_initial=False):
        """Running products, by the name of the array API; `include_initial` puts a 1 before them.

        >>> import autograd as ag
        >>> x = ag.Tensor([1.0, 2.0, 3.0], requires_grad=True)
        >>> ag.cumulative_prod(x)
        Tensor([1., 2., 6.], requires_grad=True, op=cumprod)
        """
        return _cumulative(cumprod, x, axis, dtype, out, np.ones_like if include_initial else None)


def _cumulative(scan, x, axis, dtype, out, first):
    if axis is None:
        if x.ndim != 1:
            raise ValueError(
                f"running totals of {x.ndim} dimensions need an axis= to run along. For the "
                "flattened array, write np.cumsum or np.cumprod."
            )
        axis = 0
    totals = scan(x, axis=axis, dtype=dtype, out=out)
    if first is None:
        return totals
    start = first(np.moveaxis(totals, axis, 0)[:1])
    return np.concatenate([np.moveaxis(start, 0, axis), totals], axis=axis)
