"""Choosing elements. Going back, each gradient returns to where its element came from."""

from __future__ import annotations

from functools import partial

import numpy as np

from ..op import A, Sample
from ..declare import op as _op
from ..tensor import unwrap

op = partial(_op, register=True)


@op(
    name="getitem",
    samples=[
        Sample(A(4), 1),
        Sample(A(3, 4), (slice(None, None, -2), slice(1, 3))),
        Sample(A(3, 4), (Ellipsis, None, 2)),
        Sample(A(3, 4), np.array([0, 2, 2])),
        Sample(A(3, 4), (np.array([0, 2, 2]), np.array([1, 3, 3]))),
        Sample(A(3, 4), np.arange(12).reshape(3, 4) % 3 == 0),
    ],
)
def getitem(a, index):
    """a[index], for every kind of index that NumPy has.

    >>> import autograd as ag
    >>> x = ag.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> x[[0, 0, 2]].sum().backward()
    >>> x.grad
    Tensor([2., 0., 1.])
    """
    return a[unwrap(index)]


@getitem.wrt("a")
def _(g, a_shape, index):
    return scatter(g, unwrap(index), a_shape)


@op(samples=[Sample(A(3), np.array([0, 2, 2]), (4,)), Sample(A(2), slice(0, 4, 2), (5,))])
def scatter(values, index, shape):
    """Zeros of this shape, with `values` added at `index`: the transpose of `a[index]`.

    >>> import numpy as np, autograd as ag
    >>> ag.scatter(np.array([1.0, 2.0]), np.array([2, 2]), (4,))
    array([0., 0., 3., 0.])
    """
    out = np.zeros(shape, values.dtype)
    if _each_once(index):
        out[index] = values
    else:
        np.add.at(out, index, values)
    return out


@scatter.wrt("values")
def _(g, index, values_shape):
    return np.broadcast_to(g[index], values_shape)


def _each_once(index):  # type: ignore[no-untyped-def]
    """Whether no element is chosen twice: slices, integers and booleans; not lists of places."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None or part is Ellipsis or isinstance(part, (int, np.integer, slice, bool))
        or (isinstance(part, np.ndarray) and part.dtype == bool)
        for part in parts
    )


@op(claims=np.where, samples=[Sample(np.array([True, False, True]), A(3), A(2, 1))])
def where(condition, x=None, y=None, /):
    """x where the condition holds, y elsewhere.

    A branch not taken must still be computed at a harmless value; see `GradientWarning`.

    >>> import numpy as np, autograd as ag
    >>> ag.where(np.array([True, False]), 1.0, 2.0)
    array([1., 2.])
    """
    if x is None and y is None:
        return np.where(condition)
    return np.where(condition, x, y)


@where.wrt("x")
def _(g, condition):
    return np.where(condition, g, 0)


@where.wrt("y")
def _(g, condition):
    return np.where(condition, 0, g)
