"""Reductions: many elements become one. Going back, the one gradient spreads over the many."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..declare import composite, constant
from ..declare import op as _op
from ..op import A, Sample
from ..tensor import unwrap
from .scan import products_before

__all__ = ("sum", "mean", "prod", "max", "min", "amax", "amin", "ptp", "logsumexp")

op = partial(_op, register=True)

# -- axes: what all files of reductions share -----------------------------------------------------

EVERY_AXIS = (
    Sample(A()),
    Sample(A(3)),
    Sample(A(2, 3)),
    Sample(A(2, 3), axis=0),
    Sample(A(2, 3), axis=-1, keepdims=True),
    Sample(A(2, 3, 2), axis=(0, -1)),
    Sample(A(2, 3), axis=()),
)
EMPTY = (Sample(A(0)), Sample(A(2, 0), axis=1), Sample(A(0, 3), axis=1, keepdims=True))


def axes_of(axis, ndim):
    """The reduced axes as a tuple of numbers that are not negative; all of them for None."""
    if axis is None or ndim == 0:
        return tuple(range(ndim))
    return normalize_axis_tuple(axis, ndim)


def expand(g, axis, keepdims, shape):
    """A reduced gradient with its lost axes back as axes of length 1, so that it broadcasts."""
    if keepdims or axis is None:  # where all axes are gone, one number is left, which broadcasts
        return g
    gone = axes_of(axis, len(shape))
    return np.reshape(g, tuple(1 if i in gone else n for i, n in enumerate(shape)))


def count(shape, axis):
    """How many elements become one."""
    return math.prod(shape[i] for i in axes_of(axis, len(shape)))


def divided(g, n):
    """g / n, also where float16 cannot hold n."""
    if g.dtype.itemsize < 4:
        return (g.astype(np.float32) / n).astype(g.dtype)
    return g / n


def to_lines(a, axes):
    """The reduced axes merged into one, moved to the end: each line becomes one element."""
    kept = [i for i in range(len(a.shape)) if i not in axes]
    lines = np.transpose(a, (*kept, *axes))
    return np.reshape(lines, (*[a.shape[i] for i in kept], count(a.shape, axes)))


def from_lines(lines, shape, axes):
    """The way back from `to_lines`."""
    order = [*[i for i in range(len(shape)) if i not in axes], *axes]
    a = np.reshape(lines, tuple(shape[i] for i in order))
    return np.transpose(a, np.argsort(order).tolist())


def apart(a, *args, **kwargs):
    """0 where two elements tie: the kinks of whatever depends on the order of the elements."""
    return np.diff(np.sort(a, axis=None))


# -- sums and products ----------------------------------------------------------------------------

sum = op(
    np.sum,
    formula="Σ a",
    example="""
    >>> ag.sum(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    Tensor([4., 6.])
    >>> ag.grad(ag.sum)(np.array([1.0, 2.0]))
    array([1., 1.])
    """,
    samples=(*EVERY_AXIS, *EMPTY, Sample(A(3), initial=2.0)),
)


@sum.wrt("a")
def _(g, a_shape, axis, keepdims):
    return np.broadcast_to(expand(g, axis, keepdims, a_shape), a_shape)


mean = op(
    np.mean,
    formula="Σ a / n",
    example="""
    >>> ag.mean(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    Tensor([2., 3.])
    >>> ag.grad(ag.mean)(np.array([1.0, 2.0]))
    array([0.5, 0.5])
    """,
    samples=EVERY_AXIS,
)


@mean.wrt("a")
def _(g, a_shape, axis, keepdims):
    g = divided(g, count(a_shape, axis))
    return np.broadcast_to(expand(g, axis, keepdims, a_shape), a_shape)


def _with_zeros(*places):
    """For samples: an array that is 0 at these (flat) places."""

    def make(a):
        a = a.copy()
        a.flat[list(places)] = 0
        return a

    return make


prod = op(
    np.prod,
    formula="Π a",
    note="Exact where elements are 0, at every order: nothing divides by an element.",
    example="""
    >>> ag.grad(ag.prod)(np.array([2.0, 0.0, 4.0]))
    array([0., 8., 0.])
    """,
    samples=(
        *EVERY_AXIS,
        *EMPTY,
        Sample(A(4, make=_with_zeros(1))),
        Sample(A(4, make=_with_zeros(0, 3))),
        Sample(A(2, 3, make=_with_zeros(0, 1, 5)), axis=1),
        Sample(A(3), initial=2.0),
    ),
)


def others(a, axis):
    """For each element, the product of all others that are reduced along with it."""
    axes = axes_of(axis, len(a.shape))
    lines = to_lines(a, axes)
    after = np.flip(products_before(np.flip(lines, -1)), -1)
    return from_lines(products_before(lines) * after, a.shape, axes)


@prod.wrt("a")
def _(g, a, axis, keepdims, initial):
    slope = expand(g, axis, keepdims, a.shape) * others(a, axis)
    return slope if initial is None else slope * initial


# -- extremes -------------------------------------------------------------------------------------

max = op(
    np.max,
    claims=(np.max, np.amax),
    formula="max a",
    note="Elements that tie (and `initial`, if it does) share the gradient equally.",
    example="""
    >>> ag.grad(ag.max)(np.array([1.0, 3.0, 3.0]))
    array([0. , 0.5, 0.5])
    """,
    samples=(*EVERY_AXIS, Sample(A(0), initial=1.0), Sample(A(3), initial=0.0)),
    kinks=apart,
)
min = op(
    np.min,
    claims=(np.min, np.amin),
    formula="min a",
    note="Elements that tie (and `initial`, if it does) share the gradient equally.",
    example="""
    >>> ag.grad(ag.min)(np.array([1.0, 3.0, 3.0]))
    array([1., 0., 0.])
    """,
    samples=(*EVERY_AXIS, Sample(A(0), initial=1.0), Sample(A(3), initial=0.0)),
    kinks=apart,
)
amax, amin = max, min


def shares(a, out, axis, keepdims, initial):
    """1 at the extreme element of each reduction, 0 elsewhere; equal parts of 1 where several
    tie. Never recorded: it does not change when the elements change by a little."""
    a, out = unwrap(a), unwrap(out)
    out = expand(out, axis, keepdims, a.shape)
    chosen = a == out
    tied = chosen.sum(axis=axes_of(axis, a.ndim), keepdims=True)
    if initial is not None:
        tied = tied + (out == initial)
    return (chosen / tied).astype(a.dtype)


for _extreme in (max, min):

    @_extreme.wrt("a")
    def _(g, a, out, axis, keepdims, initial):
        return expand(g, axis, keepdims, a.shape) * shares(a, out, axis, keepdims, initial)


@composite(claims=np.ptp)
def ptp(a, axis=None, out=None, keepdims=np._NoValue):
    """The range of the elements: max − min ("peak to peak").

    >>> import autograd as ag
    >>> x = ag.Tensor([1.0, 5.0, 2.0], requires_grad=True)
    >>> ag.ptp(x).backward()
    >>> x.grad
    Tensor([-1.,  1.,  0.])
    """
    keepdims = keepdims is not np._NoValue and keepdims
    highest = np.max(a, axis=axis, keepdims=keepdims)
    return np.subtract(highest, np.min(a, axis=axis, keepdims=keepdims), out=out)


@op(
    formula="log Σ eᵃ",
    note="Where all elements are −∞ it is −∞, with gradient 0.",
    samples=(*EVERY_AXIS, Sample(A(0, 3), axis=1)),
)
def logsumexp(a, axis=None, keepdims=False):
    """log Σ exp(a), without overflow: the largest element is taken out before exp and put back.

    The gradient is softmax(a). Where all elements are −∞ (or there are none) the result is −∞,
    with gradient 0.

    >>> import autograd as ag
    >>> x = ag.Tensor([1000.0, 1000.0], requires_grad=True)
    >>> y = ag.logsumexp(x)
    >>> y.backward()
    >>> y, x.grad
    (Tensor(1000.69314718, requires_grad=True, op=logsumexp), Tensor([0.5, 0.5]))

    Goodfellow et al., Deep Learning, 2016, section 4.1.
    """
    a = np.asarray(a)
    if a.dtype.kind != "f":
        a = a.astype(float)
    axes = axes_of(axis, a.ndim)
    largest = np.max(a, axis=axes, keepdims=True, initial=-np.inf)
    largest = np.where(np.isinf(largest), 0, largest)
    with np.errstate(divide="ignore", over="ignore"):  # log 0 is −∞ and exp ∞ is ∞, and meant
        out = largest + np.log(np.sum(np.exp(a - largest), axis=axes, keepdims=True))
    return out if keepdims else np.squeeze(out, axes)


@logsumexp.wrt("a")
def _(g, a, out, axis, keepdims):
    g, out = expand(g, axis, keepdims, a.shape), expand(out, axis, keepdims, a.shape)
    shares = np.exp(a - np.where(unwrap(out) == -np.inf, 0, out))
    total = np.sum(shares, axis=axes_of(axis, a.ndim), keepdims=True)  # 1, but for rounding
    return g * (shares / (total + (unwrap(total) == 0)))


constant(
    np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.any, np.all, np.count_nonzero,
)  # fmt: skip
