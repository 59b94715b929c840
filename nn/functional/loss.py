"""Losses: one number that says how wrong the predictions are, small where they are right.

All take (predictions, targets). Comparing shapes that differ is an error, never a broadcast: NumPy
would compare each of (N, 1) predictions with each of (N,) targets, and train to the mean.

`reduction` is "mean" (over samples; over all elements where each has its own loss), "sum", or
"none" (a loss for each).
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from autograd import Tensor, elementwise, op

from .activation import log_sigmoid, log_softmax, sigmoid, softmax

__all__ = [
    "mean_squared_error", "sum_squared_error", "mean_absolute_error", "huber", "hinge",
    "binary_cross_entropy", "binary_cross_entropy_with_logits",
    "categorical_cross_entropy", "cross_entropy", "cross_entropy_error", "nll", "kl_divergence",
]  # fmt: skip


class LossWarning(UserWarning):
    """A loss was computed, but of something that is probably not meant."""


# -- distances: how far from the target, element by element --------------------------------------


def mean_squared_error(y: Any, t: Any, reduction: str = "mean") -> Any:
    """(y − t)², averaged over all elements.

    Shapes: (…), (…) -> ().

    >>> y = [0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0]
    >>> mean_squared_error(y, [0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
    np.float64(0.0195)
    """
    y, t = _alike("mean_squared_error", y, t)
    return _reduced(np.square(y - t), reduction)


def sum_squared_error(y: Any, t: Any) -> Any:
    """½ Σ (y − t)², whose derivative is y − t.

    Shapes: (…), (…) -> ().

    >>> y = [0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0]
    >>> sum_squared_error(y, [0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
    np.float64(0.0975)
    """
    y, t = _alike("sum_squared_error", y, t)
    return 0.5 * np.sum(np.square(y - t))


def mean_absolute_error(y: Any, t: Any, reduction: str = "mean") -> Any:
    """|y − t|, averaged over all elements; where y = t its slope is 0.

    >>> mean_absolute_error([1.0, 2.0], [0.0, 4.0])
    np.float64(1.5)
    """
    y, t = _alike("mean_absolute_error", y, t)
    return _reduced(np.abs(y - t), reduction)


def huber(y: Any, t: Any, delta: float = 1.0, reduction: str = "mean") -> Any:
    """½e² of the error e = y − t up to `delta`, beyond it a straight line: outliers pull less.

    >>> huber([0.5, 3.0], [0.0, 0.0], reduction="none")
    array([0.125, 2.5  ])

    Source: P. Huber, "Robust Estimation of a Location Parameter", Annals of Mathematical
    Statistics 35 (1964) 73.
    """
    y, t = _alike("huber", y, t)
    error = y - t
    near = np.clip(error, -delta, delta)
    return _reduced(near * (error - near / 2), reduction)


def hinge(y: Any, t: Any, reduction: str = "mean") -> Any:
    """max(0, 1 − t·y), for targets −1 and 1: no loss once y is on the right side by 1.

    Raises ValueError for other targets.

    >>> hinge([0.5, 2.0, 0.5], [1, 1, -1], reduction="none")
    array([0.5, 0. , 1.5])

    Source: C. Cortes, V. Vapnik, "Support-Vector Networks", Machine Learning 20 (1995) 273.
    """
    y, t = _alike("hinge", y, t)
    if not np.all(np.abs(t) == 1):
        raise ValueError("hinge: the targets are −1 and 1. Write 2 * t - 1 if yours are 0 and 1.")
    return _reduced(np.maximum(1 - t * y, 0), reduction)


# -- two classes ---------------------------------------------------------------------------------


def binary_cross_entropy(y: Any, t: Any, reduction: str = "mean") -> Any:
    """−t·log y − (1 − t)·log(1 − y), for probabilities y and targets 0 and 1, or between.

    A sigmoid rounds to exactly 0 or 1 where it saturates, and what it knew of the gradient is
    gone: prefer `binary_cross_entropy_with_logits`, as `fit` does by itself.

    Raises ValueError for shapes that differ, and for y or t outside 0…1.

    >>> binary_cross_entropy([0.5, 0.9], [0, 1])
    np.float64(0.39925384810888)
    """
    y, t = _alike("binary_cross_entropy", y, t)
    _require_probabilities("binary_cross_entropy", y, "binary_cross_entropy_with_logits")
    _require_shares("binary_cross_entropy", t)
    return _reduced(-t * _log(y) - (1 - t) * _log(1 - y), reduction)


def binary_cross_entropy_with_logits(x: Any, t: Any, reduction: str = "mean") -> Any:
    """`binary_cross_entropy` of sigmoid(x), computed from x: exact however large x is.

    Its gradient is sigmoid(x) − t. Raises ValueError for shapes that differ and for t outside
    0…1; warns (LossWarning) if x comes from a sigmoid.

    >>> binary_cross_entropy_with_logits([-1000.0, 1000.0], [0, 0], reduction="none")
    array([   0., 1000.])
    """
    x, t = _alike("binary_cross_entropy_with_logits", x, t)
    _require_shares("binary_cross_entropy_with_logits", t)
    if isinstance(x, Tensor) and x.node is not None and x.node.op and x.node.op.name == "sigmoid":
        _warn_of_probabilities("binary_cross_entropy_with_logits", "sigmoid")
    return _reduced(-t * log_sigmoid(x) - (1 - t) * log_sigmoid(-x), reduction)


# -- many classes --------------------------------------------------------------------------------


def cross_entropy(logits: Any, target: Any, reduction: str = "mean") -> Any:
    """−Σ target · log softmax(logits), over the last axis: exact however large the logits are.

    The gradient is softmax(logits) − target, divided by the number of samples for the mean.

    Shapes: logits (…, C); target (…) integer labels, or (…, C) one-hot or shares of each class.

    Raises ValueError for other shapes and for labels beyond C, TypeError for labels that are not
    integers; warns (LossWarning) if the logits are probabilities already.

    >>> logits = [[2.0, 1.0, 0.1], [0.0, 1e4, -1e4]]
    >>> cross_entropy(logits, [0, 1], reduction="none")
    array([0.41703002, 0.        ])
    >>> cross_entropy(logits, [[1, 0, 0], [0, 1, 0]])
    np.float64(0.208515)

    Source: Goodfellow et al., Deep Learning, 2016, section 6.2.2.3.
    """
    logits, target = _classes("cross_entropy", logits, target)
    if _are_probabilities(logits):
        _warn_of_probabilities("cross_entropy", "softmax")
    return _reduced(_negative_log_likelihood(log_softmax(logits), target), reduction)


def categorical_cross_entropy(y: Any, target: Any, reduction: str = "mean") -> Any:
    """−Σ target · log y, over the last axis, for probabilities y: what a softmax gives.

    Shapes: y (…, C); target as for `cross_entropy`, which is exact also where y rounds to 0, and
    which `fit` uses by itself where a model ends in a softmax.

    Raises ValueError for other shapes, labels beyond C, and y outside 0…1.

    >>> categorical_cross_entropy([[0.2, 0.8], [0.5, 0.5]], [1, 0])
    np.float64(0.458145)
    """
    y, target = _classes("categorical_cross_entropy", y, target)
    _require_probabilities("categorical_cross_entropy", y, "cross_entropy")
    return _reduced(_negative_log_likelihood(_log(y), target), reduction)


def cross_entropy_error(y: Any, t: Any) -> Any:
    """−Σ t · log(y + 1e-7) / N, the notes' form, for probabilities y: one sample, or N of them.

    Shapes: (C) or (N, C); t integer labels (() or (N)), or as y.

    The 1e-7 keeps log(0) away, and caps the loss at 16.1; `cross_entropy` has no such cap.

    Raises ValueError for other shapes, labels beyond C, and y outside 0…1.

    >>> y = [0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0]
    >>> cross_entropy_error(y, [0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
    np.float64(0.510825457099338)
    >>> cross_entropy_error(y, 2)
    np.float64(0.510825457099338)

    Source: K. Saito, Deep Learning from Scratch, 2017, section 4.2.
    """
    y, t = _classes("cross_entropy_error", y, t)
    _require_probabilities("cross_entropy_error", y, "cross_entropy")
    return np.mean(_negative_log_likelihood(np.log(y + 1e-7), t))


def nll(log_y: Any, target: Any, reduction: str = "mean") -> Any:
    """−Σ target · log_y: the negative log-likelihood, for what `log_softmax` gives.

    Shapes: log_y (…, C); target as for `cross_entropy`.

    >>> nll([[-0.5, -0.9], [-0.1, -2.3]], [0, 1])
    np.float64(1.4)
    """
    log_y, target = _classes("nll", log_y, target)
    return _reduced(_negative_log_likelihood(log_y, target), reduction)


def kl_divergence(y: Any, t: Any, reduction: str = "mean") -> Any:
    """Σ t · log(t / y), over the last axis: what is lost where y stands in for the true shares t.

    Shapes: (…, C), (…, C) -> (), averaged over the leading axes.

    Raises ValueError for shapes that differ, and for y or t outside 0…1.

    >>> kl_divergence([0.5, 0.5], [0.25, 0.75])
    np.float64(0.130812)

    Source: S. Kullback, R. Leibler, "On Information and Sufficiency", Annals of Mathematical
    Statistics 22 (1951) 79.
    """
    y, t = _alike("kl_divergence", y, t)
    _require_probabilities("kl_divergence", y, "cross_entropy")
    _require_shares("kl_divergence", t)
    return _reduced(np.sum(t * (_log(t) - _log(y)), axis=-1), reduction)


# -- what they are built from --------------------------------------------------------------------


@op(name="negative_log_likelihood", formula="−Σ target · log_y")
def _negative_log_likelihood(log_y, target):
    """−Σ target · log_y over the last axis; integer labels choose one of it."""
    if target.shape != log_y.shape:
        return 0 - np.take_along_axis(log_y, target[..., np.newaxis], axis=-1)[..., 0]  # not −0
    return 0 - np.sum(target * np.where(target == 0, 0, log_y), axis=-1)  # 0 · log 0 is 0


@_negative_log_likelihood.wrt("log_y")
def _(g, target, log_y_shape):
    if target.shape != log_y_shape:
        target = target[..., np.newaxis] == np.arange(log_y_shape[-1])
    return -np.expand_dims(g, -1) * target


@_negative_log_likelihood.wrt("target")
def _(g, log_y):
    return -np.expand_dims(g, -1) * log_y


def _smallest(x):
    return float(np.finfo(x.dtype).smallest_normal) if x.dtype.kind == "f" else 0.0


_log = elementwise(  # log 0 is −∞; a finite value next to it keeps 0 · log 0 a 0, and slopes finite
    lambda x: np.log(np.maximum(x, _smallest(x))),
    lambda g, x: g / np.maximum(x, _smallest(x)),
    name="log",
    formula="log x",
)


def _reduced(losses: Any, reduction: str) -> Any:
    if reduction == "mean":
        return np.mean(losses)
    if reduction == "sum":
        return np.sum(losses)
    if reduction == "none":
        return losses
    raise ValueError(f'reduction={reduction!r}: choose "mean", "sum" or "none".')


def _array(x: Any) -> Any:
    return x if isinstance(x, Tensor) else np.asarray(x)


def _alike(name: str, y: Any, t: Any) -> tuple[Any, Any]:
    """Both as arrays or Tensors of one shape, t in y's dtype."""
    y, t = _array(y), _array(t)
    if y.shape != t.shape:
        cure = "Reshape one of them to the other's shape."
        if y.shape == (*t.shape, 1):
            cure = "Write y[..., 0], or t[..., None]."
        elif t.shape == (*y.shape, 1):
            cure = "Write t[..., 0], or y[..., None]."
        raise ValueError(
            f"{name}: predictions {y.shape} and targets {t.shape} have different shapes. Made "
            "alike by broadcasting, predictions would be compared with the targets of other "
            f"samples. {cure}"
        )
    y = y if y.dtype.kind == "f" else y.astype(float)
    return y, t if t.dtype == y.dtype else t.astype(y.dtype)


def _classes(name: str, y: Any, target: Any) -> tuple[Any, Any]:
    """Scores of classes along y's last axis; targets as integer labels, or as shares like y."""
    y, target = _array(y), _array(target)
    if not y.ndim:
        raise ValueError(f"{name}: predictions need an axis of classes; a single number has none.")
    if target.shape == y.shape:
        return _alike(name, y, target)
    classes = y.shape[-1]
    if target.shape != y.shape[:-1]:
        cure = "Write target[..., 0]." if target.shape == (*y.shape[:-1], 1) else ""
        raise ValueError(
            f"{name}: targets of shape {target.shape} do not go with predictions of shape "
            f"{y.shape}. Give integer labels of shape {y.shape[:-1]}, or one-hot targets of shape "
            f"{y.shape}. {cure}".rstrip()
        )
    if target.dtype.kind not in "iu":
        raise TypeError(
            f"{name}: labels of shape {target.shape} are {target.dtype}; classes are counted in "
            "integers. Write labels.astype(int)."
        )
    if target.size and not (target.min() >= 0 and target.max() < classes):
        raise ValueError(
            f"{name}: labels from {target.min()} to {target.max()}, but predictions of shape "
            f"{y.shape} are for the classes 0 to {classes - 1}."
        )
    return y if y.dtype.kind == "f" else y.astype(float), target


ROUNDING = 1e-3  # float16's sums of probabilities miss 1 by less


def _require_probabilities(name: str, y: Any, from_logits: str) -> None:
    if reach := _beyond_0_and_1(y):
        raise ValueError(
            f"{name} takes probabilities, between 0 and 1; these reach {reach}. For scores "
            f"without a softmax or sigmoid, use {from_logits}."
        )


def _require_shares(name: str, t: Any) -> None:
    if reach := _beyond_0_and_1(t):
        raise ValueError(f"{name}: targets are 0 and 1, or between; these reach {reach}.")


def _beyond_0_and_1(x: Any) -> str | None:
    x = getattr(x, "array", x)
    if not x.size or (x.min() >= 0 and x.max() <= 1 + ROUNDING):
        return None
    return f"from {float(x.min()):.4g} to {float(x.max()):.4g}"


def _are_probabilities(logits: Any) -> bool:
    """Whether every row looks like what a softmax gives: no logits of a network ever do."""
    x = getattr(logits, "array", logits)
    return bool(
        x.size and x.min() >= 0 and np.all(np.abs(x.sum(axis=-1) - 1) < ROUNDING)
    )


def _warn_of_probabilities(name: str, activation: str) -> None:
    warnings.warn(
        f"{name} was handed probabilities, and applies {activation} itself: twice, it squeezes "
        f"all predictions together and learns slowly. Take the {activation} off, or use "
        + {"softmax": "categorical_cross_entropy.", "sigmoid": "binary_cross_entropy."}[activation],
        LossWarning,
        stacklevel=3,
    )


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
