"""Choosing elements. Going back, each gradient returns to where its element came from."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from ..declare import op as _op
from ..op import A, Sample
from ..tensor import unwrap

__all__ = ("getitem", "scatter", "index_set", "index_add", "at", "where")

op = partial(_op, register=True)

_INDICES = (
    1,
    (slice(None, None, -2), slice(1, 3)),
    (Ellipsis, None, 2),
    np.array([0, 2, -1]),
    np.array([[0, 2], [2, 1]]),
    (np.array([0, 2, 2]), np.array([1, 3, 3])),
    (slice(None), [0, 0, 3]),
    np.arange(12).reshape(3, 4) % 3 == 0,
    (np.array([True, False, True]), slice(1, 2)),
)


@op(
    name="getitem",
    formula="a[index]",
    samples=[
        Sample(A(4), 1),
        Sample(A(4), np.array(1)),
        *[Sample(A(3, 4), index) for index in _INDICES],
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
    return scatter(g, index, a_shape)


# -- into places, as pure functions ----------------------------------------------------------------


@op(
    formula="zeros, and values added at index",
    samples=[
        Sample(A(3), np.array([0, 2, 2]), (4,)),
        Sample(A(2), slice(0, 4, 2), (5,)),
        Sample(A(3, 2), np.array([0, -1, 0]), (4, 2)),
        Sample(A(), np.array([0, 2, 2]), (4,)),
    ],
)
def scatter(values, index, shape):
    """Zeros of this shape, with `values` added at `index`: the transpose of `a[index]`.

    >>> import numpy as np, autograd as ag
    >>> ag.scatter(np.array([1.0, 2.0]), np.array([2, 2]), (4,))
    array([0., 0., 3., 0.])
    """
    values = np.asarray(values)
    out = np.zeros(shape, values.dtype)
    _add_at(out, unwrap(index), values)
    return out


@scatter.wrt("values")
def _(g, index):
    return g[index]


_ASSIGNMENTS = (
    Sample(A(4), 1, A()),
    Sample(A(5), slice(1, 4), A(3)),
    Sample(A(3, 2), np.array([0, -1]), A(2, 2)),
    Sample(A(3, 2), np.array([2, 0, 2]), A(3, 1)),
    Sample(A(3, 2), np.arange(6).reshape(3, 2) % 2 == 0, A()),
)


@op(
    formula="a, with values at index",
    samples=[*_ASSIGNMENTS, Sample(A(3, 2), (slice(None), 0), A(1, 3))],
)
def index_set(a, index, values):
    """A copy of a with `values` at `index`: `a[index] = values`, as a function.

    Gradients flow to a where it was kept, and to the values where they arrived. If an index names a
    place twice, the last value is the one that counts, as in NumPy.

    Raises TypeError if the values' kind does not fit a's (float values into an array of integers).

    >>> import numpy as np, autograd as ag
    >>> v = ag.Tensor([10.0, 20.0], requires_grad=True)
    >>> y = ag.index_set(np.zeros(3), [0, 2], v)
    >>> y
    Tensor([10.,  0., 20.], requires_grad=True, op=index_set)
    >>> (y * y).sum().backward()
    >>> v.grad
    Tensor([20., 40.])
    """
    out = _copy_for("index_set", a, values)
    out[unwrap(index)] = values
    return out


@index_set.wrt("a")
def _(g, index):
    return index_set(g, index, 0)


@index_set.wrt("values")
def _(g, index, a_shape, values_shape):
    index = unwrap(index)
    arrived = g[index]
    if not _each_once(index):
        arrived = np.where(_last(index, a_shape, arrived.shape), arrived, 0)
    return _as_assigned(arrived, values_shape)


@op(formula="a, with values added at index", samples=_ASSIGNMENTS)
def index_add(a, index, values):
    """A copy of a with `values` added at `index`; where an index names a place twice, both.

    >>> import numpy as np, autograd as ag
    >>> ag.index_add(np.zeros(3), [0, 2, 2], np.array([1.0, 2.0, 3.0]))
    array([1., 0., 5.])
    """
    out = _copy_for("index_add", a, values)
    _add_at(out, unwrap(index), values)
    return out


@index_add.wrt("a")
def _(g):
    return g


@index_add.wrt("values")
def _(g, index):
    return g[index]


class at:
    """`at(a)[index].set(values)` and `.add(values)`: assignment that reads as such, and is pure.

    >>> import numpy as np, autograd as ag
    >>> ag.at(np.zeros(4))[1:3].set(5.0)
    array([0., 5., 5., 0.])
    >>> ag.at(np.ones(4))[[0, 0]].add(1.0)
    array([3., 1., 1., 1.])

    The spelling is JAX's.
    """

    def __init__(self, a: Any, index: Any = ...) -> None:
        self._a = a
        self._index = index

    def __getitem__(self, index: Any) -> at:
        return at(self._a, index)

    def set(self, values: Any) -> Any:
        """`index_set(a, index, values)`."""
        return index_set(self._a, self._index, values)

    def add(self, values: Any) -> Any:
        """`index_add(a, index, values)`."""
        return index_add(self._a, self._index, values)


def _copy_for(name, a, values):
    out = np.array(a, order="C")
    kind = values if isinstance(values, (int, float, complex)) else np.asarray(values).dtype
    if np.result_type(out.dtype, kind).kind != out.dtype.kind:
        raise TypeError(
            f"{name}: values of type {np.asarray(values).dtype} would be cut to fit into an array "
            f"of {out.dtype}. Write {name}(a.astype(float), …)."
        )
    return out


def _add_at(out, index, values):
    """out[index] += values, also where the index names a place twice."""
    if _each_once(index):
        out[index] += values
    elif isinstance(index, np.ndarray) and index.dtype.kind in "iu" and out.ndim > 1:
        # Whole rows: np.add.at is five times as fast along one flat axis (NumPy 2.4).
        width = math.prod(out.shape[1:])
        places = index[..., None].astype(np.intp) * width + np.arange(width)
        values = np.broadcast_to(values, (*index.shape, *out.shape[1:]))
        np.add.at(out.reshape(-1), places.reshape(-1), values.reshape(-1))
    else:
        values, shape = np.asarray(values), out[index].shape
        if values.ndim > len(shape):  # NumPy 2.4 crashes there, beside a newaxis in the index
            values = values.reshape(_without_leading_ones(values.shape, len(shape)))
        np.add.at(out, index, np.broadcast_to(values, shape))


def _without_leading_ones(shape, ndim):
    """A shape of so many axes: assignments let values have more, of length 1, in front."""
    extra = len(shape) - ndim
    if shape[:extra] != (1,) * extra:
        raise ValueError(f"values of shape {shape} do not fit into {ndim} axes.")
    return shape[extra:]


def _each_once(index):
    """Whether no element is chosen twice: slices, integers and booleans; not lists of places."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None
        or part is Ellipsis
        or isinstance(part, (int, np.integer, slice))
        or (isinstance(part, np.ndarray) and part.dtype == bool)
        for part in parts
    )


def _last(index, shape, chosen):
    """Which of the values assigned at `index` stay: the last, where a place is named twice."""
    order = np.arange(math.prod(chosen)).reshape(chosen)
    latest = np.zeros(shape, int)
    latest[index] = order
    return latest[index] == order


def _as_assigned(g, shape):
    """g with as many axes as the values had: assignment ignores leading axes of length 1, and the
    engine sums over the others."""
    return np.reshape(g, (1,) * (len(shape) - g.ndim) + g.shape) if g.ndim < len(shape) else g


# -- by a condition -------------------------------------------------------------------------------


@op(
    claims=np.where,
    formula="x if condition else y",
    samples=[
        Sample(np.array([True, False, True]), A(3), A(2, 1)),
        Sample(np.array(True), A(2), 0.5),
    ],
)
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
