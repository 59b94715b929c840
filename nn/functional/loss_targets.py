"""What losses ask of predictions and targets, and the errors that say so."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from autograd import Tensor


class LossWarning(UserWarning):
    """A loss was computed, but of something that is probably not meant."""


def array(x: Any) -> Any:
    x = x if isinstance(x, Tensor) else np.asarray(x)
    if x.dtype.kind == "c":
        raise TypeError(
            f"a loss is of real numbers, and these are {x.dtype}, of shape {x.shape}. Compare real "
            "and imaginary part as two arrays, x.real and x.imag."
        )
    return x


def one(name: str, y: Any) -> Any:
    """The predictions; raises TypeError for several, as a model gives them that returns a tuple."""
    if isinstance(y, tuple) and any(isinstance(part, Tensor) for part in y):
        shapes = ", ".join(str(np.shape(part)) for part in y if isinstance(part, Tensor))
        raise TypeError(
            f"{name}: the predictions are a tuple of {len(y)}, with arrays of shape {shapes}; it "
            f"takes one. Say which: lambda y, t: nn.{name}(y[0], t) is a loss of several outputs."
        )
    return array(y)


def plain(x: Any) -> Any:
    return x.array if isinstance(x, Tensor) else x


def reduced(losses: Any, reduction: str, weight: Any = None) -> Any:
    """The losses as one number; their mean divides by the sum of the samples' weights."""
    if reduction == "none":
        return losses
    if reduction == "sum":
        return np.sum(losses)
    if reduction != "mean":
        raise ValueError(f'reduction={reduction!r}: choose "mean", "sum" or "none".')
    if not losses.size:
        raise ValueError(
            "there is no mean of these losses: there are none, as predictions and targets are "
            'empty. Leave such a batch out, or take reduction="sum".'
        )
    if losses.dtype.itemsize < 4:  # float16 ends at 65504: it cannot hold how many there are
        weight = weight if weight is None else weight.astype(np.float32)
        return reduced(losses.astype(np.float32), reduction, weight).astype(losses.dtype)
    if weight is None:
        if type(losses) is np.ndarray:
            return np.add.reduce(losses, axis=None) / losses.size  # np.mean, a quarter of its time
        return np.mean(losses)
    total = np.sum(weight)
    if plain(total) == 0:
        raise ValueError(
            "there is no mean of these losses: no target counts, as all are ignored or of classes "
            'with weight 0. Leave such a batch out, or take reduction="sum".'
        )
    return np.sum(losses) / total


# -- one number against one number ----------------------------------------------------------------


def alike(name: str, y: Any, t: Any) -> tuple[Any, Any]:
    """Both as arrays or Tensors of one shape, t in y's dtype."""
    y, t = one(name, y), array(t)
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


def two_classes(
    name: str, t: Any, pos_weight: Any, label_smoothing: float, ignore_index: int | None
) -> tuple[Any, Any, Any]:
    """How much class 1 and class 0 count in each target, and which targets count at all."""
    weight = None
    if ignore_index is not None:
        counted = plain(t) != ignore_index
        t, weight = np.where(counted, t, 0), counted.astype(t.dtype)
    require_shares(name, t)
    positive, negative = t, 1 - t
    if label_smoothing:
        _require_share(name, label_smoothing)
        positive = (1 - label_smoothing) * positive + label_smoothing / 2
        negative = (1 - label_smoothing) * negative + label_smoothing / 2
    if pos_weight is not None:
        positive = positive * np.asarray(pos_weight, t.dtype)
        if positive.shape != t.shape:
            raise ValueError(
                f"{name}: pos_weight is one number, or one for each of the last axis of "
                f"{t.shape}; this one has shape {np.shape(pos_weight)}."
            )
    if weight is not None:
        positive, negative = positive * weight, negative * weight
    return positive, negative, weight


# -- scores against classes -----------------------------------------------------------------------


