"""Metrics: what people ask of a model. Losses are for gradients, metrics for reading.

A function `metric(y, t) -> number` that is a mean over samples is a metric as it is. One that is
not (precision, a root, a matrix) is a subclass of Metric: it adds up what it needs over the whole
epoch, so that what it says at the end is exact, however the batches were cut.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import partial
from typing import Any

import numpy as np

from .functional import loss as losses
from .functional import loss_targets
from .names import find

__all__ = [
    "accuracy", "binary_accuracy", "top_k_accuracy", "confusion_matrix",
    "precision", "recall", "f1", "root_mean_squared_error",
]  # fmt: skip

ALIASES = {
    "acc": "accuracy",
    "categorical_accuracy": "accuracy",
    "sparse_categorical_accuracy": "accuracy",
    "top_k_categorical_accuracy": "top_k_accuracy",
    "sparse_top_k_categorical_accuracy": "top_k_accuracy",
    "f1_score": "f1",
    "rmse": "root_mean_squared_error",
}

HIGHER_IS_BETTER = ("accuracy", "acc", "precision", "recall", "f1", "auc", "score")


def higher_is_better(name: str) -> bool:
    """By its name: "val_accuracy" should rise, "loss" and "mae" fall."""
    return name.endswith(HIGHER_IS_BETTER)


# -- functions: of all samples at once ------------------------------------------------------------


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
    guess, label, _ = _labels("accuracy", y, t)
    return _share(guess == label)


def binary_accuracy(y: Any, t: Any) -> float:
    """The share of elements that lie on the target's side of one half.

    >>> binary_accuracy([[0.1, 0.9], [0.8, 0.2]], [[0, 1], [1, 1]])
    0.75
    """
    y, t = _arrays(y, t)
    if y.shape != t.shape:
        raise ValueError(f"binary_accuracy: predictions {y.shape} and targets {t.shape} differ.")
    return _share((y > 0.5) == (t > 0.5))


def top_k_accuracy(y: Any, t: Any, k: int = 5) -> float:
    """The share of samples whose label is among the k highest scores.

    Shapes: y (…, C) scores; t (…) labels, or (…, C) one-hot. Where scores are equal, the label is
    believed to come last: a network that says the same of all classes knows nothing.

    Raises ValueError for other shapes, and for a k outside 1…C.

    >>> top_k_accuracy([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]], [1, 2], k=2)
    0.5
    """
    _, label, classes = _labels("top_k_accuracy", y, t)
    y, _ = _arrays(y, t)
    if classes == 2 and y.shape[-1:] != (2,):
        raise ValueError(f"top_k_accuracy needs scores of each class, (…, C); y is {y.shape}.")
    if not 1 <= k <= classes:
        raise ValueError(f"top_k_accuracy: k={k} of {classes} classes.")
    own = np.take_along_axis(y, label[..., np.newaxis], axis=-1)
    ahead = np.sum(~(y < own), axis=-1) - 1  # NaN is ahead of all, and of itself
    return _share((ahead < k) & ~np.isnan(own[..., 0]))


def confusion_matrix(y: Any, t: Any, classes: int | None = None) -> Any:
    """How often each class (row) was taken for each (column); right ones are on the diagonal.

    Shapes: y and t as for `accuracy`, -> (C, C) integers.

    >>> confusion_matrix([[0.1, 0.9], [0.8, 0.2], [0.7, 0.3]], [1, 1, 0])
    array([[1, 0],
           [1, 1]])
    """
    guess, label, found = _labels("confusion_matrix", y, t)
    size = found if classes is None else classes
    if label.size and not (label.min() >= 0 and max(label.max(), guess.max()) < size):
        raise ValueError(
            f"confusion_matrix: labels from {label.min()} to {label.max()} and predictions up to "
            f"{guess.max()} do not fit into {size} classes."
        )
    pairs = np.ravel(label) * size + np.ravel(guess)
    return np.bincount(pairs, minlength=size * size).reshape(size, size)


def precision(y: Any, t: Any, average: str = "auto") -> float:
    """Of what was taken for a class, the share that is of it; see `Precision`.

    >>> round(precision([0.9, 0.8, 0.1], [1, 0, 1]), 4)
    0.5
    """
    return _of_matrix(confusion_matrix(y, t), average, Precision.share, _one_column(y))


def recall(y: Any, t: Any, average: str = "auto") -> float:
    """Of what is of a class, the share that was taken for it; see `Precision`.

    >>> round(recall([0.9, 0.8, 0.1], [1, 0, 1]), 4)
    0.5
    """
    return _of_matrix(confusion_matrix(y, t), average, Recall.share, _one_column(y))


def f1(y: Any, t: Any, average: str = "auto") -> float:
    """2PR / (P + R), between precision P and recall R; see `Precision`.

    >>> round(f1([0.9, 0.8, 0.1], [1, 1, 1]), 4)
    0.8
    """
    return _of_matrix(confusion_matrix(y, t), average, F1.share, _one_column(y))


def root_mean_squared_error(y: Any, t: Any) -> float:
    """√ of the mean of (y − t)²: how far off, in the target's own unit.

    >>> root_mean_squared_error([1.0, 2.0], [1.0, 4.0]) ** 2
    2.0
    """
    return math.sqrt(losses.mean_squared_error(*_arrays(y, t)))


# -- metrics: over batches ------------------------------------------------------------------------


class Metric:
    """What `fit` and `evaluate` ask: `reset()`, then `update(y, t)` for each batch, `result()`.

    >>> class Largest(Metric):
    ...     name = "largest_error"
    ...
    ...     def reset(self):
    ...         self.largest = 0.0
    ...
    ...     def update(self, y, t):
    ...         self.largest = max(self.largest, float(np.abs(y - t).max()))
    ...
    ...     def result(self):
    ...         return self.largest
    >>> import nn
    >>> model = nn.Sequential(nn.Dense(1, init="zeros"))
    >>> model.compile("sgd", "mse", metrics=[Largest()])
    >>> model.evaluate([[1.0], [2.0]], [[1.0], [3.0]], verbose=0)
    [5.0, 3.0]
    """

    name = "metric"

    def reset(self) -> None:
        raise NotImplementedError

    def update(self, y: Any, t: Any) -> None:
        raise NotImplementedError

    def result(self) -> Any:
        raise NotImplementedError

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint in the middle of an epoch keeps: all attributes that are plain data."""
        from .storage import tree

        own = vars(self).items()
        return {name: deepcopy(value) for name, value in own if tree.is_plain(value)}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Takes over what `state_dict()` gave.

        Raises ValueError for attributes that are not there.
        """
        if strange := saved.keys() - vars(self).keys():
            raise ValueError(f"{self.name} has no {', '.join(sorted(strange))} to go on from.")
        vars(self).update(deepcopy(dict(saved)))


class Counting:
    """How a function's values over batches make its value over all samples: sums are added up, and
    means count as much as the targets that they are of.

    Which it is, the function's keywords say, by their defaults or by `partial`: `reduction`,
    `ignore_index`, and the `class_weight` of cross-entropies.

    >>> counting = Counting(partial(losses.cross_entropy, ignore_index=-1))
    >>> counting.weight(np.zeros((3, 2)), np.array([0, -1, 1]))
    2.0
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        plain = function
        while isinstance(plain, partial):
            plain = plain.func
        try:
            told = {n: p.default for n, p in inspect.signature(function).parameters.items()}
        except (TypeError, ValueError):  # some that are written in C do not say
            told = {}
        self.sums = told.get("reduction") == "sum"
        self.ignored: Any = told.get("ignore_index")
        of_classes = losses.cross_entropy, losses.categorical_cross_entropy, losses.nll
        self.by_class = told.get("class_weight") if plain in of_classes else None

    def divisor(self, y: Any, t: Any) -> float | None:
        """What the mean over a batch divides by; None where every target counts alike."""
        if self.by_class is not None:
            y, t = loss_targets.classes("class_weight", y, t, self.ignored)
            found = loss_targets.shares("class_weight", y, t, self.by_class, 0.0, self.ignored)
            return float(np.sum(found[1], dtype=float))
        if isinstance(self.ignored, (int, np.integer)):
            return float(np.count_nonzero(np.asarray(t) != self.ignored))
        return None

    def weight(self, y: Any, t: Any) -> float:
        """How much a batch's value counts among others'; 0 if there is no mean of it."""
        if self.sums:
            return 1.0
        divisor = self.divisor(y, t)
        return len(t) if divisor is None else divisor

    def over_all(self, total: float, weight: float) -> float:
        """From the sum of weight · value, and the sum of weights."""
        if not weight:
            return math.nan
        return total if self.sums else total / weight


