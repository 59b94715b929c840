"""Metrics: what people ask of a model. Losses are for gradients, metrics for reading.

A function `metric(y, t) -> number`, averaged over batches, is a metric; one that does not average
(precision, a confusion matrix) is a subclass of Metric.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .functional import loss as losses
from .names import find

__all__ = ["accuracy", "binary_accuracy"]

ALIASES = {
    "acc": "accuracy",
    "categorical_accuracy": "accuracy",
    "sparse_categorical_accuracy": "accuracy",
}


def accuracy(y: Any, t: Any) -> float:
    """The share of samples whose prediction is right.

    Shapes: y (…, C) scores, of which the largest counts; t (…) labels, or (…, C) one-hot.
    Two classes: y (n) or (n, 1) probabilities, 1 above one half; t of that shape, 0 or 1.

    Raises ValueError for other shapes.

    >>> accuracy([[0.1, 0.9], [0.8, 0.2]], [1, 1])
    0.5
    >>> accuracy([[0.1, 0.9], [0.8, 0.2]], [[0, 1], [1, 0]])
    1.0
    >>> accuracy([0.1, 0.9], [1, 1])
    0.5
    """
    y, t = _arrays(y, t)
    if y.shape == t.shape and (y.ndim < 2 or y.shape[-1] == 1):
        return binary_accuracy(y, t)
    if y.shape == t.shape:
        if not np.all(np.abs(t.sum(axis=-1) - 1) < 1e-3):
            raise ValueError(
                "accuracy: the targets are not one-hot, since not every row sums to 1. For "
                "several labels at once use binary_accuracy."
            )
        t = t.argmax(axis=-1)
    elif y.shape[:-1] != t.shape or y.shape[-1] == 1:
        raise ValueError(
            f"accuracy: targets of shape {t.shape} do not go with predictions of shape {y.shape}."
        )
    return float(np.mean(y.argmax(axis=-1) == t))


def binary_accuracy(y: Any, t: Any) -> float:
    """The share of elements that lie on the target's side of one half.

    >>> binary_accuracy([[0.1, 0.9], [0.8, 0.2]], [[0, 1], [1, 1]])
    0.75
    """
    y, t = _arrays(y, t)
    if y.shape != t.shape:
        raise ValueError(f"binary_accuracy: predictions {y.shape} and targets {t.shape} differ.")
    return float(np.mean((y > 0.5) == (t > 0.5)))


class Metric:
    """What `fit` and `evaluate` ask: `reset()`, then `update(y, t)` for each batch, `result()`."""

    name = "metric"

    def reset(self) -> None:
        raise NotImplementedError

    def update(self, y: Any, t: Any) -> None:
        raise NotImplementedError

    def result(self) -> float:
        raise NotImplementedError


class Mean(Metric):
    """A function's value over all samples, from its mean over each batch.

    >>> metric = Mean(accuracy)
    >>> metric.update(np.array([0.9, 0.1]), np.array([1, 1]))
    >>> metric.update(np.array([0.9]), np.array([1]))
    >>> metric.result()
    0.6666666666666666
    """

    def __init__(self, function: Callable[[Any, Any], Any], name: str | None = None) -> None:
        self.function = function
        self.name = name or str(getattr(function, "__name__", "metric"))
        self.reset()

    def reset(self) -> None:
        self._sum = 0.0
        self._count = 0

    def update(self, y: Any, t: Any) -> None:
        self._sum += float(self.function(y, t)) * len(y)
        self._count += len(y)

    def result(self) -> float:
        return self._sum / self._count if self._count else float("nan")


def get(metric: str | Metric | Callable[..., Any]) -> Metric:
    """The metric that is meant: by name (losses have theirs, too), a function, or itself."""
    if isinstance(metric, Metric):
        return metric
    named = {name: globals()[name] for name in __all__}
    named |= {name: getattr(losses, name) for name in losses.__all__}
    function = find("metric", metric, named, ALIASES | losses.ALIASES)
    return Mean(function, metric if isinstance(metric, str) else None)


def _arrays(y: Any, t: Any) -> tuple[Any, Any]:
    return np.asarray(getattr(y, "array", y)), np.asarray(getattr(t, "array", t))
