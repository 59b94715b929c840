"""The same elements in another shape. Going back, the gradient takes the old shape again."""

from __future__ import annotations

from functools import partial

import numpy as np

from ..declare import composite, constant
from ..declare import op as _op
from ..op import A, Sample
from ..tensor import Tensor

__all__ = (
    "reshape", "ravel", "expand_dims", "squeeze", "atleast_1d", "atleast_2d", "atleast_3d",
    "broadcast_to", "broadcast_arrays", "meshgrid",
)  # fmt: skip

op = partial(_op, register=True)


def as_array(value):
    """An array or Tensor, from whatever NumPy takes for one."""
    return value if isinstance(value, Tensor) else np.asarray(value)


# -- other axes over the same elements -----------------------------------------------------------


def _known_order(order):
    """Refuses the orders that depend on how the array happens to lie in memory."""
    if order not in ("C", "F"):
        raise ValueError(
            f"order={order!r} reads the elements as they happen to lie in memory, which a graph "
            "does not know. Write order='C' (last axis fastest) or order='F' (first axis fastest)."
        )
    return order


@op(
    claims=np.reshape,
    note="order='A' is refused: it depends on how the array lies in memory.",
    samples=[
        Sample(A(2, 3), (3, 2)),
        Sample(A(6), (2, -1)),
        Sample(A(2, 3), -1),
        Sample(A(2, 3), (3, 2), order="F"),
        Sample(A(), (1, 1)),
        Sample(A(0, 3), (2, 0)),
    ],
)
def reshape(a, /, shape, order="C", *, copy=None):
    """The same elements in a new shape; one size may be −1, and is found from the others.

    Raises ValueError if the sizes do not fit, or for order="A", which depends on memory.

    >>> import autograd as ag
    >>> ag.reshape(ag.Tensor([1.0, 2.0, 3.0, 4.0]), (2, -1))
    Tensor([[1., 2.],
            [3., 4.]])
    """
    fresh = {} if copy is None else {"copy": copy}  # NumPy 2.0 has no such parameter yet
    return np.reshape(a, shape, order=_known_order(order), **fresh)


@reshape.wrt("a")
def _(g, a_shape, order):
    return np.reshape(g, a_shape, order=order)


@op(
    claims=np.ravel,
    note="order='A' and 'K' are refused: they depend on how the array lies in memory.",
    samples=[Sample(A()), Sample(A(2, 3)), Sample(A(2, 3), order="F"), Sample(A(2, 0))],
)
def ravel(a, order="C"):
    """All elements in one row.

    Raises ValueError for order="A" and "K", which depend on memory.

    >>> import autograd as ag
    >>> ag.ravel(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]), order="F")
    Tensor([1., 3., 2., 4.])
    """
    return np.ravel(a, order=_known_order(order))


@ravel.wrt("a")
def _(g, a_shape, order):
    return np.reshape(g, a_shape, order=order)


expand_dims = op(
    np.expand_dims,
    example="""
    >>> ag.expand_dims(ag.Tensor([1.0, 2.0]), 1).shape
    (2, 1)
    """,
    samples=[Sample(A(), 0), Sample(A(2, 3), 1), Sample(A(2, 3), (0, -1))],
)


@expand_dims.wrt("a")
def _(g, a_shape):
    return np.reshape(g, a_shape)


squeeze = op(
    np.squeeze,
    example="""
    >>> ag.squeeze(ag.Tensor([[[1.0, 2.0]]]), axis=0).shape
    (1, 2)
    """,
    samples=[Sample(A(1, 3, 1)), Sample(A(1, 3, 1), axis=0), Sample(A(1, 3, 1), axis=(0, -1))],
)


@squeeze.wrt("a")
def _(g, a_shape):
    return np.reshape(g, a_shape)


def _each(function, arys):
    """What NumPy's `atleast_…` do with one array, and with several."""
    made = tuple(function(as_array(a)) for a in arys)
    return made[0] if len(made) == 1 else made


@composite(claims=np.atleast_1d)
def atleast_1d(*arys):
    """A scalar as an array of one element; others as they are. Several arrays make a tuple.

    >>> import autograd as ag
    >>> ag.atleast_1d(ag.Tensor(3.0)).shape
    (1,)
    """
    return _each(lambda a: a if a.ndim else np.reshape(a, (1,)), arys)


@composite(claims=np.atleast_2d)
def atleast_2d(*arys):
    """A vector as one row, a scalar as (1, 1); others as they are. Several arrays make a tuple.

    >>> import autograd as ag
    >>> ag.atleast_2d(ag.Tensor([1.0, 2.0])).shape
    (1, 2)
    """
    return _each(lambda a: a if a.ndim > 1 else np.reshape(a, (1, a.size)), arys)


@composite(claims=np.atleast_3d)
def atleast_3d(*arys):
    """(n,) as (1, n, 1), (m, n) as (m, n, 1); others as they are. Several arrays make a tuple.

    >>> import autograd as ag
    >>> ag.atleast_3d(ag.Tensor([1.0, 2.0])).shape
    (1, 2, 1)
    """

    def deep(a):
        if a.ndim == 2:
            return np.expand_dims(a, 2)
        return a if a.ndim > 2 else np.reshape(a, (1, a.size, 1))

    return _each(deep, arys)


# -- the same elements many times -----------------------------------------------------------------

broadcast_to = op(
    np.broadcast_to,
    example="""
    >>> x = ag.Tensor([1.0, 2.0], requires_grad=True)
    >>> ag.broadcast_to(x, (3, 2)).sum().backward()
    >>> x.grad
    Tensor([3., 3.])
    """,
    samples=[Sample(A(), (2,)), Sample(A(3), (2, 3)), Sample(A(2, 1), (2, 3)), Sample(A(1), (0,))],
)


@broadcast_to.wrt("array")
def _(g):
    return g  # the engine sums what was stretched


@composite(claims=np.broadcast_arrays)
def broadcast_arrays(*args, subok=False):
    """The arrays stretched to the one shape that they broadcast to.

    >>> import autograd as ag
    >>> a, b = ag.broadcast_arrays(ag.Tensor([1.0, 2.0]), [[3.0], [4.0]])
    >>> a.shape, b.shape
    ((2, 2), (2, 2))
    """
    arrays = [as_array(a) for a in args]
    shape = np.broadcast_shapes(*[a.shape for a in arrays])
    return tuple(a if a.shape == shape else np.broadcast_to(a, shape) for a in arrays)


@composite(claims=np.meshgrid)
def meshgrid(*xi, copy=True, sparse=False, indexing="xy"):
    """A grid from its coordinates along each axis: one array of coordinates for each.

    With indexing="xy" the first coordinate runs along the columns, with "ij" along the rows.

    >>> import autograd as ag
    >>> x, y = ag.meshgrid(ag.Tensor([1.0, 2.0, 3.0]), [10.0, 20.0])
    >>> x
    Tensor([[1., 2., 3.],
            [1., 2., 3.]])
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing is 'xy' or 'ij', not {indexing!r}.")
    axes = list(range(len(xi)))
    if indexing == "xy":
        axes[:2] = axes[1::-1]
    along = [tuple(-1 if i == axis else 1 for i in range(len(xi))) for axis in axes]
    grid = tuple(np.reshape(as_array(x), shape) for x, shape in zip(xi, along, strict=True))
    return grid if sparse else np.broadcast_arrays(*grid)


constant(np.shape, np.ndim, np.size)
