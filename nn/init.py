"""Initial weights: drawn so that signals neither die out nor explode from layer to layer.

Each initialiser is a function `(shape, …, rng=None, dtype=float32) -> array`. A layer takes its
name (`init="he_normal"`), the function, or a number, which is the standard deviation of a normal
distribution: the notes' `weight_init_std`. Called without a shape, a function waits for one with
the settings it was given: `init=nn.init.uniform(low=-1, high=1)`, `nn.init.constant(-5.0)`.

A weight (in, out) has in inputs and out outputs; of more axes, (out, in, *window), each counts once
for every place in the window.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from functools import partial, wraps
from numbers import Real
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


def get(init: Any) -> Initialiser:
    """The initialiser that is meant: by name, by the standard deviation of a normal, or itself.

    Raises ValueError for unknown names and negative numbers, TypeError for arrays.

    >>> get("glorot_uniform") is xavier_uniform
    True
    """
    if isinstance(init, Real):
        if not 0 <= float(init) < math.inf:
            raise ValueError(
                f"init={init}: a number is the standard deviation of a normal distribution, at "
                f"least 0. For weights that are all {init}: nn.init.constant({init})."
            )
        return partial(normal, std=float(init))
    if isinstance(init, (np.ndarray, list, tuple)):
        raise TypeError(
            f"init is a {type(init).__name__} of shape {np.shape(init)}. To begin with these very "
            "values: nn.init.constant(np.array(…))."
        )
    named = {name: globals()[name] for name in __all__}
    function: Initialiser = find("initialiser", init, named, ALIASES)
    return function


def _waits_for_shape(function: Initialiser) -> Initialiser:
    """Called without a shape, it is itself again, with the settings that were given."""
    signature = inspect.signature(function)

    @wraps(function)
    def initialise(*args: Any, **settings: Any) -> Any:
        if "shape" in settings or (args and _is_shape(args[0])):
            return function(*args, **settings)
        given = signature.bind(None, *args, **settings).arguments
        return partial(initialise, **{name: given[name] for name in given if name != "shape"})

    return initialise


def _is_shape(given: Any) -> bool:
    return isinstance(given, (tuple, list)) and all(isinstance(n, (int, np.integer)) for n in given)


@_waits_for_shape
def zeros(shape: Shape, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """All 0: right for biases; as weights, every unit would learn the same.

    >>> zeros((2,))
    array([0., 0.], dtype=float32)
    """
    return np.zeros(shape, dtype)


@_waits_for_shape
def ones(shape: Shape, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """All 1: right for the scales of normalizations.

    >>> ones((2,))
    array([1., 1.], dtype=float32)
    """
    return np.ones(shape, dtype)


@_waits_for_shape
def constant(
    shape: Shape, value: Any = 0.0, *, rng: Rng = None, dtype: Any = np.float32
) -> Array:
    """All `value`, or the values of an array of that shape.

    >>> get(constant(-5.0))((2,))
    array([-5., -5.], dtype=float32)
    """
    return np.array(np.broadcast_to(np.asarray(value, dtype), shape))


@_waits_for_shape
def eye(shape: Shape, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """The identity matrix: 1 on the diagonal.

    >>> eye((2, 2))
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """
    rows, columns = shape
    return np.eye(rows, columns, dtype=dtype)


@_waits_for_shape
def normal(
    shape: Shape, std: float = 0.01, mean: float = 0.0, *, rng: Rng = None, dtype: Any = np.float32
) -> Array:
    """Normally distributed, with the notes' `weight_init_std` = 0.01.

    >>> normal((2, 2), std=1.0, rng=0)
    array([[ 0.12573022, -0.13210486],
           [ 0.64042264,  0.10490011]], dtype=float32)
    """
    return generator(rng).normal(mean, std, tuple(shape)).astype(dtype)


@_waits_for_shape
def uniform(
    shape: Shape, low: float = -0.05, high: float = 0.05, *, rng: Rng = None,
    dtype: Any = np.float32,
) -> Array:
    """Evenly distributed from low to high.

    >>> w = uniform((100, 100), low=-1, high=1, rng=0)
    >>> bool(-1 <= w.min() < -0.99), bool(0.99 < w.max() < 1)
    (True, True)
    """
    return generator(rng).uniform(low, high, tuple(shape)).astype(dtype)


@_waits_for_shape
def truncated_normal(
    shape: Shape, std: float = 0.01, mean: float = 0.0, *, rng: Rng = None, dtype: Any = np.float32
) -> Array:
    """Normally distributed, but drawn again where further than 2 · std from the mean.

    >>> bool(np.abs(truncated_normal((100, 100), std=0.5, rng=0)).max() <= 1)
    True
    """
    source = generator(rng)
    drawn = source.standard_normal(tuple(shape))
    while (outside := np.abs(drawn) > 2).any():
        drawn[outside] = source.standard_normal(int(outside.sum()))
    return (mean + std * drawn).astype(dtype)


@_waits_for_shape
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


@_waits_for_shape
def xavier_uniform(shape: Shape, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """Uniform with variance 2 / (in + out): for sigmoid and tanh.

    Source: X. Glorot, Y. Bengio, "Understanding the Difficulty of Training Deep Feedforward Neural
    Networks", AISTATS 2010, equation 16.

    >>> bool(np.isclose(xavier_uniform((300, 100), rng=0).var(), 2 / (300 + 100), rtol=0.05))
    True
    """
    return _uniform_of_variance(2 / sum(fans(shape)), shape, rng, dtype)


@_waits_for_shape
def xavier_normal(shape: Shape, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """Normal with variance 2 / (in + out): for sigmoid and tanh. Source: as `xavier_uniform`.

    >>> bool(np.isclose(xavier_normal((300, 100), rng=0).var(), 2 / (300 + 100), rtol=0.05))
    True
    """
    return normal(shape, math.sqrt(2 / sum(fans(shape))), rng=rng, dtype=dtype)


@_waits_for_shape
def he_uniform(shape: Shape, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """Uniform with variance 2 / in: for ReLU, which halves the variance.

    Source: K. He et al., "Delving Deep into Rectifiers", ICCV 2015, equation 10.

    >>> bool(np.isclose(he_uniform((200, 100), rng=0).var(), 2 / 200, rtol=0.05))
    True
    """
    return _uniform_of_variance(2 / fans(shape)[0], shape, rng, dtype)


@_waits_for_shape
def he_normal(shape: Shape, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """Normal with variance 2 / in: for ReLU, which halves the variance. Source: as `he_uniform`.

    >>> bool(np.isclose(he_normal((200, 100), rng=0).var(), 2 / 200, rtol=0.05))
    True
    """
    return normal(shape, math.sqrt(2 / fans(shape)[0]), rng=rng, dtype=dtype)


@_waits_for_shape
def lecun_uniform(shape: Shape, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """Uniform with variance 1 / in: for SELU.

    Source: Y. LeCun et al., "Efficient BackProp", 1998, section 4.6.

    >>> bool(np.isclose(lecun_uniform((200, 100), rng=0).var(), 1 / 200, rtol=0.05))
    True
    """
    return _uniform_of_variance(1 / fans(shape)[0], shape, rng, dtype)


@_waits_for_shape
def lecun_normal(shape: Shape, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """Normal with variance 1 / in: for SELU. Source: as `lecun_uniform`.

    >>> bool(np.isclose(lecun_normal((200, 100), rng=0).var(), 1 / 200, rtol=0.05))
    True
    """
    return normal(shape, math.sqrt(1 / fans(shape)[0]), rng=rng, dtype=dtype)


def _uniform_of_variance(variance: float, shape: Shape, rng: Rng, dtype: Any) -> Array:
    reach = math.sqrt(3 * variance)
    return uniform(shape, -reach, reach, rng=rng, dtype=dtype)
