"""Normalization: mean 0 and variance 1, over the batch, over the features, or over groups of them.

They differ only in the axes over which mean and variance are taken:

    batch_norm    each channel, over the batch and all places
    layer_norm    each example (or word), over its features
    group_norm    each example, over its places and a group of its channels
    rms_norm      as layer_norm, but the mean stays
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from autograd import op

from .sums import sum_of_each_row, sum_of_rows
from .windows import as_real

__all__ = ["batch_norm", "group_norm", "layer_norm", "rms_norm"]


class Standardized(NamedTuple):
    """What `standardize` gives."""

    out: Any
    mean: Any
    var: Any


@op(formula="(x − mean x) / √(var x + ε)")
def standardize(x, axes, epsilon=1e-5):
    """(x − mean) / √(variance + epsilon) over the axes named, with that mean and variance.

    >>> standardize(np.array([1.0, 3.0]), axes=(0,), epsilon=0.0)
    Standardized(out=array([-1.,  1.]), mean=array([2.]), var=array([1.]))
    """
    x = as_real(x)
    mean = _mean(x, axes)
    out = x - mean
    var = _mean_product(out, out, axes)
    out *= 1 / np.sqrt(var + epsilon)
    return Standardized(out, mean, var)


@standardize.wrt("x")
def _(g, out, x_shape, axes, epsilon):
    """With y = (x − m)/s: ∂y/∂x takes from g its mean and its part along y, and divides by s. What
    arrives at mean and variance themselves has just those two directions."""
    g, g_mean, g_var = g
    y, _, var = out
    n = math.prod(x_shape[axis] for axis in axes)
    s = np.sqrt(var + epsilon)
    level = _mean(g, axes) - g_mean * s / n
    along = _mean_product(g, y, axes) - g_var * (2 * s * s / n)
    x = y * -along
    x += g
    x -= level
    x /= s
    return x


def _mean(x, axes):
    """The mean over the axes, which stay with length 1."""
    if axes == (x.ndim - 1,):
        return sum_of_each_row(x) / x.shape[-1]
    return np.mean(x, axis=axes, keepdims=True)


def _mean_product(x, y, axes):
    """The mean of x · y over the axes, which stay with length 1."""
    if axes == (x.ndim - 1,):  # without the products in memory: a quarter of the time, again
        return np.vecdot(x, y)[..., None] / x.shape[-1]
    return np.mean(x * y, axis=axes, keepdims=True)


def batch_norm(
    x: Any,
    mean: Any = None,
    var: Any = None,
    weight: Any = None,
    bias: Any = None,
    epsilon: float = 1e-5,
) -> Any:
    """Each channel with mean 0 and variance 1 over the batch and all places, then times its weight,
    plus its bias.

    Formula: out = (x − mean) / √(var + epsilon) · weight + bias, with the mean and variance of x
    itself unless they are given (as in evaluation, where they are those of the training data).

    Shapes: (n,c,…),(c),(c),(c),(c)->(n,c,…).

    Raises ValueError for an x without channels, or if there is just one number for each channel.

    >>> batch_norm(np.array([[1.0, 5.0], [3.0, 5.0]]), epsilon=0.01)
    array([[-0.99503719,  0.        ],
           [ 0.99503719,  0.        ]])

    Source: S. Ioffe, C. Szegedy, "Batch Normalization: Accelerating Deep Network Training by
    Reducing Internal Covariate Shift", ICML 2015.
    """
    if mean is None:
        return scaled(of_batch(x, epsilon).out, weight, bias, 1)
    scale = 1 / np.sqrt(var + epsilon)
    if weight is not None:
        scale = scale * weight
    shift = -mean * scale
    if bias is not None:
        shift = shift + bias
    return scaled(x, scale, shift, 1)


def of_batch(x: Any, epsilon: float) -> Standardized:
    """Each channel standardized over the batch and all places."""
    shape = np.shape(x)
    if len(shape) < 2:
        raise ValueError(f"batch_norm takes (batch, channel, …); the input has shape {shape}.")
    axes = (0, *range(2, len(shape)))
    if math.prod(shape[axis] for axis in axes) < 2:
        raise ValueError(
            f"batch_norm: an input of shape {shape} has one number for each channel, which has no "
            "variance. Take a larger batch, or write model.eval() to use what was learned."
        )
    found: Standardized = standardize(x, axes, epsilon)
    return found


def layer_norm(
    x: Any, weight: Any = None, bias: Any = None, axes: int = 1, epsilon: float = 1e-5
) -> Any:
    """Each example with mean 0 and variance 1 over its last axes, then times weight, plus bias.

    Formula: out = (x − mean) / √(var + epsilon) · weight + bias.

    Shapes: (…,m),(m),(m)->(…,m); with axes=2 (…,l,m),(l,m),(l,m)->(…,l,m), and so on.

    Raises ValueError if x has fewer axes than are to be normalized.

    >>> layer_norm(np.array([[1.0, 3.0], [0.0, 20.0]]), epsilon=0.0)
    array([[-1.,  1.],
           [-1.,  1.]])

    Source: J. Ba, J. Kiros, G. Hinton, "Layer Normalization", 2016, arXiv:1607.06450.
    """
    last = _last("layer_norm", x, axes)
    return scaled(standardize(x, last, epsilon).out, weight, bias, last[0])


def group_norm(
    x: Any, groups: int, weight: Any = None, bias: Any = None, epsilon: float = 1e-5
) -> Any:
    """Each example with mean 0 and variance 1 over all places of a group of channels; then each
    channel times its weight, plus its bias.

    One group is a layer norm over everything, as many as channels an instance norm.

    Shapes: (n,c,…),(c),(c)->(n,c,…).

    Raises ValueError if the groups do not divide the channels.

    >>> group_norm(np.array([[1.0, 3.0, 0.0, 20.0]]), groups=2, epsilon=0.0)
    array([[-1.,  1., -1.,  1.]])

    Source: Y. Wu, K. He, "Group Normalization", ECCV 2018.
    """
    shape = np.shape(x)
    if len(shape) < 2 or shape[1] % groups:
        raise ValueError(
            f"group_norm: {groups} groups do not divide the channels, axis 1 of the input's shape "
            f"{shape}."
        )
    grouped = np.reshape(x, (shape[0], groups, shape[1] // groups, *shape[2:]))
    out = standardize(grouped, tuple(range(2, len(shape) + 1)), epsilon).out
    return scaled(np.reshape(out, shape), weight, bias, 1)


def rms_norm(x: Any, weight: Any = None, axes: int = 1, epsilon: float = 1e-5) -> Any:
    """Each example with mean square 1 over its last axes, then times weight.

    Formula: out = x / √(mean x² + epsilon) · weight.

    Shapes: (…,m),(m)->(…,m); with axes=2 (…,l,m),(l,m)->(…,l,m), and so on.

    Raises ValueError if x has fewer axes than are to be normalized.

    >>> rms_norm(np.array([3.0, 4.0, 5.0, np.sqrt(14.0)]), epsilon=0.0)
    array([0.75      , 1.        , 1.25      , 0.93541435])

    Source: B. Zhang, R. Sennrich, "Root Mean Square Layer Normalization", NeurIPS 2019.
    """
    last = _last("rms_norm", x, axes)
    return scaled(_rms(x, last, epsilon), weight, None, last[0])


@op(name="rms_norm", formula="x / √(mean x² + ε)")
def _rms(x, axes, epsilon):
    x = as_real(x)
    return x / _root_mean_square(x, axes, epsilon)


@_rms.wrt("x")
def _(g, x, out, axes, epsilon):
    x_grad = out * -_mean_product(g, out, axes)
    x_grad += g
    x_grad /= _root_mean_square(x, axes, epsilon)
    return x_grad


def _root_mean_square(x, axes, epsilon):
    return np.sqrt(_mean_product(x, x, axes) + epsilon)


def _last(name: str, x: Any, axes: int) -> tuple[int, ...]:
    """The last axes, as numbers."""
    ndim = np.ndim(x)
    if not 1 <= axes <= ndim:
        raise ValueError(f"{name}: axes={axes} are not in the input's shape {np.shape(x)}.")
    return tuple(range(ndim - axes, ndim))


def scaled(x: Any, weight: Any, bias: Any, first: int) -> Any:
    """x · weight + bias, whose first axis is this one of x."""
    like = weight if bias is None else bias
    after = np.ndim(x) - first - np.ndim(like)
    shape = (1,) * first + np.shape(like) + (1,) * after
    if weight is None:
        return x if bias is None else x + np.reshape(bias, shape)
    return _scaled(x, weight, bias, shape)


@op(name="scaled", formula="x · weight + bias")
def _scaled(x, weight, bias, shape):
    out = np.asarray(x) * np.reshape(weight, shape)
    if bias is not None:
        out += np.reshape(bias, shape)
    return out


@_scaled.wrt("x")
def _(g, weight, shape):
    return g * np.reshape(weight, shape)


@_scaled.wrt("weight")
def _(g, x, weight_shape, shape):
    return _summed(g * x, weight_shape, shape)


@_scaled.wrt("bias")
def _(g, bias_shape, shape):
    return _summed(g, bias_shape, shape)


def _summed(x, shape, stretched):
    """The sum over all axes along which a weight or bias of this shape was stretched."""
    if len(shape) == 1 and stretched[-1] == shape[0]:
        return sum_of_rows(np.reshape(x, (-1, *shape)))
    over = tuple(axis for axis, n in enumerate(stretched) if n == 1)
    return np.reshape(np.sum(x, axis=over), shape)