def classes(name: str, y: Any, target: Any, ignore_index: int | None = None) -> tuple[Any, Any]:
    """Scores of classes along y's last axis; targets as integer labels, or as shares like y."""
    y, target = one(name, y), array(target)
    if not y.ndim:
        raise ValueError(f"{name}: predictions need an axis of classes; a single number has none.")
    if target.shape == y.shape:
        return alike(name, y, target)
    count = y.shape[-1]
    if target.shape != y.shape[:-1]:
        cure = ""
        if target.shape == (*y.shape[:-1], 1):
            cure = "Write target[..., 0]."
        elif target.shape[:-1] == y.shape:
            cure = "Are they swapped? Predictions come first."
        elif y.ndim > 2 and target.shape == y.shape[:1]:
            cure = "For one prediction a sample, put nn.Flatten() before the first Dense."
        raise ValueError(
            f"{name}: targets of shape {target.shape} do not go with predictions of shape "
            f"{y.shape}. Give integer labels of shape {y.shape[:-1]}, or one-hot targets of shape "
            f"{y.shape}. {cure}".rstrip()
        )
    target = plain(target)
    if target.dtype.kind not in "iu":
        named = target.dtype.kind in "US"
        cure = "np.unique(labels, return_inverse=True)[1]" if named else "labels.astype(int)"
        raise TypeError(
            f"{name}: labels of shape {target.shape} are {target.dtype}; classes are counted in "
            f"integers. Write {cure}."
        )
    counted = target if ignore_index is None else target[target != ignore_index]
    if counted.size and not (
        np.minimum.reduce(counted, axis=None) >= 0 and np.maximum.reduce(counted, axis=None) < count
    ):
        lowest, highest = counted.min(), counted.max()
        cure = f" If {lowest} stands for no class: ignore_index={lowest}." if lowest < 0 else ""
        raise ValueError(
            f"{name}: labels from {lowest} to {highest}, but predictions of shape {y.shape} are "
            f"for the classes 0 to {count - 1}.{cure}"
        )
    return y if y.dtype.kind == "f" else y.astype(float), target


def shares(
    name: str,
    y: Any,
    target: Any,
    class_weight: Any,
    label_smoothing: float,
    ignore_index: int | None,
) -> tuple[Any, Any]:
    """How much each class counts in each sample, and each sample's weight in the mean; labels
    themselves, and None, where every sample counts as one of its class.

    Weights, smoothing and ignored labels are all this one table: a loss −Σ target · log y takes
    any shares, which need not add up to 1.
    """
    if class_weight is None and not label_smoothing and ignore_index is None:
        return target, None
    kept: Any = 1
    if target.shape != y.shape:
        one_hot = target[..., np.newaxis] == np.arange(y.shape[-1])
        if ignore_index is not None:
            kept = (target != ignore_index)[..., np.newaxis]
        target = (one_hot & kept).astype(y.dtype)
    elif ignore_index is not None:
        raise ValueError(
            f"{name}: ignore_index={ignore_index} goes with integer labels; these targets, of "
            f"shape {target.shape}, are shares of each class. Give that class the weight 0 "
            "(class_weight), or the samples to ignore a row of zeros."
        )
    weights = np.ones(y.shape[-1:], y.dtype)
    if class_weight is not None:
        weights = np.asarray(class_weight, y.dtype)
        if weights.shape != y.shape[-1:] or not (weights >= 0).all():
            raise ValueError(
                f"{name}: class_weight needs a number ≥ 0 for each of the {y.shape[-1]} classes, "
                f"in one axis; it is {class_weight}."
            )
    target = target * weights
    weight = np.sum(target, axis=-1)
    if label_smoothing:
        _require_share(name, label_smoothing)
        evenly = weights * kept / y.shape[-1]
        target = (1 - label_smoothing) * target + label_smoothing * evenly
    return target, weight if class_weight is not None or ignore_index is not None else None


# -- what would train, but not to where it is meant -----------------------------------------------

ROUNDING = 1e-3  # float16's sums of probabilities miss 1 by less


def require_probabilities(name: str, y: Any, from_logits: str) -> None:
    if reach := _beyond_0_and_1(y):
        raise ValueError(
            f"{name} takes probabilities, between 0 and 1; these reach {reach}. For scores "
            f"without a softmax or sigmoid, use {from_logits}."
        )


def require_shares(name: str, t: Any) -> None:
    if reach := _beyond_0_and_1(t):
        raise ValueError(f"{name}: targets are 0 and 1, or between; these reach {reach}.")


def _require_share(name: str, label_smoothing: float) -> None:
    if not 0 <= label_smoothing <= 1:
        raise ValueError(
            f"{name}: label_smoothing={label_smoothing} is the share of each target that is spread "
            "evenly over all classes: from 0 to 1, as 0.1."
        )


def _beyond_0_and_1(x: Any) -> str | None:
    x = plain(x)
    if not x.size or (x.min() >= 0 and x.max() <= 1 + ROUNDING):
        return None
    return f"from {float(x.min()):.4g} to {float(x.max()):.4g}"


def are_probabilities(logits: Any) -> bool:
    """Whether every row looks like what a softmax gives: no logits of a network ever do."""
    x = plain(logits)
    if not x.size or np.minimum.reduce(x, axis=None) < 0:
        return False
    return bool(np.all(np.abs(x.sum(axis=-1) - 1) < ROUNDING))


def warn_of_probabilities(name: str, activation: str) -> None:
    warnings.warn(
        f"{name} was handed probabilities, and applies {activation} itself: twice, it squeezes "
        f"all predictions together and learns slowly. Take the {activation} off, or use "
        + {"softmax": "categorical_cross_entropy.", "sigmoid": "binary_cross_entropy."}[activation],
        LossWarning,
        stacklevel=3,
    )
