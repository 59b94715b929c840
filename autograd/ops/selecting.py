"""Choosing by position and by condition, in NumPy's many spellings: all built from indexing."""

from __future__ import annotations

import numpy as np

from ..declare import composite
from ..tensor import Tensor, asarray, unwrap
from .index import index_set, scatter

__all__ = (
    "take", "take_along_axis", "put_along_axis", "compress", "extract", "choose", "select",
    "piecewise", "bincount",
)  # fmt: skip


def into(out, value):
    """`out=`: into a plain array if nothing is being recorded; refused otherwise."""
    return value if out is None else np.positive(value, out=out)


def as_double(a):
    """In float64: what NumPy makes of the arguments of functions that it computes in C's double."""
    return a.astype(float, copy=False) if isinstance(a, Tensor) else np.asarray(a, float)


@composite(claims=np.take)
def take(a, indices, axis=None, out=None, mode="raise"):
    """Elements of a by their position along an axis (of the flattened array, for None).

    >>> import autograd as ag
    >>> ag.take(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]), [1, 0, 1], axis=1)
    Tensor([[2., 1., 2.],
            [4., 3., 4.]])
    """
    if axis is None:
        a, axis = np.reshape(a, -1), 0
    indices, length = np.asarray(unwrap(indices)), np.shape(a)[axis]
    if mode == "wrap":
        indices = indices % length
    elif mode == "clip":
        indices = np.clip(indices, 0, length - 1)
    place = (slice(None),) * (axis % np.ndim(a))
    return into(out, a[(*place, indices)])


@composite(claims=np.take_along_axis)
def take_along_axis(arr, indices, axis=-1):
    """Elements by position along one axis, position by position: `indices` as argsort gives them.

    >>> import numpy as np, autograd as ag
    >>> x = ag.Tensor([[3.0, 1.0], [2.0, 4.0]])
    >>> ag.take_along_axis(x, np.argsort(x, axis=1), axis=1)
    Tensor([[1., 3.],
            [2., 4.]])
    """
    if axis is None:
        arr, axis = np.reshape(arr, -1), 0
    return arr[_along(np.shape(arr), unwrap(indices), axis)]


def put_along_axis(arr, indices, values, axis):
    """A copy of arr with `values` at `indices` along an axis. NumPy's writes into arr; this is
    pure, and gradients flow to arr and to the values.

    >>> import numpy as np, autograd as ag
    >>> labels = np.array([[1], [0]])
    >>> ag.put_along_axis(np.zeros((2, 3)), labels, 1.0, axis=1)
    array([[0., 1., 0.],
           [1., 0., 0.]])
    """
    if axis is None:
        flat = index_set(np.reshape(arr, -1), unwrap(indices), values)
        return np.reshape(flat, np.shape(arr))
    return index_set(arr, _along(np.shape(arr), unwrap(indices), axis), values)


def _along(shape, indices, axis):
    """The index that picks `indices` along the axis, and everything in order along the others."""
    indices = np.asarray(indices)
    if indices.ndim != len(shape):
        raise ValueError(
            f"indices of shape {indices.shape} for an array of {shape}: they need as many axes. "
            "For positions along one axis, the same for all others, write take(a, indices, axis)."
        )
    index = list(np.ix_(*map(np.arange, shape)))
    index[axis] = indices
    return tuple(index)


@composite(claims=np.compress)
def compress(condition, a, axis=None, out=None):
    """The slices of a along an axis for which the condition holds.

    >>> import autograd as ag
    >>> ag.compress([False, True], ag.Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    Tensor([[3., 4.]])
    """
    return take(a, np.flatnonzero(unwrap(condition)), axis, out)


@composite(claims=np.extract)
def extract(condition, arr):
    """The elements for which the condition holds, in one row: `arr[condition]`.

    >>> import autograd as ag
    >>> x = ag.Tensor([[1.0, -2.0], [3.0, -4.0]])
    >>> ag.extract(x > 0, x)
    Tensor([1., 3.])
    """
    return take(arr, np.flatnonzero(unwrap(condition)))


@composite(claims=np.choose)
def choose(a, choices, out=None, mode="raise"):
    """Element by element, the one of the choices that a's integer names.

    >>> import autograd as ag
    >>> ag.choose([0, 1, 0], [ag.Tensor([1.0, 2.0, 3.0]), -1.0])
    Tensor([ 1., -1.,  3.])
    """
    which = np.choose(unwrap(a), range(len(choices)), mode=mode)  # NumPy's own check of the range
    return into(out, select([which == i for i in range(len(choices))], choices))


@composite(claims=np.select)
def select(condlist, choicelist, default=0):
    """Element by element, the choice whose condition is the first to hold; else the default.

    >>> import autograd as ag
    >>> x = ag.Tensor([-2.0, 0.5, 3.0])
    >>> ag.select([x < 0, x > 1], [-x, x * x])
    Tensor([2., 0., 9.])
    """
    if len(condlist) != len(choicelist):
        raise ValueError(
            f"select: {len(condlist)} conditions for {len(choicelist)} choices; each needs its own."
        )
    out = default
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        out = np.where(condition, choice, out)
    return out


@composite(claims=np.piecewise)
def piecewise(x, condlist, funclist, *args, **kw):
    """A function in pieces, each computed only where its condition holds: nothing is computed at a
    value it is not meant for, so no NaN of another branch gets into a gradient.

    >>> import numpy as np, autograd as ag
    >>> x = ag.Tensor([0.0, 4.0], requires_grad=True)
    >>> ag.piecewise(x, [x > 0], [np.sqrt, 0]).sum().backward()
    >>> x.grad
    Tensor([0.  , 0.25])
    """
    conditions = np.asarray(unwrap(condlist), bool)
    if conditions.ndim == np.ndim(x):
        conditions = conditions[None]
    if len(funclist) == len(conditions) + 1:  # the last is for the rest
        conditions = np.concatenate([conditions, ~conditions.any(axis=0, keepdims=True)])
    if len(funclist) != len(conditions):
        raise ValueError(
            f"piecewise: {len(conditions)} conditions and {len(funclist)} functions; there must be "
            "as many, or one function more, for where no condition holds."
        )
    out = asarray(np.zeros_like(x))
    for condition, function in zip(conditions, funclist, strict=True):
        if not callable(function):
            out = index_set(out, condition, function)
        elif condition.any():
            out = index_set(out, condition, function(x[condition], *args, **kw))
    return out


@composite(claims=np.bincount)
def bincount(x, /, weights=None, minlength=0):
    """How often each number 0, 1, … occurs in x; with weights, the sum of the weights of each.

    Gradients flow to the weights. Sums are in float64, as NumPy's.

    >>> import autograd as ag
    >>> w = ag.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> ag.bincount([0, 2, 2], w)
    Tensor([1., 0., 5.], requires_grad=True, op=scatter)
    """
    places = np.asarray(unwrap(x))
    return scatter(as_double(weights), places, np.bincount(places, minlength=minlength).shape)
