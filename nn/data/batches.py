"""From a data set to what a training step eats: split it, cut it in batches, encode its labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import numpy as np

from ..random import generator

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Array = np.ndarray[Any, np.dtype[Any]]
Pair = tuple[Array, Array]
Seed: TypeAlias = "int | np.random.Generator | None"


def to_categorical(
    labels: ArrayLike, num_classes: int | None = None
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """One-hot: 1 where the label is the class, 0 elsewhere; float32.

    (...) integers -> (..., num_classes), which is the largest label + 1 unless given.

    Raises TypeError for labels that are not integers, ValueError for negative or too large ones.

    >>> to_categorical([0, 2, 1])
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 1., 0.]], dtype=float32)

    Source: Keras, `keras.utils.to_categorical` (once `np_utils`).
    """
    t = np.asarray(labels)
    if not t.size and num_classes is None:
        raise ValueError("to_categorical: no labels, so no largest one. Pass num_classes=.")
    if t.size and t.dtype.kind not in "biu":
        raise TypeError(
            f"to_categorical: labels are {t.dtype}; classes are counted in integers. Write "
            "labels.astype(int) if they are whole numbers."
        )
    lowest, highest = (int(t.min()), int(t.max())) if t.size else (0, -1)
    classes = highest + 1 if num_classes is None else num_classes
    if lowest < 0:
        raise ValueError(
            f"to_categorical: label {lowest} is negative; classes count from 0. Were the labels "
            "to be shifted first?"
        )
    if highest >= classes:
        raise ValueError(
            f"to_categorical: label {highest} is too large for num_classes={classes}. Pass "
            f"num_classes={highest + 1}, or leave it out."
        )
    return np.asarray(t[..., np.newaxis] == np.arange(classes), dtype=np.float32)


def train_test_split(
    x: ArrayLike, t: ArrayLike, test_fraction: float = 0.2, seed: Seed = 0
) -> tuple[Pair, Pair]:
    """Hold out a part of a data set: `(x_train, t_train), (x_test, t_test)`, each class in both.

    x (N, ...) and t (N,) or one-hot (N, C) -> round(N · test_fraction) samples to test with, drawn
    class by class, so that every class has the same share (to one sample) in both parts. Both
    keep the order of the data. The same seed gives the same split; the global random state is
    neither read nor changed.

    Raises ValueError for different lengths, or for a fraction that leaves a part empty.

    >>> x, t = np.arange(10.0), np.array([0, 1] * 5)
    >>> (x_train, t_train), (x_test, t_test) = train_test_split(x, t, test_fraction=0.4)
    >>> np.bincount(t_train), np.bincount(t_test)
    (array([3, 3]), array([2, 2]))

    Source: proportional allocation, W. G. Cochran, *Sampling Techniques*, 3rd ed. 1977, ch. 5.
    """
    x, t = np.asarray(x), np.asarray(t)
    count = _length(x, t, "train_test_split")
    held_out = round(count * test_fraction)
    if not 0 < held_out < count:
        raise ValueError(
            f"train_test_split: test_fraction={test_fraction} of {count} samples holds out "
            f"{held_out}; both parts need one at least. Choose a fraction between 0 and 1."
        )
    classes = t if t.ndim == 1 else t.argmax(axis=-1)
    by_class = np.lexsort((np.random.default_rng(seed).random(count), classes))
    evenly = ((np.arange(held_out) + 0.5) * count / held_out).astype(np.intp)
    test = np.zeros(count, dtype=bool)
    test[by_class[evenly]] = True
    return (x[~test], t[~test]), (x[test], t[test])


@overload
def batches(
    x: ArrayLike, t: None = None, batch_size: int = 32, shuffle: bool = True, rng: Seed = None,
    drop_last: bool = False,
) -> Iterator[Array]: ...
@overload
def batches(
    x: ArrayLike, t: ArrayLike, batch_size: int = 32, shuffle: bool = True, rng: Seed = None,
    drop_last: bool = False,
) -> Iterator[Pair]: ...
def batches(
    x: ArrayLike, t: ArrayLike | None = None, batch_size: int = 32, shuffle: bool = True,
    rng: Seed = None, drop_last: bool = False,
) -> Iterator[Any]:
    """One epoch in mini-batches: every sample once, in random order unless shuffle=False.

    x (N, ...) -> (batch_size, ...), the last one smaller, or left out with drop_last; with t
    (N, ...) pairs of both. `rng` is a seed, or a Generator, which gives every epoch another order;
    without it the order comes from what `nn.seed` sets.

    Raises ValueError for different lengths, or a batch_size below 1: at the call, not later.

    >>> for x, t in batches(np.arange(5), np.arange(5) ** 2, batch_size=2, shuffle=False):
    ...     print(x, t)
    [0 1] [0 1]
    [2 3] [4 9]
    [4] [16]

    Batches without end, to take one at a time (TensorFlow's `next_batch`):

    >>> from itertools import chain, count
    >>> rng = np.random.default_rng(0)
    >>> endless = chain.from_iterable(batches(np.arange(5), None, 2, rng=rng) for _ in count())
    >>> x = next(endless)

    Source: L. Bottou, "Stochastic Gradient Descent Tricks", 2012, section 2.2 (shuffle).
    """
    if not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
        raise ValueError(f"batches: batch_size={batch_size!r}; a batch needs 1 sample at least.")
    arrays = [np.asarray(x)] if t is None else [np.asarray(x), np.asarray(t)]
    size = _length(arrays[0], arrays[-1], "batches")
    order = generator(rng).permutation(size) if shuffle else None
    parts = places(size, batch_size, order, drop_last)
    if t is None:
        return (arrays[0][here] for here in parts)
    return (tuple(a[here] for a in arrays) for here in parts)


def places(
    size: int, batch_size: int, order: Array | None = None, drop_last: bool = False
) -> Iterator[slice | Array]:
    """What to index arrays of `size` samples with, for one batch after the other."""
    stop = size - size % batch_size if drop_last else size
    for start in range(0, stop, batch_size):
        here = slice(start, start + batch_size)
        yield here if order is None else order[here]


def _length(x: Array, t: Array, who: str) -> int:
    if not x.ndim or not t.ndim:
        raise ValueError(f"{who}: a single number has no samples to choose from. Wrap it: [x].")
    if len(x) != len(t):
        raise ValueError(
            f"{who}: x has {len(x)} samples (shape {x.shape}), t has {len(t)} (shape {t.shape}); "
            "sample i of one belongs to sample i of the other. Slice both alike."
        )
    return len(x)
