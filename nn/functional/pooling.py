"""Pooling: one number for each window, its largest or its mean; so images get smaller.

Every pooling is a sum over each window with weights: the mean weighs all elements alike, the
maximum takes one of them. Going back, each element of the image gets the gradient times its
weight. Those two sums are each other's derivatives.

They follow the layout of the image in memory, whatever it is.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import op
from autograd.tensor import unwrap

from .windows import Padding, Size, as_real, copy_into, times, windows

__all__ = ["avg_pool1d", "avg_pool2d", "global_avg_pool", "max_pool1d", "max_pool2d"]


def max_pool2d(
    x: Any, size: Size = 2, stride: Size | None = None, padding: Padding = 0, dilation: Size = 1
) -> Any:
    """The largest element of each window of an image.

    Shapes: (n,c,h,w)->(n,c,i,j), with i = ⌊(h + 2p − d(size − 1) − 1) / stride⌋ + 1: rows and
    columns that are left over at the end are not seen. The stride is the window's size unless
    given; padding never wins.

    The gradient goes to the largest element; among equals to the first in order, row by row, as in
    PyTorch. NaN is the largest of all.

    Raises ValueError for shapes that do not fit, for windows that are larger than the image, and
    for some that would see nothing but padding.

    >>> image = np.array([[[[1.0, 2.0, 5.0], [4.0, 3.0, 6.0]]]])
    >>> max_pool2d(image)
    array([[[[4.]]]])
    >>> max_pool2d(image, stride=1)
    array([[[[4., 6.]]]])

    Source: Goodfellow et al., Deep Learning, 2016, section 9.3.
    """
    return _max("max_pool2d", 2, x, size, stride, padding, dilation)


def max_pool1d(
    x: Any, size: Size = 2, stride: Size | None = None, padding: Padding = 0, dilation: Size = 1
) -> Any:
    """The largest element of each window of a signal; settings and ties as in `max_pool2d`.

    Shapes: (n,c,m)->(n,c,i).

    >>> max_pool1d(np.array([[[1.0, 3.0, 2.0, 0.0]]]))
    array([[[3., 2.]]])
    """
    return _max("max_pool1d", 1, x, size, stride, padding, dilation)


def avg_pool2d(x: Any, size: Size = 2, stride: Size | None = None, padding: Padding = 0) -> Any:
    """The mean of each window of an image. Zeros of the padding count, as in PyTorch.

    Shapes: (n,c,h,w)->(n,c,i,j), with i = ⌊(h + 2p − size) / stride⌋ + 1: rows and columns that
    are left over at the end are not seen. The stride is the window's size unless given.

    Raises ValueError for shapes that do not fit, for windows that are larger than the image, and
    for some that would see nothing but padding.

    >>> avg_pool2d(np.array([[[[1.0, 2.0, 5.0], [4.0, 3.0, 6.0]]]]))
    array([[[[2.5]]]])
    """
    return _mean("avg_pool2d", 2, x, size, stride, padding)


def avg_pool1d(x: Any, size: Size = 2, stride: Size | None = None, padding: Padding = 0) -> Any:
    """The mean of each window of a signal; settings as in `avg_pool2d`.

    Shapes: (n,c,m)->(n,c,i).

    >>> avg_pool1d(np.array([[[1.0, 3.0, 2.0, 0.0]]]))
    array([[[2., 1.]]])
    """
    return _mean("avg_pool1d", 1, x, size, stride, padding)


def global_avg_pool(x: Any) -> Any:
    """The mean of each channel over all its places.

    Shapes: (n,c,…)->(n,c).

    >>> global_avg_pool(np.array([[[1.0, 2.0, 6.0]]]))
    array([[3.]])

    Source: M. Lin, Q. Chen, S. Yan, "Network in Network", ICLR 2014, section 3.2.
    """
    axes = np.ndim(x)
    if axes < 3:
        raise ValueError(
            f"global_avg_pool takes (batch, channel, …places); the input has shape {np.shape(x)}."
        )
    return np.mean(x, axis=tuple(range(2, axes)))


def _max(name, ndim, x, size, stride, padding, dilation):
    return _largest(x, _over(name, ndim, x, size, stride, padding, dilation))


def _mean(name, ndim, x, size, stride, padding):
    where = _over(name, ndim, x, size, stride, padding, 1)
    cells = math.prod(where.size)
    return _gather(x, [1 / cells] * cells, where)


def _over(name, ndim, x, size, stride, padding, dilation):
    shape = np.shape(x)
    where = windows(name, shape, size, size if stride is None else stride, padding, dilation, ndim)
    if any(map(any, where.padding)) and where.blind(shape[2:]):
        raise ValueError(
            f"{name}: with padding={padding!r} around {times(shape[2:])}, some windows of "
            f"{times(where.reach)} see nothing but padding. Take less padding, or larger windows."
        )
    return where


# -- what they are made of ------------------------------------------------------------------------


@op(name="max_pool", formula="max x, of each window")
def _largest(x, windows):
    x = _padded(as_real(x), windows, -math.inf)
    first, *others = _cells(x, windows)
    out = first.copy(order="K")
    for cell in others:
        np.maximum(out, cell, out=out)
    return out


@_largest.wrt("x")
def _(g, x, out, windows):
    x = unwrap(x)
    return _spread(g, _chosen(x, unwrap(out), windows), x.shape, windows)


def _chosen(x, out, windows):
    """For each element of a window, where it is the first that is not below the maximum."""
    free = np.ones_like(out, bool)
    chosen = []
    for cell in _cells(_padded(x, windows, -math.inf), windows):
        below = cell < out  # not: cell == out, for NaN does not equal itself
        chosen.append(free > below)
        free &= below
    return chosen


@op(name="pool", formula="Σ weights · x, over each window")
def _gather(x, weights, windows):
    """Each window's sum, every element with its weight: a number, or one for each window."""
    out = 0
    for weight, cell in zip(weights, _cells(_padded(as_real(x), windows, 0), windows)):
        out += weight * cell
    return out


