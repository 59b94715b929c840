"""Gradient descent, with and without momentum."""

from __future__ import annotations

from typing import ClassVar

from .optimizer import Optimizer
from .settings import Rate


class SGD(Optimizer):
    """Steps against the gradient; with momentum, part of the last step is taken again.

        p ← p − lr·g
        v ← momentum·v − lr·g,  p ← p + v                          (momentum)
        v ← momentum·v − lr·g,  p ← p + momentum·v − lr·g          (nesterov)

    `weight_decay` adds weight_decay·p to g. The learning rate stands inside v, as in Keras, so
    under a schedule each gradient keeps the rate of its own step; PyTorch's v, outside of which it
    stands, gives the same numbers while the rate is constant.

    Examples
    --------
    >>> from autograd import Tensor
    >>> x = Tensor([-7.0, 2.0], requires_grad=True)
    >>> sgd = SGD([x], lr=0.1, momentum=0.9)
    >>> for _ in range(3):
    ...     sgd.minimize(x[0] ** 2 / 20 + x[1] ** 2)
    >>> x.data
    array([-6.610653,  0.124   ])

    Source: B. T. Polyak, 1964; Y. Nesterov, 1983; I. Sutskever et al., On the importance of
    initialization and momentum in deep learning, 2013, equations 1 to 4.
    """

    lr: Rate = 0.01
    momentum: Rate = 0.0
    nesterov: bool = False
    weight_decay: Rate = 0.0

    optional: ClassVar = {"v": "momentum"}

    @staticmethod
    def formula(p, g, v, *, lr, momentum, nesterov, weight_decay):
        if weight_decay:
            g = g + weight_decay * p
        if v is None:
            p -= lr * g
            return
        v *= momentum
        v -= lr * g
        p += momentum * v - lr * g if nesterov else v


class Momentum(SGD):
    """SGD whose momentum is 0.9 unless told otherwise: rolls on through flat places.

    >>> from autograd import Tensor
    >>> x = Tensor([-7.0, 2.0], requires_grad=True)
    >>> optimizer = Momentum([x], lr=0.1)
    >>> for _ in range(3):
    ...     optimizer.minimize(x[0] ** 2 / 20 + x[1] ** 2)
    >>> x.data.round(4)
    array([-6.6107,  0.124 ])
    """

    momentum: Rate = 0.9


class NAG(Momentum):
    """Nesterov's accelerated gradient: momentum that looks where it will be before it steers.

    >>> from autograd import Tensor
    >>> x = Tensor([-7.0, 2.0], requires_grad=True)
    >>> optimizer = NAG([x], lr=0.1)
    >>> for _ in range(3):
    ...     optimizer.minimize(x[0] ** 2 / 20 + x[1] ** 2)
    >>> x.data.round(4)
    array([-6.4463, -0.2167])
    """

    nesterov: bool = True