class Mean(Metric):
    """A function's value over all samples, from its mean over each batch (or its sum, if that is
    what its `reduction` says).

    >>> metric = Mean(accuracy)
    >>> metric.update(np.array([0.9, 0.1]), np.array([1, 1]))
    >>> metric.update(np.array([0.9]), np.array([1]))
    >>> metric.result()
    0.6666666666666666
    """

    def __init__(self, function: Callable[[Any, Any], Any], name: str | None = None) -> None:
        self.function = function
        self.name = name or str(getattr(function, "__name__", "metric"))
        self.counting = Counting(function)
        self.reset()

    def reset(self) -> None:
        self._sum = 0.0
        self._count: float = 0

    def update(self, y: Any, t: Any) -> None:
        weight = self.counting.weight(y, t)
        if not weight:
            return
        value = self.function(y, t)
        if np.size(value) != 1:
            raise ValueError(
                f"metric {self.name}: of a batch it gave shape {np.shape(value)}, not one number. "
                "Take the mean over the samples."
            )
        self._sum += float(value) * weight
        self._count += weight

    def result(self) -> float:
        return self.counting.over_all(self._sum, self._count)


class TopK(Mean):
    """`top_k_accuracy` for a k: metrics=[nn.metrics.TopK(3)].

    >>> metric = TopK(2)
    >>> metric.update([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]], [1, 2])
    >>> metric.name, metric.result()
    ('top_2_accuracy', 0.5)
    """

    def __init__(self, k: int = 5) -> None:
        super().__init__(partial(top_k_accuracy, k=k), f"top_{k}_accuracy")


