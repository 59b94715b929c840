"""Initial weights: drawn so that signals neither die out nor explode from layer to layer.

Each initialiser is a function `(shape, …, rng=None, dtype=float32) -> array`. A layer takes its
name (`init="he_normal"`), the function (`init=partial(nn.init.uniform, low=-1, high=1)`), or a
number, which is the standard deviation of a normal distribution: the notes' `weight_init_std`.

A weight (in, out) has in inputs and out outputs; of more axes, (out, in, *window), each counts once
for every place in the window.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from .names import find
from .random import Rng, generator

Array = np.ndarray[Any, np.dtype[Any]]
Shape = Sequence[int]
Initialiser = Callable[..., Array]

__all__ = [
    "constant", "eye", "he_normal", "he_uniform", "lecun_normal", "lecun_uniform", "normal", "ones",
    "orthogonal", "truncated_normal", "uniform", "xavier_normal", "xavier_uniform", "zeros",
]  # fmt: skip

ALIASES = {
    "glorot_normal": "xavier_normal",
    "glorot_uniform": "xavier_uniform",
    "kaiming_normal": "he_normal",
    "kaiming_uniform": "he_uniform",
    "random_normal": "normal",
    "random_uniform": "uniform",
    "identity": "eye",
}


def get(init: str | float | Initialiser) -> Initialiser:
    """The initialiser that is meant: by name, by the standard deviation of a normal, or itself.

    >>> get("glorot_uniform") is xavier_uniform
    True
    """
    if isinstance(init, (int, float)):
        return partial(normal, std=init)
    named = {name: globals()[name] for name in __all__}
    function: Initialiser = find("initialiser", init, named, ALIASES)
    return function


def zeros(shape: Shape, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """All 0: right for biases; as weights, every unit would learn the same."""
    return np.zeros(shape, dtype)


def ones(shape: Shape, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """All 1."""
    return np.ones(shape, dtype)


def constant(
    shape: Shape, value: Any = 0.0, *, rng: Rng = None, dtype: Any = np.float32
) -> Array:
    """All `value`, or the values of an array of that shape."""
    return np.array(np.broadcast_to(np.asarray(value, dtype), shape))


def eye(shape: Shape, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """The identity matrix: 1 on the diagonal."""
    rows, columns = shape
    return np.eye(rows, columns, dtype=dtype)


def normal(
    shape: Shape, std: float = 0.01, mean: float = 0.0, *, rng: Rng = None, dtype: Any = np.float32
) -> Array:
    """Normally distributed, with the notes' `weight_init_std` = 0.01.

    >>> normal((2, 2), std=1.0, rng=0)
    array([[ 0.12573022, -0.13210486],
           [ 0.64042264,  0.10490011]], dtype=float32)
    """
    return generator(rng).normal(mean, std, tuple(shape)).astype(dtype)


def uniform(
    shape: Shape, low: float = -0.05, high: float = 0.05, *, rng: Rng = None,
    dtype: Any = np.float32,
) -> Array:
    """Evenly distributed from low to high."""
    return generator(rng).uniform(low, high, tuple(shape)).astype(dtype)


def truncated_normal(
    shape: Shape, std: float = 0.01, mean: float = 0.0, *, rng: Rng = None, dtype: Any = np.float32
) -> Array:
    """Normally distributed, but drawn again where further than 2 · std from the mean."""
    source = generator(rng)
    drawn = source.standard_normal(tuple(shape))
    while (outside := np.abs(drawn) > 2).any():
        drawn[outside] = source.standard_normal(int(outside.sum()))
    return (mean + std * drawn).astype(dtype)


def orthogonal(
    shape: Shape, gain: float = 1.0, *, rng: Rng = None, dtype: Any = np.float32
) -> Array:
    """A random rotation, times gain: its rows or its columns, the fewer, are orthonormal.

    Shapes of more axes are taken as (shape[0], the rest).

    >>> w = orthogonal((2, 3), rng=0)
    >>> np.allclose(w @ w.T, np.eye(2), atol=1e-6)
    True

    Source: A. Saxe, J. McClelland, S. Ganguli, "Exact Solutions to the Nonlinear Dynamics of
    Learning in Deep Linear Neural Networks", ICLR 2014; F. Mezzadri, Notices AMS 54 (2007) 592.
    """
    rows, columns = shape[0], math.prod(shape[1:])
    drawn = generator(rng).standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(drawn)
    q = q * np.where(np.diag(r) < 0, -1, 1)  # else not every rotation would be as likely
    return (gain * (q if rows >= columns else q.T)).reshape(shape).astype(dtype)


# -- scaled by the number of inputs and outputs ---------------------------------------------------


def fans(shape: Shape) -> tuple[int, int]:
    """How many inputs reach one output, and how many outputs one input.

    >>> fans((784, 256)), fans((30, 1, 5, 5))
    ((784, 256), (25, 750))
    """
    if len(shape) < 2:
        raise ValueError(f"a weight of shape {tuple(shape)} has no inputs and outputs to scale by.")
    if len(shape) == 2:
        return shape[0], shape[1]
    window = math.prod(shape[2:])
    return shape[1] * window, shape[0] * window


def xavier_uniform(shape: Shape, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """Uniform with variance 2 / (in + out): for sigmoid and tanh.

    Source: X. Glorot, Y. Bengio, "Understanding the Difficulty of Training Deep Feedforward Neural
    Networks", AISTATS 2010, equation 16.
    """
    return _uniform_of_variance(2 / sum(fans(shape)), shape, rng, dtype)


def xavier_normal(shape: Shape, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """Normal with variance 2 / (in + out): for sigmoid and tanh. Source: as `xavier_uniform`."""
    return normal(shape, math.sqrt(2 / sum(fans(shape))), rng=rng, dtype=dtype)


def he_uniform(shape: Shape, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """Uniform with variance 2 / in: for ReLU, which halves the variance.

    Source: K. He et al., "Delving Deep into Rectifiers", ICCV 2015, equation 10.
    """
    return _uniform_of_variance(2 / fans(shape)[0], shape, rng, dtype)


def he_normal(shape: Shape, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """Normal with variance 2 / in: for ReLU, which halves the variance. Source: as `he_uniform`."""
    return normal(shape, math.sqrt(2 / fans(shape)[0]), rng=rng, dtype=dtype)


def lecun_uniform(shape: Shape, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """Uniform with variance 1 / in: for SELU.

    Source: Y. LeCun et al., "Efficient BackProp", 1998, section 4.6.
    """
    return _uniform_of_variance(1 / fans(shape)[0], shape, rng, dtype)


def lecun_normal(shape: Shape, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """Normal with variance 1 / in: for SELU. Source: as `lecun_uniform`."""
    return normal(shape, math.sqrt(1 / fans(shape)[0]), rng=rng, dtype=dtype)


def _uniform_of_variance(variance: float, shape: Shape, rng: Rng, dtype: Any) -> Array:
    reach = math.sqrt(3 * variance)
    return uniform(shape, -reach, reach, rng=rng, dtype=dtype)
