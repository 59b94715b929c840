"""The perceptron, a single threshold unit, and the gates that it can and cannot be.

Vocabulary: a *threshold logic unit* (TLU) gives step(w·x + b); b is the weight of the *bias
neuron*, whose value is always 1. A *perceptron* is one layer of TLUs. A *multilayer perceptron* has
hidden layers between input and output; it is *deep* if it has two or more.
"""

from __future__ import annotations

from typing import Any

import numpy as np


class Perceptron:
    """1 if w·x + b > 0, else 0: also exactly at the threshold.

    >>> p = Perceptron([0.5, 0.5], bias=-0.7)
    >>> p(0, 0), p(1, 0), p(0, 1), p(1, 1)
    (0, 0, 0, 1)

    Arrays give arrays. `learn` finds weights by itself, where there are any:

    >>> x, t = np.array([[0, 0], [1, 0], [0, 1], [1, 1]]), np.array([0, 1, 1, 1])
    >>> p = Perceptron([0.0, 0.0])
    >>> p.learn(x, t)
    4
    >>> p(*x.T)
    array([0, 1, 1, 1])

    Source: F. Rosenblatt, "The Perceptron", Psychological Review 65 (1958) 386.
    """

    def __init__(self, weights: Any, bias: float = 0.0) -> None:
        self.weights = np.array(weights, float)
        self.bias = float(bias)

    def __call__(self, *x: Any) -> Any:
        if len(x) != len(self.weights):
            raise TypeError(f"{self!r} has {len(self.weights)} inputs, not {len(x)}.")
        total = sum(w * np.asarray(value) for w, value in zip(self.weights, x, strict=True))
        fires = total + self.bias > 0
        return fires.astype(int) if np.ndim(fires) else int(fires)

    def learn(self, x: Any, t: Any, lr: float = 1.0, epochs: int = 100) -> int | None:
        """Adds lr · (t − y) · x to the weights for each wrong answer, until there is none.

        Shapes: x (n, inputs), t (n) of 0 and 1. Returns how many epochs that took, the last one
        without a mistake; None if there was one in every epoch, as there must be for XOR.

        >>> Perceptron([0.0, 0.0]).learn([[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 0]) is None
        True

        Source: A. Novikoff, "On Convergence Proofs for Perceptrons", 1962; M. Minsky, S. Papert,
        Perceptrons, 1969 (XOR).
        """
        x, t = np.asarray(x, float), np.asarray(t)
        for epoch in range(epochs):
            mistakes = 0
            for sample, target in zip(x, t, strict=True):
                error = int(target) - self(*sample)
                mistakes += error != 0
                self.weights += lr * error * sample
                self.bias += lr * error
            if not mistakes:
                return epoch + 1
        return None

    def __repr__(self) -> str:
        return f"Perceptron({self.weights.tolist()}, bias={self.bias})"


AND = Perceptron([0.5, 0.5], bias=-0.7)
OR = Perceptron([0.6, 0.6], bias=-0.5)
NAND = Perceptron([-0.5, -0.5], bias=0.7)


def XOR(x1: Any, x2: Any) -> Any:
    """1 if the inputs differ: no single perceptron can, two layers of them can.

    >>> XOR(0, 0), XOR(1, 0), XOR(0, 1), XOR(1, 1)
    (0, 1, 1, 0)
    """
    return AND(NAND(x1, x2), OR(x1, x2))