class ConfusionMatrix(Metric):
    """`confusion_matrix` over the whole epoch: an array in the history.

    >>> metric = ConfusionMatrix()
    >>> metric.update([[0.1, 0.9], [0.8, 0.2]], [1, 1])
    >>> metric.update([[0.7, 0.3]], [0])
    >>> metric.result()
    array([[1, 0],
           [1, 1]])
    """

    name = "confusion_matrix"

    def __init__(self, name: str | None = None) -> None:
        self.name = name or self.name
        self.reset()

    def reset(self) -> None:
        self._matrix: Any = None
        self._one_column = False

    def update(self, y: Any, t: Any) -> None:
        matrix = confusion_matrix(y, t)
        self._one_column = _one_column(y)
        self._matrix = matrix if self._matrix is None else self._matrix + matrix

    def result(self) -> Any:
        return np.zeros((0, 0), int) if self._matrix is None else self._matrix.copy()


class Precision(ConfusionMatrix):
    """Of what was taken for a class, the share that is of it, over the whole epoch.

    Parameters
    ----------
    average : str
        "binary": of class 1, the positive one. "macro": the mean over the classes that occur,
        among targets or predictions. "micro": of all samples together, which is the accuracy.
        "auto": "binary" for predictions in one column, else "macro".

    Where nothing was taken for a class, its precision is 0.

    >>> metric = Precision("macro")
    >>> metric.update(np.eye(3)[[0, 0, 1, 2]], [0, 1, 1, 2])
    >>> round(metric.result(), 4)  # of ½, 1, 1
    0.8333
    """

    name = "precision"

    @staticmethod
    def share(right: Any, taken: Any, there: Any) -> Any:
        """From how many were right, taken for a class, and of it."""
        return _ratio(right, taken)

    def __init__(self, average: str = "auto", name: str | None = None) -> None:
        _require_average(average)
        self.average = average
        super().__init__(name or (self.name if average == "auto" else f"{average}_{self.name}"))

    def result(self) -> float:
        return _of_matrix(super().result(), self.average, self.share, self._one_column)


class Recall(Precision):
    """Of what is of a class, the share that was taken for it; averages as for `Precision`.

    >>> metric = Recall("macro")
    >>> metric.update(np.eye(3)[[0, 0, 1, 2]], [0, 1, 1, 2])
    >>> round(metric.result(), 4)  # of 1, ½, 1
    0.8333
    """

    name = "recall"

    @staticmethod
    def share(right: Any, taken: Any, there: Any) -> Any:
        return _ratio(right, there)


class F1(Precision):
    """2PR / (P + R), between precision and recall; averages as for `Precision`.

    >>> metric = F1("macro")
    >>> metric.update(np.eye(3)[[0, 0, 1, 2]], [0, 1, 1, 2])
    >>> round(metric.result(), 4)  # of ⅔, ⅔, 1
    0.7778

    Source: C. J. van Rijsbergen, Information Retrieval, 2nd ed. 1979, chapter 7.
    """

    name = "f1"

    @staticmethod
    def share(right: Any, taken: Any, there: Any) -> Any:
        return _ratio(2 * right, taken + there)


