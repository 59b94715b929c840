"""Losses of probabilities: how surprising the targets are to who believes the predictions.

Targets are integer labels, or shares of each class; `class_weight`, `label_smoothing` and
`ignore_index` make other shares of them (loss_targets.py), and one formula, −Σ target · log y,
serves all.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import Tensor, elementwise, op
from autograd.ops.reduce import divided

from .activation import log_softmax, sigmoid, softmax
from .loss_targets import (
    alike,
    are_probabilities,
    classes,
    reduced,
    require_probabilities,
    require_shares,
    shares,
    two_classes,
    warn_of_probabilities,
)
from .sums import sum_of_each_row

__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits",
    "categorical_cross_entropy", "cross_entropy", "cross_entropy_error", "nll", "kl_divergence",
]  # fmt: skip

# -- two classes ---------------------------------------------------------------------------------


def binary_cross_entropy(
    y: Any,
    t: Any,
    reduction: str = "mean",
    *,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
) -> Any:
    """−t·log y − (1 − t)·log(1 − y), for probabilities y and targets 0 and 1, or between.

    Shapes: (…), (…) -> (); with reduction="none" one loss for each element. `label_smoothing` and
    `ignore_index` as for `binary_cross_entropy_with_logits`.

    A sigmoid rounds to exactly 0 or 1 where it saturates, and what it knew of the gradient is
    gone: prefer `binary_cross_entropy_with_logits`, as `fit` does by itself.

    Raises ValueError for shapes that differ, and for y or t outside 0…1.

    >>> binary_cross_entropy([0.5, 0.9], [0, 1])
    np.float64(0.39925384810888)
    """
    name = "binary_cross_entropy"
    y, t = alike(name, y, t)
    require_probabilities(name, y, "binary_cross_entropy_with_logits")
    positive, negative, weight = two_classes(name, t, None, label_smoothing, ignore_index)
    return reduced(-positive * _log(y) - negative * _log(1 - y), reduction, weight)


def binary_cross_entropy_with_logits(
    x: Any,
    t: Any,
    reduction: str = "mean",
    *,
    pos_weight: Any = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
) -> Any:
    """`binary_cross_entropy` of sigmoid(x), computed from x: exact however large x is.

    Its gradient is sigmoid(x) − t.

    Shapes: (…), (…) -> (); with reduction="none" one loss for each element.

    Parameters
    ----------
    pos_weight : array_like, optional
        How many times more a target of 1 counts: one number, or one for each of the last axis.
    label_smoothing : float
        Targets become t · (1 − label_smoothing) + label_smoothing / 2: nobody is quite sure.
    ignore_index : int, optional
        Targets of this value (−1, say) do not count, nor in the mean.

    Raises ValueError for shapes that differ and for t outside 0…1; warns (LossWarning) if x comes
    from a sigmoid.

    >>> binary_cross_entropy_with_logits([-1000.0, 1000.0], [0, 0], reduction="none")
    array([   0., 1000.])
    >>> binary_cross_entropy_with_logits([0.0, 1.0], [1, 1], "none", pos_weight=10)
    array([6.93147181, 3.13261688])
    """
    name = "binary_cross_entropy_with_logits"
    x, t = alike(name, x, t)
    positive, negative, weight = two_classes(name, t, pos_weight, label_smoothing, ignore_index)
    if isinstance(x, Tensor) and x.node is not None and x.node.op and x.node.op.name == "sigmoid":
        warn_of_probabilities(name, "sigmoid")
    return reduced(_logistic(x, positive, negative), reduction, weight)


@op(name="logistic_loss", formula="−positive · log σ(x) − negative · log σ(−x)")
def _logistic(x, positive, negative):
    """The loss of the logit x of two classes, by how much each counts."""
    return positive * np.logaddexp(-x, 0) + negative * np.logaddexp(x, 0)


@_logistic.wrt("x")
def _(g, x, positive, negative):
    return g * (negative * sigmoid(x) - positive * sigmoid(-x))


@_logistic.wrt("positive")
def _(g, x):
    return g * np.logaddexp(-x, 0)


@_logistic.wrt("negative")
def _(g, x):
    return g * np.logaddexp(x, 0)


# -- many classes --------------------------------------------------------------------------------


def cross_entropy(
    logits: Any,
    target: Any,
    reduction: str = "mean",
    *,
    class_weight: Any = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
) -> Any:
    """−Σ target · log softmax(logits), over the last axis: exact however large the logits are.

    The gradient is softmax(logits) − target, divided by the number of samples for the mean.

    Shapes: logits (…, C); target (…) integer labels, or (…, C) one-hot or shares of each class.
    The result is (); with reduction="none" (…), a loss for each sample.

    Parameters
    ----------
    class_weight : array_like (C), optional
        How much a target of each class counts. The mean divides by the sum of the targets' weights.
    label_smoothing : float
        Targets become target · (1 − label_smoothing) + label_smoothing / C: nobody is quite sure.
    ignore_index : int, optional
        Samples with this label do not count, nor in the mean: −100 or 0, say, for padding.

    Raises ValueError for other shapes, for labels beyond C and where no sample counts, TypeError
    for labels that are not integers; warns (LossWarning) if the logits are probabilities already.

    As PyTorch's, but for two things: the mean over targets that are shares divides by their weights
    too, so that labels and their one-hot targets have one loss, and classes are in the last axis.

    >>> logits = [[2.0, 1.0, 0.1], [0.0, 1e4, -1e4]]
    >>> cross_entropy(logits, [0, 1], reduction="none")
    array([0.41703002, 0.        ])
    >>> cross_entropy(logits, [[1, 0, 0], [0, 1, 0]])
    np.float64(0.208515)
    >>> cross_entropy(logits, [0, -1], ignore_index=-1)
    np.float64(0.41703)

    Source: Goodfellow et al., Deep Learning, 2016, section 6.2.2.3; label smoothing: C. Szegedy et
    al., "Rethinking the Inception Architecture", CVPR 2016, section 7.
    """
    name = "cross_entropy"
    x, target = classes(name, logits, target, ignore_index)
    if are_probabilities(x):
        warn_of_probabilities(name, "softmax")
    target, weight = shares(name, x, target, class_weight, label_smoothing, ignore_index)
    if weight is None:
        return _softmax_cross_entropy(x, target, reduction, [])
    return reduced(_softmax_cross_entropy(x, target, "none", []), reduction, weight)


def categorical_cross_entropy(
    y: Any,
    target: Any,
    reduction: str = "mean",
    *,
    class_weight: Any = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
) -> Any:
    """−Σ target · log y, over the last axis, for probabilities y: what a softmax gives.

    Shapes and settings are those of `cross_entropy`, which is exact also where y rounds to 0, and
    which `fit` uses by itself where a model ends in a softmax.

    Raises ValueError for other shapes, labels beyond C, and y outside 0…1.

    >>> categorical_cross_entropy([[0.2, 0.8], [0.5, 0.5]], [1, 0])
    np.float64(0.458145)
    """
    name = "categorical_cross_entropy"
    y, target = classes(name, y, target, ignore_index)
    require_probabilities(name, y, "cross_entropy")
    target, weight = shares(name, y, target, class_weight, label_smoothing, ignore_index)
    return reduced(_negative_log_likelihood(_log(y), target), reduction, weight)


def cross_entropy_error(y: Any, t: Any, reduction: str = "mean") -> Any:
    """−Σ t · log(y + 1e-7) / N, the notes' form, for probabilities y: one sample, or N of them.

    Shapes: (C) or (N, C); t integer labels (() or (N)), or as y. The result is (); with
    reduction="none" a loss for each sample.

    The 1e-7 keeps log(0) away, and caps the loss at 16.1; `cross_entropy` has no such cap.

    Raises ValueError for other shapes, labels beyond C, and y outside 0…1.

    >>> y = [0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0]
    >>> cross_entropy_error(y, [0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
    np.float64(0.510825457099338)
    >>> cross_entropy_error(y, 2)
    np.float64(0.510825457099338)

    Source: K. Saito, Deep Learning from Scratch, 2017, section 4.2.
    """
    y, t = classes("cross_entropy_error", y, t)
    require_probabilities("cross_entropy_error", y, "cross_entropy")
    return reduced(_negative_log_likelihood(np.log(y + 1e-7), t), reduction)


def nll(
    log_y: Any,
    target: Any,
    reduction: str = "mean",
    *,
    class_weight: Any = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
) -> Any:
    """−Σ target · log_y: the negative log-likelihood, for what `log_softmax` gives.

    Shapes and settings are those of `cross_entropy`.

    >>> nll([[-0.5, -0.9], [-0.1, -2.3]], [0, 1])
    np.float64(1.4)
    """
    log_y, target = classes("nll", log_y, target, ignore_index)
    target, weight = shares("nll", log_y, target, class_weight, label_smoothing, ignore_index)
    return reduced(_negative_log_likelihood(log_y, target), reduction, weight)


def kl_divergence(y: Any, t: Any, reduction: str = "mean") -> Any:
    """Σ t · log(t / y), over the last axis: what is lost where y stands in for the true shares t.

    Shapes: (…, C), (…, C) -> (), averaged over the leading axes; with reduction="none" (…).

    Raises ValueError for shapes that differ, and for y or t outside 0…1.

    >>> kl_divergence([0.5, 0.5], [0.25, 0.75])
    np.float64(0.130812)

    Source: S. Kullback, R. Leibler, "On Information and Sufficiency", Annals of Mathematical
    Statistics 22 (1951) 79.
    """
    y, t = alike("kl_divergence", y, t)
    require_probabilities("kl_divergence", y, "cross_entropy")
    require_shares("kl_divergence", t)
    return reduced(np.sum(t * (_log(t) - _log(y)), axis=-1), reduction)


# -- what they are built from --------------------------------------------------------------------


@op(name="softmax_cross_entropy", formula="−Σ target · log softmax(x)")
def _softmax_cross_entropy(x, target, reduction, forward):
    """Softmax, cross-entropy and reduction in one: the end of most networks, at every step.

    Going forward leaves the probabilities in the list `forward`, and where those of the labels lie:
    going back needs them again.
    """
    count = x.shape[-1]
    x_rows = np.subtract(x, np.maximum.reduce(x, axis=-1, keepdims=True), order="C")
    x_rows = x_rows.reshape(-1, count)
    p = np.exp(x_rows)
    total = sum_of_each_row(p)
    p /= total
    np.log(total, out=total)
    forward[:] = [p]
    if target.shape == x.shape:
        losses = _surprise(x_rows - total, target.reshape(-1, count))
    else:  # no log softmax of what was not chosen
        chosen = np.arange(0, x.size, count) + target.reshape(-1).astype(np.intp, copy=False)
        forward.append(chosen)
        losses = total.reshape(-1) - x_rows.reshape(-1)[chosen]
    return reduced(losses.reshape(x.shape[:-1]), reduction)


@_softmax_cross_entropy.wrt("x")
def _(g, x, target, reduction, forward, target_shape):
    g = _for_each(g, reduction, x.shape)
    # Recorded, the softmax, too, must depend on x.
    p = softmax(x) if isinstance(x, Tensor) else forward[0].reshape(x.shape)
    if target_shape == x.shape:
        return (p * np.sum(target, axis=-1, keepdims=True) - target) * g
    if isinstance(x, Tensor):
        return (p - (target[..., np.newaxis] == np.arange(x.shape[-1]))) * g
    p = p.copy()
    p.reshape(-1)[forward[1]] -= 1
    p *= g
    return p


@_softmax_cross_entropy.wrt("target")
def _(g, x, reduction):
    return -log_softmax(x) * _for_each(g, reduction, x.shape)


def _for_each(g, reduction, shape):
    """The gradient of the reduced loss, shaped as that of each sample's scores."""
    if reduction == "none":
        return g[..., np.newaxis]
    if reduction != "mean":
        return g
    return divided(g, math.prod(shape[:-1]))


def _surprise(log_y, target):
    """−Σ target · log_y over the last axis; integer labels choose one of it."""
    if target.shape != log_y.shape:
        return 0 - np.take_along_axis(log_y, target[..., np.newaxis], axis=-1)[..., 0]  # not −0
    return 0 - np.sum(target * np.where(target == 0, 0, log_y), axis=-1)  # 0 · log 0 is 0


_negative_log_likelihood = op(
    _surprise, name="negative_log_likelihood", formula="−Σ target · log_y"
)


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
