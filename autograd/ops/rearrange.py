"""The same elements at other places. Going back, each gradient moves to where its element was."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..declare import composite
from ..declare import op as _op
from ..op import A, Sample
from ..tensor import unwrap
from .index import scatter
from .shape import as_array

__all__ = (
    "flip", "fliplr", "flipud", "roll", "rot90",
    "tile", "repeat", "resize",
    "insert", "delete", "trim_zeros",
)  # fmt: skip

op = partial(_op, register=True)

# -- every element once --------------------------------------------------------------------------

flip = op(
    np.flip,
    example="""
    >>> ag.flip(ag.Tensor([1.0, 2.0, 3.0]))
    Tensor([3., 2., 1.])
    """,
    samples=[
        Sample(A()),
        Sample(A(2, 3)),
        Sample(A(2, 3), axis=-1),
        Sample(A(2, 3, 2), axis=(0, 2)),
    ],
)


@flip.wrt("m")
def _(g, axis):
    return np.flip(g, axis)


fliplr = op(
    np.fliplr,
    example="""
    >>> ag.fliplr(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[2., 1.],
            [4., 3.]])
    """,
    samples=[Sample(A(2, 3))],
)


@fliplr.wrt("m")
def _(g):
    return np.fliplr(g)


flipud = op(
    np.flipud,
    example="""
    >>> ag.flipud(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[3., 4.],
            [1., 2.]])
    """,
    samples=[Sample(A(3)), Sample(A(2, 3))],
)


@flipud.wrt("m")
def _(g):
    return np.flipud(g)


roll = op(
    np.roll,
    example="""
    >>> ag.roll(ag.Tensor([1.0, 2.0, 3.0]), 1)
    Tensor([3., 1., 2.])
    """,
    samples=[
        Sample(A(2, 3), 2),
        Sample(A(2, 3), -1, axis=1),
        Sample(A(2, 3), (1, 2), axis=(0, -1)),
        Sample(A(2, 3), 1, axis=(0, 1)),
        Sample(A(0), 1),
    ],
)


@roll.wrt("a")
def _(g, shift, axis):
    return np.roll(g, -np.asarray(shift), axis)


rot90 = op(
    np.rot90,
    example="""
    >>> ag.rot90(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[2., 4.],
            [1., 3.]])
    """,
    samples=[Sample(A(2, 3)), Sample(A(2, 3), 2), Sample(A(2, 3, 2), -1, axes=(0, 2))],
)


@rot90.wrt("m")
def _(g, k, axes):
    return np.rot90(g, -k, axes)


# -- every element many times ---------------------------------------------------------------------

tile = op(
    np.tile,
    example="""
    >>> x = ag.Tensor([1.0, 2.0], requires_grad=True)
    >>> (ag.tile(x, 2) * [1.0, 2.0, 3.0, 4.0]).sum().backward()
    >>> x.grad   # 1 + 3, 2 + 4
    Tensor([4., 6.])
    """,
    samples=[
        Sample(A(), 3),
        Sample(A(3), 2),
        Sample(A(2, 3), (2, 1)),
        Sample(A(3), (2, 2)),
        Sample(A(2, 3), 2),
        Sample(A(2), 0),
    ],
)


@tile.wrt("A")
def _(g, A_shape, reps):
    reps = tuple(np.atleast_1d(reps).tolist())
    ndim = max(len(reps), len(A_shape))
    reps = (1,) * (ndim - len(reps)) + reps
    shape = (1,) * (ndim - len(A_shape)) + A_shape
    copies = [size for pair in zip(reps, shape, strict=True) for size in pair]
    return np.reshape(np.sum(np.reshape(g, copies), axis=tuple(range(0, 2 * ndim, 2))), A_shape)


repeat = op(
    np.repeat,
    example="""
    >>> x = ag.Tensor([1.0, 2.0], requires_grad=True)
    >>> (ag.repeat(x, 2) * [1.0, 2.0, 3.0, 4.0]).sum().backward()
    >>> x.grad   # 1 + 2, 3 + 4
    Tensor([3., 7.])
    """,
    samples=[
        Sample(A(3), 2),
        Sample(A(2, 3), 2),
        Sample(A(2, 3), 2, axis=1),
        Sample(A(2, 3), [1, 0, 2], axis=-1),
        Sample(A(2, 2), [1, 0, 2, 1]),
        Sample(A(3), 0),
    ],
)


@repeat.wrt("a")
def _(g, a_shape, repeats, axis):
    if axis is None:
        shape, axis = (math.prod(a_shape),), 0
    else:
        shape, axis = a_shape, normalize_axis_index(axis, len(a_shape))
    if np.size(repeats) == 1:
        copies = (*shape[: axis + 1], int(np.ravel(repeats)[0]), *shape[axis + 1 :])
        return np.reshape(np.sum(np.reshape(g, copies), axis=axis + 1), a_shape)
    places = np.repeat(np.arange(shape[axis]), repeats)
    return np.reshape(scatter(g, (*[slice(None)] * axis, places), shape), a_shape)


@composite(claims=np.resize)
def resize(a, new_shape):
    """The elements in a row, repeated as often as it takes to fill the new shape.

    >>> import autograd as ag
    >>> ag.resize(ag.Tensor([1.0, 2.0, 3.0]), (2, 2))
    Tensor([[1., 2.],
            [3., 1.]])
    """
    sizes = (new_shape,) if np.ndim(new_shape) == 0 else tuple(new_shape)
    if min(sizes, default=0) < 0:
        raise ValueError(f"resize: sizes are not negative, but new_shape is {new_shape}.")
    row = np.ravel(a) if a.size else np.pad(np.ravel(a), (0, 1))  # of nothing, NumPy makes zeros
    size = math.prod(sizes)
    return np.reshape(np.tile(row, -(-size // row.size))[:size], sizes)


# -- some elements more, or fewer -----------------------------------------------------------------


@op(
    claims=np.insert,
    samples=[
        Sample(A(3), 1, A()),
        Sample(A(3), [0, 2, 3], A(3)),
        Sample(A(2, 3), 1, A(3), axis=0),
        Sample(A(2, 3), -1, A(2), axis=1),
        Sample(A(2, 3), [1, 1], A(2, 1), axis=1),
        Sample(A(2, 2), slice(0, 4, 2), A()),
    ],
)
def insert(arr, obj, values, axis=None):
    """The values put in before the places `obj` of an axis (of the flattened array for None).

    >>> import autograd as ag
    >>> ag.insert(ag.Tensor([1.0, 2.0]), 1, 9.0)
    Tensor([1., 9., 2.])
    """
    return np.insert(arr, obj, values, axis)


# NumPy itself tells where every element went: the op on the elements' numbers instead of them.


@insert.wrt("arr")
def _(g, arr_shape, obj, values_shape, axis):
    return _back(g, np.insert(_numbers(arr_shape), obj, np.full(values_shape, -1), axis), arr_shape)


@insert.wrt("values")
def _(g, arr_shape, obj, values_shape, axis):
    values = _numbers(values_shape)
    return _back(g, np.insert(np.full(arr_shape, -1), obj, values, axis), values_shape)


def _numbers(shape):
    return np.reshape(np.arange(math.prod(shape)), shape)


def _back(g, numbers, shape):
    """Each gradient added at the place that its number tells; −1 is nobody's."""
    ours = numbers >= 0
    return np.reshape(scatter(g[ours], numbers[ours], (math.prod(shape),)), shape)


