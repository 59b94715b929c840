"""From an input that fails to a small one: fewer elements first, then simpler numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..graph import Array
from .compare import Comparison, weights_for
from .slope import Slope

ATTEMPTS = 150


def fails(
    level: Any, arrays: list[Array], order: int, seed: int, method: Callable[..., Slope]
) -> bool:
    """Whether the gradient of this order is wrong here, and not for a kink's sake."""
    rng = np.random.default_rng(seed)
    try:
        for _ in range(1, order):
            weights = weights_for(level.value(arrays), rng)
            level, arrays = level.gradient(len(arrays)), [*arrays, *weights]
        weights = weights_for(level.value(arrays), rng)
        gradients = level.pull(arrays, weights)
        found = Comparison(
            level, arrays, weights, gradients, seed=seed, method=method, enough=1
        ).run()
    except Exception:  # what f does not take is no smaller example
        return False
    return bool(found.wrong) and not found.kinks


def smallest_failing(
    arrays: list[Array], own: int, fails: Callable[[list[Array]], bool]
) -> list[Array]:
    """The smallest arrays found for which it `fails`; only the first `own` are changed."""
    best, attempts = list(arrays), 0
    improved = True
    while improved and attempts < ATTEMPTS:
        improved = False
        for candidate in _smaller(best, own):
            attempts += 1
            if fails(candidate):
                best, improved = candidate, True
                break
            if attempts >= ATTEMPTS:
                break
    return best


def _smaller(arrays: list[Array], own: int) -> Iterator[list[Array]]:
    """Candidates, the most simplifying ones first."""
    lengths = sorted({n for a in arrays[:own] for n in a.shape if n > 1}, reverse=True)
    for n in lengths:
        for m in dict.fromkeys((1, 2, n // 2, n - 1)):
            if m < n:  # every axis of this length at once, as they may have to agree
                yield [_cut(a, n, m) if i < own else a for i, a in enumerate(arrays)]
    for i, a in enumerate(arrays[:own]):
        for axis, n in enumerate(a.shape):
            if n > 1:
                yield [*arrays[:i], np.take(a, range(n // 2), axis), *arrays[i + 1 :]]
    for i, a in enumerate(arrays[:own]):
        for simple in (np.zeros_like(a), np.ones_like(a), np.round(a), np.round(a, 1)):
            if _simplicity(simple) < _simplicity(a):
                yield [*arrays[:i], simple, *arrays[i + 1 :]]
        if a.size <= 8:
            for at in np.ndindex(a.shape):
                for value in (0.0, 1.0, np.round(a[at]), np.round(a[at], 1)):
                    simple = a.copy()
                    simple[at] = value
                    if _simplicity(simple) < _simplicity(a):
                        yield [*arrays[:i], simple, *arrays[i + 1 :]]


def _cut(a: Array, n: int, m: int) -> Array:
    return a[tuple(slice(m) if length == n else slice(None) for length in a.shape)].copy()


def _simplicity(a: Array) -> int:
    """The less there is to write down, the simpler."""
    return sum(len(f"{value:g}") if value else 0 for value in a.reshape(-1).tolist())