@_gather.wrt("x")
def _(g, weights, x_shape, windows):
    return _spread(g, weights, x_shape, windows)


@op(name="unpool", formula="Σ weights · y, where the windows lie")
def _spread(y, weights, x_shape, windows):
    """Each element of y added up in an image where its window lies, with the weights: the transpose
    of `_gather`."""
    y = _like(weights[0], y)
    image = x_shape[2:]
    shape = windows.padded(image)
    begin = np.empty_like if windows.tile(shape) else np.zeros_like
    out = begin(y, shape=x_shape[:2] + shape)
    for weight, cell in zip(weights, _cells(out, windows)):
        if windows.apart:
            np.multiply(weight, y, out=cell)
        else:
            cell += weight * y
    return out[(..., *windows.inside(image))]


@_spread.wrt("y")
def _(g, weights, windows):
    return _gather(g, weights, windows)


def _like(array, x):
    """x, in memory as the array is: going through both side by side is then several times as fast.
    (A gradient that comes from rows, through `Flatten`, is laid out otherwise than the image.)"""
    if np.ndim(array) != x.ndim:
        return x
    out = np.empty_like(array, x.dtype)
    copy_into(out, x)
    return out


def _padded(x, windows, value):
    if not any(map(any, windows.padding)):
        return x
    image = x.shape[2:]
    padded = np.full_like(x, value, shape=x.shape[:2] + windows.padded(image))
    padded[(..., *windows.inside(image))] = x
    return padded


def _cells(padded, windows):
    """For each element of a window, a view of it in all windows."""
    without = windows._replace(padding=((0, 0),) * len(windows.size))
    return [padded[at] for at in windows.cells(without.places(padded.shape[2:]))]
