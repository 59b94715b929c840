"""Convolution: the same weights at every place of an image.

All windows of an image, written side by side as columns, turn a convolution into one product of
matrices. Three functions of it belong together: with out = Σ x · w for shifted x, and g for what
arrives at out, the sum Σ g · x · w is linear in each of the three, and its derivative by one is
made of the other two: `_convolve` of (x, w), `_spread` of (g, w), `_correlate` of (x, g). So their
rules are each other, and gradients of every order are as fast as the first. (The bias goes with the
weight, as that of an input that is always 1.)

In memory the batch comes last: (channel, height, width, batch). Copies of windows are then copies
of long rows, channels divide into groups without a copy, and the pooling and activations that
follow keep the layout. What callers see is (batch, channel, height, width) all the same.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from autograd import op

from .windows import Padding, Size, as_real, copy_into, windows

__all__ = ["conv1d", "conv2d"]

COLUMNS = 1200
"""How many windows are written out at a time: few enough for the cache, enough for a product at
full speed. Against all windows at once, a 5×5 convolution of 100 images of MNIST takes 1.0 ms, not
1.3, its weight's gradient 1.1 and not 2.4 (one thread, AMD EPYC, NumPy 2.4.6, 2026-11)."""


def conv2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Any:
    """Σ x · weight over the channels and over each window of an image.

    Formula: out[n,o,i,j] = bias[o] + Σ x[n, c, s·i + d·k − p, s·j + d·l − p] · weight[o,c,k,l] over
    c, k, l, with stride s, dilation d, padding p; x is 0 outside of the image. (The weight is
    not flipped: what mathematics calls a correlation.)

    Shapes: (n,c,h,w),(o,c/groups,k,l),(o)->(n,o,i,j), with i = ⌊(h + 2p − d(k − 1) − 1) / s⌋ + 1:
    what the last window cannot reach is left out.

    Parameters
    ----------
    stride, dilation : int or pair of int
        The step from window to window; from element to element of a window.
    padding : int, pair, pair of pairs, "valid" or "same"
        How many zeros stand around the image: on all sides, at each axis, or before and after each
        axis. "valid" is 0; "same" gives ⌈h / stride⌉ places, as in Keras.
    groups : int
        Into how many groups the channels are divided; each sees only its own part of the input.

    Raises ValueError for shapes that do not fit, windows that are larger than the image, and
    groups that do not divide the channels.

    >>> image = np.arange(16.0).reshape(1, 1, 4, 4)
    >>> conv2d(image, np.ones((1, 1, 3, 3)))
    array([[[[45., 54.],
             [81., 90.]]]])
    >>> conv2d(image, np.ones((1, 1, 3, 3)), stride=2, padding="same").shape
    (1, 1, 2, 2)

    Source: Goodfellow et al., Deep Learning, 2016, chapter 9; windows as columns: K. Chellapilla,
    S. Puri, P. Simard, "High Performance Convolutional Neural Networks for Document Processing",
    2006.
    """
    return _checked("conv2d", 2, x, weight, bias, stride, padding, dilation, groups)


def conv1d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Any:
    """Σ x · weight over the channels and over each window of a signal; settings as in `conv2d`.

    Formula: out[n, o, i] = bias[o] + Σ x[n, c, s·i + d·k − p] · weight[o, c, k] over c, k.

    Shapes: (n,c,m),(o,c/groups,k),(o)->(n,o,i).

    >>> conv1d(np.array([[[1.0, 2.0, 4.0, 8.0]]]), np.array([[[-1.0, 1.0]]]))
    array([[[1., 2., 4.]]])
    """
    return _checked("conv1d", 1, x, weight, bias, stride, padding, dilation, groups)


