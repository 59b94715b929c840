"""Activations: what makes a stack of layers more than one layer.

Without them every stack of linear layers is one linear layer: x @ w1 @ w2 = x @ (w1 @ w2). Most
keep what they return rather than what they were given: the next layer keeps that anyway.

None overflows, at any input; float32 stays float32.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from autograd import Tensor, elementwise, op, tanh

from . import blocks, fast
from .normal import normal_cdf

__all__ = [
    "identity", "step", "sigmoid", "tanh", "relu", "leaky_relu",
    "elu", "selu", "gelu", "silu", "softplus", "softsign", "log_sigmoid",
    "hard_sigmoid", "hard_tanh", "hard_silu", "softmax", "log_softmax",
]  # fmt: skip


def _real(x):
    """Whatever is like an array, as an array of floats."""
    x = np.asarray(x)
    return x if x.dtype.kind == "f" else x.astype(float)


# -- the notes' own -----------------------------------------------------------------------------


def identity(x: Any) -> Any:
    """x itself: the output layer's activation in regression.

    >>> identity(np.array([0.3, -2.0]))
    array([ 0.3, -2. ])
    """
    return x if isinstance(x, Tensor) else np.asarray(x)


def _step(x):
    """1 where x > 0, else 0; so step(0) = 0. The perceptron's activation.

    Its slope is 0 wherever it has one, so nothing learns through it.

    >>> step(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 1.])

    Source: F. Rosenblatt, "The Perceptron", Psychological Review 65 (1958) 386.
    """
    x = np.asarray(x)
    return np.asarray(x > 0, x.dtype)


step = elementwise(
    _step, lambda g, x: np.zeros_like(x), name="step", formula="x > 0", kinks=lambda x: x
)


def _sigmoid(x):
    """1 / (1 + e⁻ˣ), between 0 and 1: the output layer's activation for two classes.

    Its slope out · (1 − out) is at most 1/4, so it shrinks gradients at every layer.

    >>> sigmoid(np.array([-1.0, 1.0, 2.0]))
    array([0.26894142, 0.73105858, 0.88079708])
    """
    x = _real(x)
    # Both sides times eˣ where x < 0: e⁻ˣ overflows there, this nowhere. (np.where is far slower.)
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


sigmoid = elementwise(
    _sigmoid, lambda g, out: g * out * (1 - out), name="sigmoid", formula="1 / (1 + e⁻ˣ)"
)


def _relu(x):
    """max(0, x). At 0 its slope is 0.

    >>> relu(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])

    Source: V. Nair, G. Hinton, "Rectified Linear Units Improve Restricted Boltzmann Machines",
    ICML 2010.
    """
    x = np.asarray(x)
    out = fast.relu(x)
    return np.maximum(x, zeros_beside(x)) if out is None else out


def zeros_beside(x):
    """What max(0, x) compares x with. Beside an array NumPy's maximum takes a quarter to a half of
    the time it takes beside a number, while both are in the cache (2.4.6, AVX-512)."""
    if x.size > 1 << 17:
        return 0
    return _zeros(x.shape, x.dtype, "C" if x.flags.c_contiguous else "F")


@functools.lru_cache(maxsize=8)
def _zeros(shape, dtype, order):
    zeros = np.zeros(shape, dtype, order)
    zeros.flags.writeable = False
    return zeros


def relu_slope(g, out):
    """g where out > 0, else 0."""
    arriving = fast.through_relu(g, out)
    return g * (out > 0) if arriving is None else arriving


relu = elementwise(_relu, relu_slope, name="relu", formula="max(0, x)", kinks=lambda x: x)


@op(formula="x if x > 0 else slope · x", kinks=lambda x, slope=0.01: x)
def leaky_relu(x, slope=0.01):
    """x where x > 0, slope · x elsewhere: a ReLU that does not die. At 0 its slope is `slope`.

    >>> leaky_relu(np.array([-1.0, 0.0, 2.0]))
    array([-0.01,  0.  ,  2.  ])

    Source: A. Maas, A. Hannun, A. Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic
    Models", ICML 2013.
    """
    x = _real(x)
    return np.where(x > 0, x, slope * x)


@leaky_relu.wrt("x")
def _(g, x, slope):
    return np.where(x > 0, g, slope * g)


@op(signature="(n)->(n)")
def softmax(x, axis=-1):
    """eˣ / Σ eˣ along an axis: positive, with sum 1. The output layer's activation for classes.

    Shapes: (…, n) -> (…, n), each row for itself unless another axis is given.

    >>> softmax(np.array([[0.3, 2.9, 4.0], [1010.0, 1000.0, 990.0]]))
    array([[1.82112733e-02, 2.45191813e-01, 7.36596914e-01],
           [9.99954600e-01, 4.53978686e-05, 2.06106005e-09]])

    Source: J. Bridle, "Probabilistic Interpretation of Feedforward Classification Network
    Outputs", 1990; Goodfellow et al., Deep Learning, 2016, section 4.1 (the largest subtracted).
    """
    x = _real(x)
    out = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return out / np.sum(out, axis=axis, keepdims=True)


@softmax.wrt("x")
def _(g, out, axis):
    return out * (g - np.sum(g * out, axis=axis, keepdims=True))


@op(signature="(n)->(n)")
def log_softmax(x, axis=-1):
    """log softmax(x) = x − log Σ eˣ, exact also where softmax rounds to 0 or 1.

    Shapes: (…, n) -> (…, n).

    >>> log_softmax(np.array([0.0, 1000.0]))
    array([-1000.,     0.])
    """
    x = _real(x)
    x = x - np.max(x, axis=axis, keepdims=True)
    return x - np.log(np.sum(np.exp(x), axis=axis, keepdims=True))


@log_softmax.wrt("x")
def _(g, out, axis):
    return g - np.exp(out) * np.sum(g, axis=axis, keepdims=True)


# -- smooth relatives of ReLU -------------------------------------------------------------------


def _softplus(x):
    """log(1 + eˣ): a smooth ReLU, whose slope is the sigmoid.

    >>> softplus(np.array([-1000.0, 0.0, 1000.0]))
    array([0.00000000e+00, 6.93147181e-01, 1.00000000e+03])

    Source: C. Dugas et al., "Incorporating Second-Order Functional Knowledge for Better Option
    Pricing", NIPS 2000.
    """
    return np.logaddexp(_real(x), 0)


softplus = elementwise(
    _softplus, lambda g, x: g * sigmoid(x), name="softplus", formula="log(1 + eˣ)"
)


def _log_sigmoid(x):
    """log sigmoid(x) = −log(1 + e⁻ˣ), exact also where sigmoid rounds to 0 or 1.

    >>> log_sigmoid(np.array([-100.0, 0.0]))
    array([-100.        ,   -0.69314718])
    """
    return -np.logaddexp(-_real(x), 0)


log_sigmoid = elementwise(
    _log_sigmoid, lambda g, x: g * sigmoid(-x), name="log_sigmoid", formula="−log(1 + e⁻ˣ)"
)


@op(formula="x if x > 0 else α(eˣ − 1)", kinks=lambda x, alpha=1.0: x * (alpha != 1))
def elu(x, alpha=1.0):
    """x where x > 0, alpha · (eˣ − 1) elsewhere. At 0 its slope is alpha.

    >>> elu(np.array([-1.0, 0.0, 2.0]))
    array([-0.63212056,  0.        ,  2.        ])

    Source: D.-A. Clevert, T. Unterthiner, S. Hochreiter, "Fast and Accurate Deep Network Learning
    by Exponential Linear Units", ICLR 2016.
    """
    x = _real(x)
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


@elu.wrt("x")
def _(g, out, alpha):
    return np.where(out > 0, g, g * (out + alpha))


def selu(x: Any) -> Any:
    """1.0507 · elu(x, 1.6733): keeps mean 0 and variance 1 from layer to layer.

    >>> selu(np.array([-1.0, 1.0]))
    array([-1.11133074,  1.05070099])

    Source: G. Klambauer et al., "Self-Normalizing Neural Networks", NIPS 2017.
    """
    return 1.0507009873554805 * elu(x, 1.6732632423543772)


def _gelu(x):
    """x · Φ(x), with the normal distribution's Φ itself, not an approximation by tanh.

    >>> gelu(np.array([-1.0, 0.0, 1.0]))
    array([-0.15865525,  0.        ,  0.84134475])

    Source: D. Hendrycks, K. Gimpel, "Gaussian Error Linear Units", 2016, arXiv:1606.08415.
    """
    return blocks.elementwise(lambda x: x * normal_cdf(x), _real(x))


def _gelu_slope(g, x, out):
    """Φ(x) + x · φ(x). Φ is out / x, at a tenth of its cost, unless it must be recorded."""

    def slope(g, x, out):
        cdf = normal_cdf(x) if isinstance(x, Tensor) or (x == 0).any() else out / x
        return g * (cdf + x * (np.exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi))))

    return slope(g, x, out) if isinstance(x, Tensor) else blocks.elementwise(slope, g, x, out)


gelu = elementwise(_gelu, _gelu_slope, name="gelu", formula="x · Φ(x)")


def silu(x: Any) -> Any:
    """x · sigmoid(x), also called swish.

    >>> silu(np.array([-1.0, 0.0, 1.0]))
    array([-0.26894142,  0.        ,  0.73105858])

    Source: S. Elfwing, E. Uchibe, K. Doya, "Sigmoid-Weighted Linear Units", Neural Networks 107
    (2018) 3.
    """
    return x * sigmoid(x)


# -- cheap relatives of sigmoid and tanh ---------------------------------------------------------


def _softsign(x):
    """x / (1 + |x|): between −1 and 1 as tanh is, but slower to saturate.

    >>> softsign(np.array([-1.0, 0.0, 3.0]))
    array([-0.5 ,  0.  ,  0.75])

    Source: J. Bergstra et al., "Quadratic Polynomials Learn Better Image Features", 2009.
    """
    x = _real(x)
    return x / (1 + np.abs(x))


softsign = elementwise(
    _softsign, lambda g, x: g / np.square(1 + np.abs(x)), name="softsign", formula="x / (1 + |x|)"
)


def _hard_sigmoid(x):
    """x/6 + 1/2, cut off at 0 and 1. At ±3 its slope is 1/6.

    >>> hard_sigmoid(np.array([-4.0, 0.0, 3.0]))
    array([0. , 0.5, 1. ])

    Source: A. Howard et al., "Searching for MobileNetV3", 2019, arXiv:1905.02244.
    """
    return np.clip(_real(x) / 6 + 0.5, 0, 1)


hard_sigmoid = elementwise(
    _hard_sigmoid,
    lambda g, x: np.where(np.abs(x) <= 3, g / 6, 0),
    name="hard_sigmoid",
    formula="clip(x/6 + ½, 0, 1)",
    kinks=lambda x: np.abs(x) - 3,
)


def _hard_tanh(x):
    """x, cut off at −1 and 1. At ±1 its slope is 1.

    >>> hard_tanh(np.array([-4.0, 0.5, 1.0]))
    array([-1. ,  0.5,  1. ])

    Source: R. Collobert, "Large Scale Machine Learning", PhD thesis, Paris VI, 2004.
    """
    return np.clip(x, -1, 1)


hard_tanh = elementwise(
    _hard_tanh,
    lambda g, x: np.where(np.abs(x) <= 1, g, 0),
    name="hard_tanh",
    formula="clip(x, −1, 1)",
    kinks=lambda x: np.abs(x) - 1,
)


def hard_silu(x: Any) -> Any:
    """x · hard_sigmoid(x), also called hard swish.

    >>> hard_silu(np.array([-4.0, 1.0, 4.0]))
    array([-0.        ,  0.66666667,  4.        ])

    Source: A. Howard et al., "Searching for MobileNetV3", 2019, arXiv:1905.02244.
    """
    return x * hard_sigmoid(x)
