"""Adam and its relatives: running means of the gradient (m) and of its square (v).

Both begin at zero and are too small at first, by factors 1 − beta^t, which the formulas take out.
As in Keras, and as Adam's authors propose, epsilon stands beside √v before that correction;
PyTorch puts it after, so that the same epsilon weighs less in the first steps.
"""

from __future__ import annotations

import functools
import math
from typing import ClassVar

import numpy as np

from .optimizer import Optimizer
from .parts import running_mean, running_mean_square
from .settings import Rate


class Adam(Optimizer):
    """Steps by the mean gradient over the root of the mean squared one.

        m ← beta_1·m + (1 − beta_1)·g
        v ← beta_2·v + (1 − beta_2)·g²
        p ← p − lr·√(1 − beta_2^t) / (1 − beta_1^t) · m / (√v + epsilon)

    `amsgrad` divides by the largest v so far. `decay` makes lr at step t (from 0) lr/(1 + decay·t).

    Examples
    --------
    >>> from autograd import Tensor
    >>> w = Tensor([1.0, 2.0], requires_grad=True)
    >>> adam = Adam([w], lr=0.1)
    >>> for _ in range(100):
    ...     adam.zero_grad()
    ...     ((w - 3) ** 2).sum().backward()
    ...     adam.step()
    >>> w.data.round(1)
    array([3., 3.])

    Source: D. P. Kingma, J. Ba, Adam, 2015, end of section 2; S. J. Reddi et al., On the
    convergence of Adam and beyond, 2018.
    """

    lr: Rate = 0.001
    beta_1: Rate = 0.9
    beta_2: Rate = 0.999
    epsilon: float | None = 1e-7
    decay: float = 0.0
    amsgrad: bool = False

    optional: ClassVar = {"v_max": "amsgrad"}

    @staticmethod
    def formula(p, g, m, v, v_max, *, t, lr, beta_1, beta_2, epsilon):
        running_mean(m, g, beta_1)
        running_mean_square(v, g, beta_2)
        if v_max is not None:
            v = np.maximum(v_max, v, out=v_max)
        rate = lr * (1 - beta_2**t) ** 0.5 / (1 - beta_1**t)
        p -= rate * (m / (np.sqrt(v) + epsilon))


class AdamW(Adam):
    """Adam with weight decay of its own, which the division by √v does not see.

        p ← p − lr·weight_decay·p, then as Adam

    >>> from autograd import Tensor
    >>> x = Tensor([-7.0, 2.0], requires_grad=True)
    >>> optimizer = AdamW([x])
    >>> for _ in range(3):
    ...     optimizer.minimize(x[0] ** 2 / 20 + x[1] ** 2)
    >>> x.data.round(4)
    array([-6.9968,  1.9969])

    Source: I. Loshchilov, F. Hutter, Decoupled weight decay regularization, 2019, algorithm 2.
    """

    weight_decay: Rate = 0.01

    @staticmethod
    def formula(  # type: ignore[override]
        p, g, m, v, v_max, *, t, lr, weight_decay, beta_1, beta_2, epsilon
    ):
        p *= 1 - lr * weight_decay
        Adam.formula(p, g, m, v, v_max, t=t, lr=lr, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)


class Adamax(Optimizer):
    """Adam with the largest recent |g| for √v: the infinity norm for the second.

        m ← beta_1·m + (1 − beta_1)·g
        u ← max(beta_2·u, |g|)
        p ← p − lr / (1 − beta_1^t) · m / (u + epsilon)

    >>> from autograd import Tensor
    >>> x = Tensor([-7.0, 2.0], requires_grad=True)
    >>> optimizer = Adamax([x])
    >>> for _ in range(3):
    ...     optimizer.minimize(x[0] ** 2 / 20 + x[1] ** 2)
    >>> x.data.round(4)
    array([-6.994,  1.994])

    Source: D. P. Kingma, J. Ba, Adam, 2015, algorithm 2; with Keras's epsilon.
    """

    lr: Rate = 0.002
    beta_1: Rate = 0.9
    beta_2: Rate = 0.999
    epsilon: float | None = 1e-7
    decay: float = 0.0

    @staticmethod
    def formula(p, g, m, u, *, t, lr, beta_1, beta_2, epsilon):
        running_mean(m, g, beta_1)
        u *= beta_2
        np.maximum(u, abs(g), out=u)
        p -= lr / (1 - beta_1**t) * (m / (u + epsilon))