def _checked(
    name: str,
    ndim: int,
    x: Any,
    weight: Any,
    bias: Any,
    stride: Size,
    padding: Padding,
    dilation: Size,
    groups: int,
) -> Any:
    shape, kernel = np.shape(x), np.shape(weight)
    if len(kernel) != ndim + 2:
        raise ValueError(f"{name}: a weight has {ndim + 2} axes, not the shape {kernel}.")
    where = windows(name, shape, kernel[2:], stride, padding, dilation, ndim)
    out, channels = kernel[:2]
    if shape[1] != channels * groups:
        seen = f"{channels} × {groups} groups" if groups != 1 else f"{channels}"
        hint = ""
        if shape[-1] == channels * groups:
            hint = " Do the channels come last? Write np.moveaxis(x, -1, 1)."
        raise ValueError(
            f"{name}: a weight of shape {kernel} takes {seen} channels, in axis 1; the input has "
            f"shape {shape}.{hint}"
        )
    if out % groups:
        raise ValueError(f"{name}: {groups} groups do not divide {out} output channels.")
    if bias is not None and np.shape(bias) != (out,):
        raise ValueError(
            f"{name}: a bias has one number for each of the {out} output channels, not the shape "
            f"{np.shape(bias)}."
        )
    return _convolve(x, weight, bias, where)


# -- the three, and each other's rules --------------------------------------------------------


