"""One layer after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..module import Module
from .activation import Activation, logits_of


class Sequential(Module):
    """A stack of layers: the output of each is the input of the next. Functions are layers, too.

    Sequential(a, b), Sequential([a, b]), and Sequential() with `add`, are the same.

    >>> import numpy as np, nn
    >>> model = nn.Sequential(nn.Dense(5), np.tanh)
    >>> model.add(nn.Dense(2, activation="softmax"))
    >>> model(np.zeros((3, 4))).shape
    (3, 2)
    >>> model
    Sequential(
      layers.0: Dense(4 -> 5)
      layers.1: Activation(tanh)
      layers.2: Dense(5 -> 2, softmax)
    )
    """

    def __init__(self, *layers: Any) -> None:
        if len(layers) == 1 and isinstance(layers[0], (list, tuple)):
            (layers,) = layers
        self.layers: list[Any] = []
        for layer in layers:
            self.add(layer)

    def add(self, layer: Module | Callable[..., Any]) -> None:
        """One more layer, at the end."""
        if isinstance(layer, type):
            raise TypeError(f"{layer.__name__} is a class: add {layer.__name__}(…), a layer.")
        if layer is None:
            raise TypeError("None is no layer. Does the function that should make it return it?")
        self.layers.append(layer if isinstance(layer, Module) else Activation(layer))

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    @property
    def activation(self) -> Callable[..., Any] | None:
        """The last layer's, if it ends in one; None if not."""
        kind, last = type(self), self.layers[-1] if self.layers else None
        if kind.forward is Sequential.forward and kind.logits is not Sequential.logits:
            return None  # a subclass's logits, of which forward knows nothing
        return getattr(last, "activation", None) if logits_of(last) else None

    def logits(self, x: Any) -> Any:
        """What the last layer's activation is applied to."""
        *layers, last = self.layers
        for layer in layers:
            x = layer(x)
        return last.logits(x)

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, index: int | slice) -> Any:
        """A layer; or some of them, the very same, as a Sequential."""
        found = self.layers[index]
        return Sequential(*found) if isinstance(index, slice) else found
