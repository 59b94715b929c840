"""A function of Tensors at each order: itself, its gradient as a function, that one's gradient, …

The gradient of f, with the weights w that arrive at its outputs, is again a function: of f's inputs
and of w. Checking *its* gradient is checking the second order, and so on.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..backward import GradientWarning, pull_back
from ..graph import Array
from ..tensor import Tensor, source

Run = Callable[[list[Tensor], bool], list[Tensor]]
"""(inputs, whether what happens to them is recorded) -> outputs."""


class Level:
    """A function from a list of arrays to a list of arrays, and its pullback."""

    def __init__(self, run: Run, hold: Callable[[int, Array], Tensor] | None = None) -> None:
        self.run = run
        self.order = 1
        self.below: Level | None = None
        self.hold = hold or (lambda i, array: source(array))  # puts an array in the i-th input

    def value(self, arrays: Sequence[Array]) -> list[Array]:
        tensors = [self.hold(i, array) for i, array in enumerate(arrays)]
        return [t.array for t in self.run(tensors, False)]

    def recorded(self, arrays: Sequence[Array]) -> list[Array]:
        """The same values, computed as `create_graph=True` computes them."""
        tensors = [recording(self.hold(i, array)) for i, array in enumerate(arrays)]
        return [t.array for t in self.run(tensors, True)]

    def pull(self, arrays: Sequence[Array], weights: Sequence[Array]) -> list[Array]:
        """The gradient at each input, given those at the outputs."""
        tensors = [recording(self.hold(i, array)) for i, array in enumerate(arrays)]
        return [t.array for t in pulled(self.run(tensors, True), weights, tensors, False)]

    def gradient(self, count: int) -> Level:
        """The function (inputs, weights) -> gradients; `count` is the number of inputs."""

        def run(tensors: list[Tensor], record: bool) -> list[Tensor]:
            inputs, weights = [recording(t) for t in tensors[:count]], tensors[count:]
            return pulled(self.run(inputs, True), weights, inputs, record)

        def hold(i: int, array: Array) -> Tensor:
            return self.hold(i, array) if i < count else source(array)

        level = Level(run, hold)
        level.order, level.below = self.order + 1, self
        return level


@contextmanager
def quietly() -> Iterator[None]:
    """Differences may step out of a function's domain; nobody need be warned of that."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", GradientWarning)
        yield


def recording(tensor: Tensor) -> Tensor:
    tensor.requires_grad = True
    return tensor


def pulled(
    outputs: Sequence[Tensor], weights: Sequence[Any], inputs: Sequence[Tensor], record: bool
) -> list[Tensor]:
    """The gradient at each input as a Tensor: zeros where none arrives."""
    arriving: dict[Any, Any] = {}
    for out, w in zip(outputs, weights, strict=True):
        if out.node is not None:
            w = (w if isinstance(w, Tensor) else source(w)) if record else getattr(w, "array", w)
            arriving[out.node] = arriving[out.node] + w if out.node in arriving else w
    nodes = [t.node for t in inputs if t.node is not None]
    found = pull_back(arriving, nodes, retain_graph=record, create_graph=record) if arriving else {}
    gradients: list[Tensor] = []
    for tensor in inputs:
        g = found.get(tensor.node) if tensor.node is not None else None
        if g is None:
            g = np.zeros(tensor.shape, tensor.dtype)
        gradients.append(g if isinstance(g, Tensor) else source(np.asarray(g)))
    return gradients
