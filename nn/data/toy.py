"""Toy sets: points in the plane that a straight line cannot part, to watch a network learn.

Each is a formula plus noise: t = 0, 1, 0, 1, … in turn, so that every slice has its share of each
class, and a sample's place on the curve of its class is drawn evenly.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .batches import Pair, Seed

Array = NDArray[Any]


def moons(n: int = 200, noise: float = 0.1, rng: Seed = 0) -> Pair:
    """Two half circles that reach into each other.

    With a drawn from 0 to π: class 0 is (cos a, sin a), class 1 is (1 − cos a, ½ − sin a); then
    noise · N(0, 1) is added to each coordinate. x: (n, 2) float32; t: (n,) int64 of 0 and 1.

    Raises ValueError for n below 1 or a noise below 0.

    >>> x, t = moons(100)
    >>> x.shape, t[:4]
    ((100, 2), array([0, 1, 0, 1]))

    Source: scikit-learn, `make_moons`.
    """

    def curve(t: Array, s: Array) -> list[Array]:
        a = math.pi * s
        return [
            np.where(t == 0, np.cos(a), 1 - np.cos(a)),
            np.where(t == 0, np.sin(a), 0.5 - np.sin(a)),
        ]

    return _points("moons", curve, n, 2, noise, rng)


def circles(n: int = 200, noise: float = 0.05, factor: float = 0.5, rng: Seed = 0) -> Pair:
    """A circle around a smaller one.

    With a drawn from 0 to 2π and r = 1 for class 0, `factor` for class 1: (r cos a, r sin a), plus
    noise · N(0, 1). x: (n, 2) float32; t: (n,) int64 of 0 and 1.

    Raises ValueError for n below 1, a noise below 0, or a factor not between 0 and 1.

    >>> x, t = circles(6, noise=0)
    >>> np.hypot(*x.T).round(3)
    array([1. , 0.5, 1. , 0.5, 1. , 0.5], dtype=float32)

    Source: scikit-learn, `make_circles`.
    """
    if not 0 < factor < 1:
        raise ValueError(f"circles: factor={factor}; the inner radius is between 0 and 1.")

    def curve(t: Array, s: Array) -> list[Array]:
        a, r = 2 * math.pi * s, np.where(t == 0, 1, factor)
        return [r * np.cos(a), r * np.sin(a)]

    return _points("circles", curve, n, 2, noise, rng)


def spirals(
    n: int = 300, noise: float = 0.02, classes: int = 2, turns: float = 1.0, rng: Seed = 0
) -> Pair:
    """Arms that wind around each other, one for each class.

    With s drawn from 0 to 1, arm k goes outwards by r = s and around by a = 2π (turns · s +
    k / classes): (r cos a, r sin a), plus noise · N(0, 1). x: (n, 2) float32; t: (n,) int64 of
    0 … classes − 1.

    Raises ValueError for n or classes below 1, or a noise below 0.

    >>> x, t = spirals(300, classes=3)
    >>> np.bincount(t)
    array([100, 100, 100])

    Source: K. Lang, M. Witbrock, "Learning to Tell Two Spirals Apart", Connectionist Models Summer
    School 1988; with r = s as in A. Karpathy's CS231n notes.
    """
    if classes < 1:
        raise ValueError(f"spirals: classes={classes}; one arm at least.")

    def curve(t: Array, s: Array) -> list[Array]:
        a = 2 * math.pi * (turns * s + t / classes)
        return [s * np.cos(a), s * np.sin(a)]

    return _points("spirals", curve, n, classes, noise, rng)


def xor(n: int = 200, noise: float = 0.15, rng: Seed = 0) -> Pair:
    """The four corners that one layer cannot part: 1 where just one coordinate is 1.

    The corners (0, 0), (1, 0), (1, 1), (0, 1) in turn, of class 0, 1, 0, 1; plus noise · N(0, 1).
    x: (n, 2) float32; t: (n,) int64 of 0 and 1.

    Raises ValueError for n below 1 or a noise below 0.

    >>> x, t = xor(4, noise=0)
    >>> np.column_stack([x, t])
    array([[0., 0., 0.],
           [1., 0., 1.],
           [1., 1., 0.],
           [0., 1., 1.]])

    Source: M. Minsky, S. Papert, Perceptrons, 1969.
    """

    def curve(t: Array, s: Array) -> list[Array]:
        corner = np.arange(len(t)) % 4
        return [(corner % 3 > 0).astype(float), (corner > 1).astype(float)]

    return _points("xor", curve, n, 2, noise, rng)


def _points(
    name: str,
    curve: Callable[[Array, Array], list[Array]],
    n: int,
    classes: int,
    noise: float,
    rng: Seed,
) -> Pair:
    """`curve(t, s)` says where class t is at the share s of its way."""
    if n < 1 or not noise >= 0:
        raise ValueError(f"{name}: n={n}, noise={noise}; one point at least, and noise from 0 up.")
    rng = np.random.default_rng(rng)
    t = np.arange(n) % classes
    x = np.stack(curve(t, rng.random(n)), axis=1) + noise * rng.standard_normal((n, 2))
    return x.astype(np.float32), t
