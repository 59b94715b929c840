"""Arrays joined along an axis. Going back, each gets its own part of the gradient."""

from __future__ import annotations

import itertools
import math
from functools import partial

import numpy as np

from ..declare import composite
from ..declare import op as _op
from ..op import A, Sample
from .shape import as_array

__all__ = [
    "concatenate", "concat", "stack", "vstack", "hstack", "dstack", "column_stack",
    "block", "append",
]  # fmt: skip

op = partial(_op, register=True)


@op(
    claims=np.concatenate,
    sequences=("arrays",),
    samples=[
        Sample([A(2, 3), A(1, 3)]),
        Sample([A(2, 3), A(2, 1), A(2, 2)], axis=1),
        Sample([A(2, 1), A(2, 0)], axis=-1),
        Sample([A(2, 2), A(3), A()], axis=None),
    ],
)
def concatenate(arrays, /, axis=0, out=None, *, dtype=None, casting="same_kind"):
    """The arrays one after another along an axis that they have; flattened for axis=None.

    Raises ValueError if they differ along another axis. `out=` is refused while recording.

    >>> import numpy as np, autograd as ag
    >>> ag.concatenate([ag.Tensor([1.0, 2.0]), np.zeros(1)])
    Tensor([1., 2., 0.])
    """
    return np.concatenate(arrays, axis=axis, out=out, dtype=dtype, casting=casting)


concat = concatenate  # the array API's name; in NumPy, too, it is one function


@concatenate.wrt("arrays")
def _(g, i, arrays_shape, axis):
    if axis is None:
        sizes = [math.prod(shape) for shape in arrays_shape]
        start = sum(sizes[:i])
        return np.reshape(g[start : start + sizes[i]], arrays_shape[i])
    *_, start = itertools.accumulate((shape[axis] for shape in arrays_shape[:i]), initial=0)
    place = [slice(None)] * len(g.shape)
    place[axis] = slice(start, start + arrays_shape[i][axis])
    return g[tuple(place)]


stack = op(
    np.stack,
    sequences=("arrays",),
    example="""
    >>> ag.stack([ag.Tensor([1.0, 2.0]), np.zeros(2)])
    Tensor([[1., 2.],
            [0., 0.]])
    """,
    samples=[Sample([A(), A()]), Sample([A(2), A(2)]), Sample([A(2, 3), A(2, 3)], axis=-1)],
)


@stack.wrt("arrays")
def _(g, i, axis):
    return np.moveaxis(g, axis, 0)[i]


@composite(claims=np.vstack)
def vstack(tup, *, dtype=None, casting="same_kind"):
    """The arrays below each other; a vector counts as one row.

    >>> import autograd as ag
    >>> ag.vstack([ag.Tensor([1.0, 2.0]), [[3.0, 4.0]]])
    Tensor([[1., 2.],
            [3., 4.]])
    """
    return np.concatenate([np.atleast_2d(a) for a in tup], axis=0, dtype=dtype, casting=casting)


@composite(claims=np.hstack)
def hstack(tup, *, dtype=None, casting="same_kind"):
    """The arrays beside each other: along the columns, or for vectors along their only axis.

    >>> import autograd as ag
    >>> ag.hstack([ag.Tensor([1.0, 2.0]), 3.0])
    Tensor([1., 2., 3.])
    """
    arrays = [np.atleast_1d(a) for a in tup]
    axis = 0 if arrays[0].ndim == 1 else 1
    return np.concatenate(arrays, axis=axis, dtype=dtype, casting=casting)


@composite(claims=np.dstack)
def dstack(tup):
    """The arrays behind each other, along the third axis, which they may still lack.

    >>> import autograd as ag
    >>> ag.dstack([ag.Tensor([1.0, 2.0]), [3.0, 4.0]])
    Tensor([[[1., 3.],
             [2., 4.]]])
    """
    return np.concatenate([np.atleast_3d(a) for a in tup], axis=2)


@composite(claims=np.column_stack)
def column_stack(tup):
    """The arrays beside each other; a vector counts as one column.

    >>> import autograd as ag
    >>> ag.column_stack([ag.Tensor([1.0, 2.0]), [3.0, 4.0]])
    Tensor([[1., 3.],
            [2., 4.]])
    """
    arrays = map(as_array, tup)
    columns = [a if a.ndim > 1 else np.reshape(a, (a.size, 1)) for a in arrays]
    return np.concatenate(columns, axis=1)


if hasattr(np, "row_stack"):  # deprecated in NumPy 2.0, but the same thing
    __all__ += ["row_stack"]
    row_stack = composite(claims=np.row_stack)(vstack)  # noqa: NPY201


@composite(claims=np.append)
def append(arr, values, axis=None):
    """The values after the array, along an axis; both flattened if none is named.

    >>> import autograd as ag
    >>> ag.append(ag.Tensor([1.0, 2.0]), 3.0)
    Tensor([1., 2., 3.])
    """
    return np.concatenate([as_array(arr), as_array(values)], axis=axis)


@composite(claims=np.block)
def block(arrays):
    """A matrix from blocks in nested lists: the innermost lists run along the last axis, those
    around them along the last but one, and so on.

    >>> import numpy as np, autograd as ag
    >>> ag.block([[ag.Tensor([[1.0]]), np.zeros((1, 2))], [np.zeros((2, 1)), np.eye(2)]])
    Tensor([[1., 0., 0.],
            [0., 1., 0.],
            [0., 0., 1.]])
    """
    depth = _depth(arrays)
    blocks = list(_leaves(arrays))
    ndim = max(depth, *[a.ndim for a in blocks])
    return _joined(arrays, ndim, depth)


def _depth(arrays):
    """How deep the lists are nested: everywhere the same, or there is no telling the axes."""
    if not isinstance(arrays, list):
        return 0
    depths = {_depth(part) for part in arrays}
    if len(depths) != 1:
        raise ValueError(
            "block: the lists are nested to different depths, or one is empty. Put each block "
            "inside as many lists as the others: [[a, b], [c]], not [[a, b], c]."
        )
    return 1 + depths.pop()


def _leaves(arrays):
    if isinstance(arrays, list):
        for part in arrays:
            yield from _leaves(part)
    else:
        yield as_array(arrays)


def _joined(arrays, ndim, depth):
    if not depth:
        a = as_array(arrays)
        return np.reshape(a, (1,) * (ndim - a.ndim) + a.shape)
    return np.concatenate([_joined(part, ndim, depth - 1) for part in arrays], axis=-depth)
