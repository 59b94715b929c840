"""Losses: one number that says how wrong the predictions are, small where they are right.

All take (predictions, targets). Comparing shapes that differ is an error, never a broadcast: NumPy
would compare each of (N, 1) predictions with each of (N,) targets, and train to the mean.

`reduction` is "mean" (over samples; over all elements where each has its own loss), "sum", or
"none" (a loss for each: for each element of what is a distance or of two classes, for each sample
where the last axis is of classes). Weights of your own multiply those of "none".

Distances are here, what compares probabilities in loss_entropy.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .activation import sigmoid, softmax
from .loss_entropy import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    categorical_cross_entropy,
    cross_entropy,
    cross_entropy_error,
    kl_divergence,
    nll,
)
from .loss_targets import alike, reduced

__all__ = [
    "mean_squared_error", "sum_squared_error", "mean_absolute_error", "huber", "hinge",
    "binary_cross_entropy", "binary_cross_entropy_with_logits",
    "categorical_cross_entropy", "cross_entropy", "cross_entropy_error", "nll", "kl_divergence",
]  # fmt: skip

# -- distances: how far from the target, element by element --------------------------------------


def mean_squared_error(y: Any, t: Any, reduction: str = "mean") -> Any:
    """(y − t)², averaged over all elements.

    Shapes: (…), (…) -> (); with reduction="none" (…), a loss for each element.

    >>> y = [0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0]
    >>> mean_squared_error(y, [0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
    np.float64(0.0195)
    """
    y, t = alike("mean_squared_error", y, t)
    return reduced(np.square(y - t), reduction)


def sum_squared_error(y: Any, t: Any, reduction: str = "sum") -> Any:
    """½ Σ (y − t)², whose derivative is y − t.

    Shapes: (…), (…) -> (); with reduction="none" (…), a loss for each element.

    >>> y = [0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0]
    >>> sum_squared_error(y, [0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
    np.float64(0.0975)
    """
    y, t = alike("sum_squared_error", y, t)
    return reduced(0.5 * np.square(y - t), reduction)


def mean_absolute_error(y: Any, t: Any, reduction: str = "mean") -> Any:
    """|y − t|, averaged over all elements; where y = t its slope is 0.

    Shapes: (…), (…) -> (); with reduction="none" (…), a loss for each element.

    >>> mean_absolute_error([1.0, 2.0], [0.0, 4.0])
    np.float64(1.5)
    """
    y, t = alike("mean_absolute_error", y, t)
    return reduced(np.abs(y - t), reduction)


def huber(y: Any, t: Any, delta: float = 1.0, reduction: str = "mean") -> Any:
    """½e² of the error e = y − t up to `delta`, beyond it a straight line: outliers pull less.

    Shapes: (…), (…) -> (); with reduction="none" (…), a loss for each element.

    Raises ValueError for shapes that differ, and for a delta that is not above 0.

    >>> huber([0.5, 3.0], [0.0, 0.0], reduction="none")
    array([0.125, 2.5  ])

    Source: P. Huber, "Robust Estimation of a Location Parameter", Annals of Mathematical
    Statistics 35 (1964) 73.
    """
    if not delta > 0:
        raise ValueError(f"huber: delta={delta} is where the curve becomes a line; it is above 0.")
    y, t = alike("huber", y, t)
    error = y - t
    near = np.clip(error, -delta, delta)
    return reduced(near * (error - near / 2), reduction)


def hinge(y: Any, t: Any, reduction: str = "mean") -> Any:
    """max(0, 1 − t·y), for targets −1 and 1: no loss once y is on the right side by 1.

    Shapes: (…), (…) -> (); with reduction="none" (…), a loss for each element.

    Raises ValueError for other targets.

    >>> hinge([0.5, 2.0, 0.5], [1, 1, -1], reduction="none")
    array([0.5, 0. , 1.5])

    Source: C. Cortes, V. Vapnik, "Support-Vector Networks", Machine Learning 20 (1995) 273.
    """
    y, t = alike("hinge", y, t)
    if not np.all(np.abs(t) == 1):
        raise ValueError("hinge: the targets are −1 and 1. Write 2 * t - 1 if yours are 0 and 1.")
    return reduced(np.maximum(1 - t * y, 0), reduction)


# -- names, and which loss is which ---------------------------------------------------------------

ALIASES = {
    "sparse_categorical_cross_entropy": "categorical_cross_entropy",
    "mse": "mean_squared_error",
    "mean_square_error": "mean_squared_error",
    "mae": "mean_absolute_error",
    "sse": "sum_squared_error",
    "sum_squares_error": "sum_squared_error",
    "kld": "kl_divergence",
}

FROM_LOGITS: dict[Any, tuple[Any, Any]] = {
    categorical_cross_entropy: (softmax, cross_entropy),
    binary_cross_entropy: (sigmoid, binary_cross_entropy_with_logits),
}
"""A loss of probabilities: the activation that makes them, and the same loss of its logits."""
