"""Around a layer: what goes in is added to what comes out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..module import Module
from .activation import Activation
from .sequential import Sequential


class Residual(Module):
    """x + layers(x): the layers learn what is to be changed, and gradients have a way past them.

    Shapes: (…) -> (…), of the layers' output. `shortcut` is a layer for x itself where the layers
    change its shape: shortcut(x) + layers(x).

    Raises ValueError if the two shapes differ.

    >>> import numpy as np, nn
    >>> nn.Residual(np.tanh)(np.array([0.0, 1.0]))
    array([0.        , 1.76159416])
    >>> nn.Residual(nn.Dense(8, "relu"), nn.Dense(3))(np.zeros((2, 3))).shape
    (2, 3)

    Source: K. He et al., "Deep Residual Learning for Image Recognition", CVPR 2016.
    """

    def __init__(
        self,
        *layers: Module | Callable[..., Any],
        shortcut: Module | Callable[..., Any] | None = None,
    ) -> None:
        if not layers:
            raise TypeError("Residual() needs a layer to go around: Residual(nn.Dense(3)).")
        stack = Sequential(*layers)
        self.branch = stack.layers[0] if len(stack) == 1 else stack
        self.shortcut = (
            shortcut if shortcut is None or isinstance(shortcut, Module) else Activation(shortcut)
        )

    def forward(self, x: Any) -> Any:
        change = self.branch(x)
        x = x if self.shortcut is None else self.shortcut(x)
        if np.shape(x) != np.shape(change):
            what = "the input" if self.shortcut is None else "the shortcut's output"
            raise ValueError(
                f"Residual: the layers' output {np.shape(change)} cannot be added to {what}, "
                f"{np.shape(x)}. Give the last layer that many units, or bring the input to this "
                "shape: Residual(…, shortcut=nn.Dense(…))."
            )
        return x + change