@op(name="convolution", formula="Σ x · weight + bias")
def _convolve(x, weight, bias, windows):
    x, weight = as_real(x), np.asarray(weight)
    batch, channels, *image = x.shape
    columns = _columns(_laid_out(x, windows), windows, channels // weight.shape[1])
    places = windows.places(image)
    out = np.empty((weight.shape[0], *places, batch), np.result_type(x, weight))
    rows = _grouped(weight, columns.shape[0])
    if bias is not None:  # the weight of an input that is always 1: so it costs no further pass
        rows = np.concatenate([rows, np.reshape(bias, (*rows.shape[:2], 1))], axis=-1)
    flat = out.reshape(*rows.shape[:2], -1)
    for at, block in _written_out(columns, ones=bias is not None):
        np.matmul(rows, block, out=flat[..., at])
    return np.moveaxis(out, -1, 0)


@_convolve.wrt("x")
def _(g, weight, x_shape, windows):
    return _spread(g, weight, x_shape, windows)


@_convolve.wrt("weight", "bias")
def _(g, x, weight_shape, windows):
    return _correlate(x, g, weight_shape, windows)


@op(name="convolution_transposed", formula="Σ y · weight")
def _spread(y, weight, x_shape, windows):
    """Each element of y, times the weight, added up in the image where its window lies."""
    batch, channels, *image = x_shape
    groups = channels // weight.shape[1]
    dtype = np.result_type(y, weight)
    padded = np.zeros((channels, *windows.padded(image), batch), dtype)
    columns = _columns(padded, windows, groups, writeable=True)
    columns_of_weight = _grouped(weight, groups).mT
    flat = _batch_last(y).reshape(groups, weight.shape[0] // groups, -1)
    product = np.multiply if flat.shape[1] == 1 else np.matmul  # of one row: four times as fast
    for at, block in _blocks(columns.shape[-1 - len(image) :]):
        target = columns[(..., *block)]
        spread = product(columns_of_weight, flat[..., at]).reshape(target.shape)
        for within in np.ndindex(windows.size):  # apart, for windows overlap
            cell = (slice(None), slice(None), *within)
            target[cell] += spread[cell]
    return np.moveaxis(padded[(slice(None), *windows.inside(image))], -1, 0)


@_spread.wrt("y")
def _(g, weight, windows):
    return _convolve(g, weight, None, windows)


@_spread.wrt("weight")
def _(g, y, weight_shape, windows):
    weight, _ = _correlate(g, y, weight_shape, windows)
    return weight


@op(name="convolution_weight", formula="Σ x · y, Σ y")
def _correlate(x, y, weight_shape, windows):
    """The sum over all windows of x, each times the element of y at its place; and, for the bias,
    the sum of y itself."""
    groups = x.shape[1] // weight_shape[1]
    columns = _columns(_laid_out(x, windows), windows, groups)
    flat = _batch_last(y).reshape(groups, weight_shape[0] // groups, -1)
    total = np.zeros((*flat.shape[:2], math.prod(weight_shape[1:]) + 1), np.result_type(x, y))
    for at, block in _written_out(columns, ones=True):
        total += flat[..., at] @ block.mT
    return total[..., :-1].reshape(weight_shape), total[..., -1].reshape(weight_shape[0])


@_correlate.wrt("x")
def _(g, y, x_shape, windows):
    weight, _ = g
    return _spread(y, weight, x_shape, windows)


@_correlate.wrt("y")
def _(g, x, windows):
    weight, bias = g
    return _convolve(x, weight, bias, windows)


# -- in memory ------------------------------------------------------------------------------------


def _batch_last(x):
    """(batch, channel, …) as (channel, …, batch), row by row in memory."""
    moved = np.moveaxis(x, 0, -1)
    if moved.flags.c_contiguous:
        return moved
    out = np.empty(moved.shape, x.dtype)
    copy_into(np.moveaxis(out, -1, 0), x)
    return out


def _laid_out(x, windows):
    """The image with its padding, the batch last."""
    if not any(map(any, windows.padding)):
        return _batch_last(x)
    batch, channels, *image = x.shape
    padded = np.zeros((channels, *windows.padded(image), batch), x.dtype)
    copy_into(np.moveaxis(padded[(slice(None), *windows.inside(image))], -1, 0), x)
    return padded


def _columns(padded, windows, groups, writeable=False):
    """All windows, as a view: (group, channel of the group, *window, *places, batch)."""
    axes = tuple(range(1, padded.ndim - 1))
    ndim = len(axes)
    views = sliding_window_view(padded, windows.reach, axes, writeable=writeable)
    steps = [slice(None, None, s) for s in windows.stride]
    inner = [slice(None, None, d) for d in windows.dilation]
    views = views[(slice(None), *steps, slice(None), *inner)]
    channels, *places = views.shape[: ndim + 1]
    batch = views.shape[ndim + 1]
    views = np.moveaxis(views, range(ndim + 2, 2 * ndim + 2), range(1, ndim + 1))
    return views.reshape(groups, channels // groups, *windows.size, *places, batch)


def _grouped(weight, groups):
    """The weight as a matrix for each group: (group, its outputs, elements of a window)."""
    return weight.reshape(groups, weight.shape[0] // groups, -1)


def _written_out(columns, ones=False):
    """All windows as columns, block by block: where they are among all, and a matrix for each
    group, perhaps with a row of ones below. Each block is gone when the next one is asked for."""
    shape = columns.shape
    ndim = (len(shape) - 3) // 2
    groups, elements = shape[0], math.prod(shape[1 : 2 + ndim])
    total = math.prod(shape[2 + ndim :])
    room = np.ones((groups, elements + ones, min(COLUMNS, total)), columns.dtype)
    for at, block in _blocks(shape[2 + ndim :]):
        some = columns[(..., *block)]
        matrix = room[..., : at.stop - at.start]
        matrix[:, :elements].reshape(some.shape)[...] = some  # a view: axes are only split
        yield at, matrix


def _blocks(shape: Sequence[int]) -> Iterator[tuple[slice, tuple[slice, ...]]]:
    """Divides (*places, batch) into blocks of at most `COLUMNS` that lie next to one another in
    memory: each as one slice of all axes in a row, and as slices of the axes."""
    steps: list[int] = []
    room = COLUMNS
    for n in reversed(shape):
        step = max(min(n, room), 1)
        steps.insert(0, step)
        room = room // n if step == n else 1
    starts = [range(0, n, step) for n, step in zip(shape, steps)]
    stop = 0
    for corner in itertools.product(*starts):
        block = tuple(slice(i, min(i + s, n)) for i, s, n in zip(corner, steps, shape))
        start, stop = stop, stop + math.prod([b.stop - b.start for b in block])
        yield slice(start, stop), block
