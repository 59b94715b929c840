"""1,797 real handwritten digits, 8 by 8, that come with the library: no download, no waiting."""

from __future__ import annotations

import gzip
from importlib.resources import files

import numpy as np

from .batches import Pair, to_categorical, train_test_split


def load_digits(
    normalize: bool = True,
    flatten: bool = True,
    one_hot_label: bool = False,
    test_fraction: float = 0.2,
    seed: int = 0,
) -> tuple[Pair, Pair]:
    """The small digits set, as `(x_train, t_train), (x_test, t_test)`: an MNIST for the road.

    x: (N, 64), or (N, 1, 8, 8) unless flatten; float32 in 0..1, or uint8 in 0..16 unless
    normalize. t: (N,) int64 in 0..9, or (N, 10) float32 if one_hot_label. N: 1,438 and 359; each
    digit has the same share in both parts, and the split depends on `seed` alone.

    Raises ValueError for a test_fraction that is not between 0 and 1.

    >>> (x_train, t_train), (x_test, t_test) = load_digits()
    >>> x_train.shape, t_train.shape, x_test.shape, t_test.shape
    ((1438, 64), (1438,), (359, 64), (359,))

    Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine
    Learning Repository, 1998, doi:10.24432/C50P49, CC BY 4.0; its test part.
    """
    with (files(__package__) / "digits.csv.gz").open("rb") as packed, gzip.open(packed) as file:
        table = np.loadtxt(file, dtype=np.uint8, delimiter=",")
    pixels, labels = table[:, :-1], table[:, -1]
    x = pixels.reshape((-1, 64) if flatten else (-1, 1, 8, 8))
    return train_test_split(
        np.divide(x, 16, dtype=np.float32) if normalize else x,
        to_categorical(labels, 10) if one_hot_label else labels.astype(np.int64),
        test_fraction=test_fraction,
        seed=seed,
    )
