"""Ops that move elements without changing them. Going back, the gradient moves the other way."""

from __future__ import annotations

import itertools
import math
from functools import partial

import numpy as np

from ..declare import constant
from ..declare import op as _op
from ..op import A, Sample

op = partial(_op, register=True)


@op(claims=np.reshape, samples=[Sample(A(2, 3), (3, 2)), Sample(A(6), (2, -1)), Sample(A(2, 3), -1)])
def reshape(a, /, shape, order="C", *, copy=None):
    return np.reshape(a, shape, order=order)


@reshape.wrt("a")
def _(g, a_shape, order):
    return np.reshape(g, a_shape, order=order)


transpose = op(np.transpose, samples=[Sample(A(2, 3)), Sample(A(2, 3, 4), (2, 0, 1)), Sample(A(2, 3, 4), (-1, 0, 1))])


@transpose.wrt("a")
def _(g, axes):
    return np.transpose(g) if axes is None else np.transpose(g, np.argsort([a % g.ndim for a in axes]).tolist())


swapaxes = op(np.swapaxes, samples=[Sample(A(2, 3, 4), 0, -1)])


@swapaxes.wrt("a")
def _(g, axis1, axis2):
    return np.swapaxes(g, axis1, axis2)


expand_dims = op(np.expand_dims, samples=[Sample(A(2, 3), 1), Sample(A(2, 3), (0, -1))])


@expand_dims.wrt("a")
def _(g, a_shape):
    return np.reshape(g, a_shape)


squeeze = op(np.squeeze, samples=[Sample(A(1, 3, 1)), Sample(A(1, 3, 1), axis=0)])


@squeeze.wrt("a")
def _(g, a_shape):
    return np.reshape(g, a_shape)


ravel = op(np.ravel, samples=[Sample(A(2, 3)), Sample(A(2, 3), order="F")])


@ravel.wrt("a")
def _(g, a_shape, order):
    return np.reshape(g, a_shape, order=order)


broadcast_to = op(np.broadcast_to, samples=[Sample(A(3), (2, 3)), Sample(A(2, 1), (2, 3))])


@broadcast_to.wrt("array")
def _(g):
    return g  # the engine sums what was stretched


@op(claims=np.concatenate, sequences=("arrays",), samples=[
    Sample([A(2, 3), A(1, 3)]), Sample([A(2, 3), A(2, 1), A(2, 2)], axis=1), Sample([A(2, 2), A(3)], axis=None),
])
def concatenate(arrays, /, axis=0, out=None, *, dtype=None, casting="same_kind"):
    return np.concatenate(arrays, axis=axis, out=out, dtype=dtype, casting=casting)


@concatenate.wrt("arrays")
def _(g, i, arrays_shape, axis):
    if axis is None:
        sizes = [math.prod(shape) for shape in arrays_shape]
        start = sum(sizes[:i])
        return np.reshape(g[start : start + sizes[i]], arrays_shape[i])
    *_, start = itertools.accumulate((s[axis] for s in arrays_shape[:i]), initial=0)
    place = [slice(None)] * g.ndim
    place[axis] = slice(start, start + arrays_shape[i][axis])
    return g[tuple(place)]


stack = op(np.stack, sequences=("arrays",), samples=[Sample([A(2), A(2)]), Sample([A(2, 3), A(2, 3)], axis=-1)])


@stack.wrt("arrays")
def _(g, i, axis):
    return np.moveaxis(g, axis, 0)[i]


moveaxis = op(np.moveaxis, samples=[Sample(A(2, 3, 4), 0, -1), Sample(A(2, 3, 4), (0, 1), (2, 0))])


@moveaxis.wrt("a")
def _(g, source, destination):
    return np.moveaxis(g, destination, source)


constant(np.shape, np.ndim, np.size)
