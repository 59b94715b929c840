"""The comparison at the heart: a gradient against differences, first along one random direction.

Along a random direction over a whole input, the slope of a random sum of the outputs needs some
seven evaluations, however many elements there are, and a single wrong element shows. Only when
something is wrong is the input halved, and halved again, until the element is found.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..graph import Array
from .slope import Slope, noise, slope

RELATIVE = 1e-9
"""How much a gradient may differ, beside the difference's own error: ChainRulesTestUtils' rtol."""

FLOOR = 1e-14
"""What counts as no slope: in units of an output's typical size, for a step of the input's size."""

ENOUGH = 8  # wrong elements are enough to see the pattern
BUDGET = 1000  # slopes to examine at one order in search of the wrong elements, or of the kinks


@dataclass(frozen=True)
class Wrong:
    """A gradient that the differences do not confirm, at one element (None: along a direction)."""

    input: int
    index: tuple[int, ...] | None
    analytic: float
    numeric: float
    error: float
    step: float


@dataclass(frozen=True)
class Kink:
    """An element at which the slopes from the left and from the right differ."""

    input: int
    index: tuple[int, ...] | None
    left: float
    right: float
    analytic: float


class Comparison:
    """Compares gradients at one point with differences of `value`, and keeps what it found.

    `value(arrays)` gives a list of output arrays; `weights`, one for each output, are the gradients
    that arrived there; `gradients`, one for each input, are what is to be confirmed (None: skip).
    """

    def __init__(
        self,
        value: Callable[[list[Array]], Sequence[Array]],
        arrays: Sequence[Array],
        weights: Sequence[Array],
        gradients: Sequence[Array | None],
        *,
        skip: Collection[tuple[int, tuple[int, ...]]] = (),
        seed: int = 0,
        method: Callable[..., Slope] = slope,
    ) -> None:
        self.value = value
        self.arrays = list(arrays)
        self.weights = weights
        self.chosen = [None if w.all() else w != 0 for w in weights]
        self.skip = skip
        self.gradients = gradients
        self.rng = np.random.default_rng(seed)
        self.method = method
        self.eps = max((float(np.finfo(w.dtype).eps) for w in weights), default=0.0)
        self.wrong: list[Wrong] = []
        self.kinks: list[Kink] = []
        self.evaluations = 0
        self.errors = [0.0] * len(self.arrays)  # the largest, relative to the gradient's size
        sizes = [_typical(w * out) for w, out in zip(weights, value(self.arrays), strict=True)]
        self.floor = FLOOR * (max(sizes, default=0) or 1.0)
        self.budget = BUDGET
        self.unexamined = 0  # elements that the budget left out

    def run(self, directions: int = 1) -> Comparison:
        for i, gradient in enumerate(self.gradients):
            if gradient is None:
                continue
            asked = np.ones(gradient.shape, bool)
            for j, index in self.skip:
                if i == j:
                    asked[index] = False
            if any(chosen is not None for chosen in self.chosen):  # some outputs are infinite here
                asked &= np.isfinite(gradient)
            part = np.flatnonzero(asked)
            for _ in range(directions if len(part) > 1 else len(part)):
                found = len(self.wrong) + len(self.kinks)
                self._examine(i, part, _direction(self.arrays[i], self.rng))
                if len(self.wrong) + len(self.kinks) > found:
                    break
        return self

    def at(self, i: int, index: tuple[int, ...]) -> Wrong | Kink:
        """What the gradient and the differences say of one element."""
        direction = _direction(self.arrays[i], self.rng)
        place = int(np.ravel_multi_index(index, self.arrays[i].shape))
        analytic, _, _, found = self._slope(i, np.array([place]), direction)
        verdict = _verdict if found.smooth else _kink
        return verdict(i, index, analytic, found, float(direction[place]))

    def _examine(self, i: int, part: Array, direction: Array) -> None:
        """Compares along the direction, in these elements of input i; halves them on doubt."""
        if len(self.wrong) >= ENOUGH:
            return
        if self.budget <= 0:
            self.unexamined += len(part)
            return
        self.budget -= 1
        analytic, scale, phi, found = self._slope(i, part, direction)
        tolerance = 10 * found.error + RELATIVE * max(scale, abs(found.value)) + self.floor
        agrees = abs(analytic - found.value) <= tolerance
        vague = found.error > 1e-6 * max(scale, abs(found.value)) > 0 and len(part) > 1
        if agrees and found.smooth and not vague:
            if scale:
                self.errors[i] = max(self.errors[i], abs(analytic - found.value) / scale)
            return
        if len(part) > 1:
            before = len(self.wrong) + len(self.kinks)
            for half in np.array_split(part, 2):
                self._examine(i, half, direction)
            if len(self.wrong) + len(self.kinks) > before or (agrees and found.smooth):
                return
            index, unit = None, 1.0
        else:
            index = tuple(map(int, np.unravel_index(int(part[0]), self.arrays[i].shape)))
            unit = float(direction[part[0]])
        if not found.smooth:
            self.kinks.append(_kink(i, index, analytic, found, unit))
            return
        if math.isfinite(analytic):  # perhaps φ is only rougher than its size lets expect
            tolerance += 20 * noise(phi) / found.step
        if not abs(analytic - found.value) <= tolerance:
            self.wrong.append(_verdict(i, index, analytic, found, unit))

    def _slope(
        self, i: int, part: Array, direction: Array
    ) -> tuple[float, float, Callable[[float], tuple[float, float]], Slope]:
        shape = self.arrays[i].shape
        along = np.zeros(direction.size)
        along[part] = direction[part]
        gradient = self.gradients[i]
        assert gradient is not None
        shares = gradient.reshape(-1)[part] * direction[part]
        analytic, scale = float(shares.sum()), float(np.sqrt(np.vdot(shares, shares)))
        moved = list(self.arrays)
        along = along.reshape(shape)

        def phi(t: float) -> tuple[float, float]:
            self.evaluations += 1
            x = np.asarray(self.arrays[i] + t * along)
            moved[i] = x if x.dtype.kind == "c" else x.astype(self.arrays[i].dtype, copy=False)
            products = [
                w * y if chosen is None else w[chosen] * y[chosen]
                for w, y, chosen in zip(self.weights, self.value(moved), self.chosen, strict=True)
            ]
            total = sum(p.sum().item() for p in products)
            return total, sum(float(np.abs(p).sum()) for p in products)

        with np.errstate(all="ignore"):
            return analytic, scale, phi, self.method(phi, self.eps, scale)


def _verdict(i: int, index: Any, analytic: float, found: Slope, unit: float) -> Wrong:
    error, step = found.error / abs(unit), found.step * abs(unit)
    return Wrong(i, index, analytic / unit, found.value / unit, error, step)


def _kink(i: int, index: Any, analytic: float, found: Slope, unit: float) -> Kink:
    sides = [side / unit for side in found.sides]
    left, right = sides if unit > 0 else sides[::-1]
    return Kink(i, index, left, right, analytic / unit)


def _direction(array: Array, rng: np.random.Generator) -> Array:
    """A random direction as large as the input is, element by element: no two of equal size, so
    that no accident hides an exchange of two elements."""
    size = np.abs(array).reshape(-1)
    size = np.maximum(np.where(np.isfinite(size), size, 0), 0.1 * _typical(array) or 1.0)
    return size * _signs(size.shape, rng)


def weights_for(outputs: Sequence[Array], rng: np.random.Generator) -> list[Array]:
    """Random gradients to send into the outputs; 1 into a single number. Of several outputs, each
    counts the same, however large; what is not finite counts 0."""
    if len(outputs) == 1 and outputs[0].size == 1:
        return [np.ones_like(outputs[0])]
    weights: list[Any] = []
    for out in outputs:
        w = _signs(out.shape, rng) / (_typical(out) or 1.0 if len(outputs) > 1 else 1.0)
        weights.append(np.where(np.isfinite(out), w, 0).astype(out.dtype))
    return weights


def _signs(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Random numbers of about one size, none near 0."""
    return rng.uniform(0.5, 1.0, shape) * rng.choice([-1.0, 1.0], shape)


def _typical(array: Array) -> float:
    """The size of an array's elements, by their mean square; 0 if there are none."""
    finite = array[np.isfinite(array)]
    return math.sqrt(float(np.mean(np.abs(finite) ** 2))) if finite.size else 0.0