@composite(claims=np.delete)
def delete(arr, obj, axis=None):
    """The array without what stands at the places `obj` of an axis (of the flattened array).

    >>> import autograd as ag
    >>> ag.delete(ag.Tensor([1.0, 2.0, 3.0]), 1)
    Tensor([1., 3.])
    """
    arr = as_array(arr)
    if axis is None:
        arr, axis = np.ravel(arr), 0
    axis = normalize_axis_index(axis, arr.ndim)
    kept = np.delete(np.arange(arr.shape[axis]), unwrap(obj))
    return arr[(*[slice(None)] * axis, kept)]


@composite(claims=np.trim_zeros)
def trim_zeros(filt, trim="fb", axis=None):
    """The array without the zeros at its front ("f") and its back ("b"), along the axes given.

    >>> import autograd as ag
    >>> ag.trim_zeros(ag.Tensor([0.0, 1.0, 0.0, 2.0, 0.0]))
    Tensor([1., 0., 2.])
    """
    trim = trim.lower()
    if not trim or set(trim) - set("fb"):
        raise ValueError(f"trim_zeros: trim is 'f', 'b' or 'fb', not {trim!r}.")
    filt = as_array(filt)
    index: list[slice] = [slice(None)] * filt.ndim
    places = np.nonzero(unwrap(filt))
    for i in range(filt.ndim) if axis is None else normalize_axis_tuple(axis, filt.ndim):
        if places[i].size:
            first, last = places[i].min(), places[i].max()
            index[i] = slice(first if "f" in trim else None, last + 1 if "b" in trim else None)
        else:
            index[i] = slice(0, 0)
    return filt[tuple(index)]