class RootMeanSquaredError(Mean):
    """√ of the mean of (y − t)² over the whole epoch.

    >>> metric = RootMeanSquaredError()
    >>> metric.update(np.array([1.0]), np.array([1.0]))
    >>> metric.update(np.array([2.0]), np.array([4.0]))
    >>> metric.result() ** 2
    2.0000000000000004
    """

    def __init__(self, name: str = "root_mean_squared_error") -> None:
        super().__init__(losses.mean_squared_error, name)

    def result(self) -> float:
        return math.sqrt(super().result())


CLASSES: dict[Any, Callable[..., Metric]] = {
    confusion_matrix: ConfusionMatrix,
    precision: lambda name: Precision(name=name),
    recall: lambda name: Recall(name=name),
    f1: lambda name: F1(name=name),
    root_mean_squared_error: RootMeanSquaredError,
}
"""Functions that are no means over samples, and the metrics that stand for them."""


def get(metric: str | Metric | type[Metric] | Callable[..., Any]) -> Metric:
    """The metric that is meant: by name (losses have theirs, too), a function, or itself."""
    if isinstance(metric, type) and issubclass(metric, Metric):
        metric = metric()
    if isinstance(metric, Metric):
        return metric
    named = {name: globals()[name] for name in __all__}
    named |= {name: getattr(losses, name) for name in losses.__all__}
    function = find("metric", metric, named, ALIASES | losses.ALIASES)
    require_order(function)
    name = metric if isinstance(metric, str) else str(getattr(function, "__name__", "metric"))
    return CLASSES[function](name) if function in CLASSES else Mean(function, name)


def require_order(function: Callable[..., Any]) -> None:
    """Raises ValueError for Keras's order of a loss's or metric's arguments: (y_true, y_pred)."""
    code = getattr(function, "__code__", None)
    first = code.co_varnames[:2] if code else ()
    if first == ("y_true", "y_pred"):
        raise ValueError(
            f"{getattr(function, '__name__', function)}(y_true, y_pred): here the predictions come "
            "first. Write (y_pred, y_true), or (y, t)."
        )


# -- what they are built from ---------------------------------------------------------------------


def _arrays(y: Any, t: Any) -> tuple[Any, Any]:
    return np.asarray(getattr(y, "array", y)), np.asarray(getattr(t, "array", t))


def _share(hits: Any) -> float:
    """How many are True: np.mean, in a tenth of its time."""
    return int(np.count_nonzero(hits)) / hits.size if hits.size else math.nan


def _one_column(y: Any) -> bool:
    """Whether predictions are probabilities of one class, of two."""
    shape = np.shape(getattr(y, "array", y))
    return len(shape) < 2 or shape[-1] == 1


def _labels(asked: str, y: Any, t: Any) -> tuple[Any, Any, int]:
    """The predicted classes, the true ones, and how many there are.

    Raises ValueError for shapes that do not go together.
    """
    y, t = _arrays(y, t)
    if y.shape == t.shape and _one_column(y):
        return (y > 0.5).astype(int), (t > 0.5).astype(int), 2
    if y.shape == t.shape:
        if not np.all(np.abs(t.sum(axis=-1) - 1) < 1e-3):
            raise ValueError(
                f"{asked}: the targets are not one-hot, since not every row sums to 1. For "
                "several labels at once use binary_accuracy."
            )
        t = t.argmax(axis=-1)
    elif y.shape[:-1] != t.shape or y.shape[-1] == 1:
        raise ValueError(
            f"{asked}: targets of shape {t.shape} do not go with predictions of shape {y.shape}."
        )
    return y.argmax(axis=-1), t.astype(int, copy=False), y.shape[-1]


def _require_average(average: str) -> None:
    if average not in ("auto", "binary", "macro", "micro"):
        raise ValueError(f'average={average!r}: choose "binary", "macro", "micro" or "auto".')


def _of_matrix(matrix: Any, average: str, share: Any, one_column: bool) -> float:
    """A share, of true positives and of how many were taken for and are of each class."""
    _require_average(average)
    if average == "auto":
        average = "binary" if one_column else "macro"
    if not matrix.sum():
        return math.nan
    right, taken, there = np.diagonal(matrix), matrix.sum(axis=0), matrix.sum(axis=1)
    if average == "micro":
        return float(share(right.sum(), taken.sum(), there.sum()))
    if average == "macro":
        return float(np.mean(share(right, taken, there)[taken + there > 0]))
    if len(matrix) != 2:
        raise ValueError(f'average="binary" is for two classes, not {len(matrix)}: use "macro".')
    return float(share(right, taken, there)[1])


def _ratio(part: Any, whole: Any) -> Any:
    return part / np.maximum(whole, 1)  # whole numbers: 0 of 0 is 0