class Nadam(Optimizer):
    """Adam with Nesterov's look ahead, and a momentum that grows.

        m, v as in Adam,  μ_t = beta_1·(1 − ½·0.96^(t·schedule_decay))
        ĝ = g / (1 − μ_1⋯μ_t),  m̂ = m / (1 − μ_1⋯μ_{t+1}),  v̂ = v / (1 − beta_2^t)
        p ← p − lr·((1 − μ_t)·ĝ + μ_{t+1}·m̂) / (√v̂ + epsilon)

    >>> from autograd import Tensor
    >>> x = Tensor([-7.0, 2.0], requires_grad=True)
    >>> optimizer = Nadam([x])
    >>> for _ in range(3):
    ...     optimizer.minimize(x[0] ** 2 / 20 + x[1] ** 2)
    >>> x.data.round(4)
    array([-6.9949,  1.9949])

    Source: T. Dozat, Incorporating Nesterov momentum into Adam, 2016.
    """

    lr: Rate = 0.002
    beta_1: Rate = 0.9
    beta_2: Rate = 0.999
    epsilon: float | None = 1e-7
    schedule_decay: float = 0.004

    @staticmethod
    def formula(p, g, m, v, *, t, lr, beta_1, beta_2, epsilon, schedule_decay):
        mu, mu_next = (_momentum(i, beta_1, schedule_decay) for i in (t, t + 1))
        product = _product_of_momenta(t, beta_1, schedule_decay)
        running_mean(m, g, beta_1)
        running_mean_square(v, g, beta_2)
        step = (1 - mu) / (1 - product) * g + mu_next / (1 - product * mu_next) * m
        p -= lr * (step / (np.sqrt(v / (1 - beta_2**t)) + epsilon))


class RAdam(Optimizer):
    """Adam that rectifies the variance of its first steps; until it can, momentum alone.

        m, v as in Adam;  ρ_∞ = 2/(1 − beta_2) − 1,  ρ = ρ_∞ − 2t·beta_2^t / (1 − beta_2^t)
        r = √((ρ − 4)(ρ − 2)ρ_∞ / ((ρ_∞ − 4)(ρ_∞ − 2)ρ))
        p ← p − lr·r·√(1 − beta_2^t) / (1 − beta_1^t) · m / (√v + epsilon)    if ρ > 5
        p ← p − lr / (1 − beta_1^t) · m                                       else

    >>> from autograd import Tensor
    >>> x = Tensor([-7.0, 2.0], requires_grad=True)
    >>> optimizer = RAdam([x])
    >>> for _ in range(3):
    ...     optimizer.minimize(x[0] ** 2 / 20 + x[1] ** 2)
    >>> x.data.round(4)
    array([-6.9979,  1.988 ])

    Source: L. Liu et al., On the variance of the adaptive learning rate and beyond, 2020,
    algorithm 2 (with 5 for its 4, as the authors' and PyTorch's code).
    """

    lr: Rate = 0.001
    beta_1: Rate = 0.9
    beta_2: Rate = 0.999
    epsilon: float | None = 1e-7

    @staticmethod
    def formula(p, g, m, v, *, t, lr, beta_1, beta_2, epsilon):
        running_mean(m, g, beta_1)
        running_mean_square(v, g, beta_2)
        rate = lr / (1 - beta_1**t)
        longest = 2 / (1 - beta_2) - 1
        length = longest - 2 * t * beta_2**t / (1 - beta_2**t)
        if length <= 5:
            p -= rate * m
            return
        rectified = math.sqrt(
            (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
        )
        rate *= rectified * math.sqrt(1 - beta_2**t)
        p -= rate * (m / (np.sqrt(v) + epsilon))


def _momentum(t: int, beta_1: float, schedule_decay: float) -> float:
    return beta_1 * (1 - 0.5 * 0.96 ** (t * schedule_decay))


@functools.lru_cache(maxsize=64)
def _product_of_momenta(t: int, beta_1: float, schedule_decay: float) -> float:
    """μ_1⋯μ_t, a function of t alone, so that nothing needs to be remembered; some 60 factors
    suffice, since it is asked for only as 1 − μ_1⋯μ_t."""
    product = 1.0
    for i in range(1, t + 1):
        product *= _momentum(i, beta_1, schedule_decay)
        if product < 1e-20:
            break
    return product
