"""A learning rate for each element, by how large its gradients have been: Adagrad and its heirs."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from .optimizer import Optimizer
from .parts import running_mean, running_mean_square
from .settings import Rate


class Adagrad(Optimizer):
    """Divides by the root of the sum of all squared gradients, so steps shrink with time.

        a ← a + g²,  p ← p − lr·g / (√a + epsilon)

    >>> from autograd import Tensor
    >>> x = Tensor([-7.0, 2.0], requires_grad=True)
    >>> optimizer = Adagrad([x])
    >>> for _ in range(3):
    ...     optimizer.minimize(x[0] ** 2 / 20 + x[1] ** 2)
    >>> x.data.round(4)
    array([-6.9772,  1.9772])

    Source: J. Duchi et al., Adaptive subgradient methods, 2011; with Keras's epsilon.
    """

    lr: Rate = 0.01
    epsilon: float | None = 1e-6
    decay: float = 0.0

    @staticmethod
    def formula(p, g, a, *, lr, epsilon):
        a += g * g
        p -= lr * (g / (np.sqrt(a) + epsilon))


class Adadelta(Optimizer):
    """Divides by recent gradients and multiplies by recent steps: p's units come out, without lr.

        a ← rho·a + (1 − rho)·g²
        δ = g·√(d + epsilon) / √(a + epsilon),  p ← p − lr·δ
        d ← rho·d + (1 − rho)·δ²

    >>> from autograd import Tensor
    >>> x = Tensor([-7.0, 2.0], requires_grad=True)
    >>> optimizer = Adadelta([x])
    >>> for _ in range(3):
    ...     optimizer.minimize(x[0] ** 2 / 20 + x[1] ** 2)
    >>> x.data.round(4)
    array([-6.9957,  1.9957])

    Source: M. D. Zeiler, ADADELTA, 2012, algorithm 1.
    """

    lr: Rate = 1.0
    rho: Rate = 0.95
    epsilon: float | None = 1e-7
    decay: float = 0.0

    @staticmethod
    def formula(p, g, a, d, *, lr, rho, epsilon):
        running_mean_square(a, g, rho)
        delta = g * np.sqrt(d + epsilon) / np.sqrt(a + epsilon)
        p -= lr * delta
        running_mean_square(d, delta, rho)


class RMSprop(Optimizer):
    """Divides by the root of the running mean of squared gradients: Adagrad that forgets.

        a ← rho·a + (1 − rho)·g²,  p ← p − lr·g / (√a + epsilon)

    `centered` subtracts the square of the running mean of g from a, which leaves its variance.

    >>> from autograd import Tensor
    >>> x = Tensor([-7.0, 2.0], requires_grad=True)
    >>> optimizer = RMSprop([x])
    >>> for _ in range(3):
    ...     optimizer.minimize(x[0] ** 2 / 20 + x[1] ** 2)
    >>> x.data.round(4)
    array([-6.9926,  1.9926])

    Source: T. Tieleman, G. Hinton, Neural networks for machine learning, lecture 6e, 2012;
    centred: A. Graves, Generating sequences with recurrent neural networks, 2013, equation 40.
    """

    lr: Rate = 0.001
    rho: Rate = 0.9
    epsilon: float | None = 1e-7
    decay: float = 0.0
    centered: bool = False

    optional: ClassVar = {"m": "centered"}

    @staticmethod
    def formula(p, g, a, m, *, lr, rho, epsilon):
        running_mean_square(a, g, rho)
        if m is not None:
            running_mean(m, g, rho)
            a = np.maximum(a - m * m, 0)  # rounding may take a variance below 0
        p -= lr * (g / (np.sqrt(a) + epsilon))
