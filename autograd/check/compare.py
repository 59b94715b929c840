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

FLOOR = 1e-13
"""What counts as no slope: in units of an output's typical size, for a step of the input's size."""

ENOUGH = 8  # wrong elements are enough to see the pattern
BUDGET = 1000  # slopes to examine at one order in search of the wrong elements, or of the kinks


@dataclass(frozen=True)
class Wrong:
    """An element of a gradient that the differences do not confirm."""

    input: int
    index: tuple[int, ...]
    analytic: float
    numeric: float
    error: float
    step: float


@dataclass(frozen=True)
class Kink:
    """An element at which the slopes from the left and from the right differ; `index` is None if
    they do so only when several elements move at once."""

    input: int
    index: tuple[int, ...] | None
    left: float
    right: float
    analytic: float


@dataclass(frozen=True)
class Line:
    """One direction: φ along it, and what the gradient says of φ's slope."""

    input: int
    phi: Callable[..., Array]  # t ↦ the terms of φ(t)
    along: Array
    analytic: float
    scale: float  # the size of the terms that add up to it
    unit: float  # the direction's length, if it is along one element


class Comparison:
    """Compares gradients at one point with differences, and keeps what it found.

    `level.value(arrays)` gives a list of output arrays; `weights`, one for each output, are the
    gradients that arrive there; `gradients`, one for each input, are what `level.pull(arrays,
    weights)` gave, and is to be confirmed.
    """

    def __init__(
        self,
        level: Any,
        arrays: Sequence[Array],
        weights: Sequence[Array],
        gradients: Sequence[Array],
        *,
        skip: Collection[tuple[int, tuple[int, ...]]] = (),
        seed: int = 0,
        method: Callable[..., Slope] = slope,
        enough: int = ENOUGH,
    ) -> None:
        self.level = level
        self.arrays = list(arrays)
        self.weights = weights
        self.chosen = [None if w.all() else w != 0 for w in weights]
        self.skip = skip
        self.gradients = gradients
        self.rng = np.random.default_rng(seed)
        self.method = method
        self.enough = enough
        self.eps = max((float(np.finfo(w.dtype).eps) for w in weights), default=0.0)
        self.wrong: list[Wrong] = []
        self.kinks: list[Kink] = []
        self.evaluations = 0
        self.errors = [0.0] * len(self.arrays)  # the largest, relative to the gradient's size
        outputs = level.value(self.arrays)
        heaviest = max((float(np.abs(w).max(initial=0)) for w in weights), default=0)
        self.floor = FLOOR * heaviest * (max(map(typical, outputs), default=0) or 1.0)
        self.budget = BUDGET
        self.left_out = [0] * len(self.arrays)  # elements whose gradient is not finite, of each
        self.unexamined = 0  # elements that the budget left out

    def run(self, directions: int = 1) -> Comparison:
        for i, gradient in enumerate(self.gradients):
            asked = np.ones(gradient.shape, bool)
            for j, index in self.skip:
                if i == j:
                    asked[index] = False
            if any(chosen is not None for chosen in self.chosen):  # some outputs are infinite here
                finite = np.isfinite(gradient)
                self.left_out[i] = int(np.count_nonzero(asked & ~finite))
                asked &= finite
            part = np.flatnonzero(asked)
            for _ in range(directions if len(part) > 1 else len(part)):
                found = len(self.wrong) + len(self.kinks)
                self._examine(i, part, _direction(self.arrays[i], self.rng))
                if len(self.wrong) + len(self.kinks) > found:
                    break
        return self

    def at(self, i: int, index: tuple[int, ...]) -> Wrong | Kink:
        """What the gradient and the differences say of one element."""
        line = self._line(i, [int(np.ravel_multi_index(index, self.arrays[i].shape))])
        line, found = self._closer(line, self._slope(line))
        if not found.smooth:
            return _kink(line, index, found)
        return _verdict(line, index, self._doubted(line, found))

    def _examine(self, i: int, part: Array, direction: Array) -> None:
        """Compares along the direction, in these elements of input i; halves them on doubt."""
        if len(self.wrong) >= self.enough:
            return
        if self.budget <= 0:
            self.unexamined += len(part)
            return
        self.budget -= 1
        line = self._line(i, part, direction)
        found = self._slope(line)
        if not found.smooth and len(part) > 1:  # each by its own size stays within the domain
            own = _own_size(self.arrays[i].reshape(-1), direction)
            line = self._line(i, part, own)
            found = self._slope(line)
        agrees = found.smooth and self._agrees(line, found)
        nothing = found.value == line.scale == 0  # as at order 2 of what is linear
        if agrees and (_sharp(found) or nothing or len(part) == 1):
            if line.scale:
                self.errors[i] = max(self.errors[i], abs(line.analytic - found.value) / line.scale)
            return
        index = None
        if len(part) > 1:
            before = len(self.wrong) + len(self.kinks)
            for half in np.array_split(part, 2):
                self._examine(i, half, direction)
            # Right in every element and yet not along the direction: that is rounding. A kink can
            # be there all the same, as that of ∛(x y) at 0.
            if found.smooth or len(self.wrong) + len(self.kinks) > before:
                return
        else:
            line, found = self._closer(line, found)
            index = tuple(map(int, np.unravel_index(int(part[0]), self.arrays[i].shape)))
        doubted = self._doubted(line, found)
        if found.jump and not found.smooth:
            self.kinks.append(_kink(line, index, found))
        elif not self._agrees(line, doubted):
            if found.smooth:
                self.wrong.append(_verdict(line, index, doubted))
            else:
                self.kinks.append(_kink(line, index, found))

    def _slope(self, line: Line) -> Slope:
        return self.method(line.phi, self.eps, line.scale)

    def _closer(self, line: Line, found: Slope) -> tuple[Line, Slope]:
        """A second opinion where something seems wrong at an element: by steps of the element's own
        size if its neighbours are larger (it may be near a kink or a pole, yet not at it), then by
        far smaller ones (sin(x - 1e6) turns many times on the way from x to 1.1 x)."""
        (place,) = np.flatnonzero(line.along)
        along = line.along.reshape(-1)
        own = _own_size(self.arrays[line.input].reshape(-1), along)
        for direction in (own, 1e-5 * own):
            if found.smooth and self._agrees(line, found):
                break
            if direction[place] != along[place]:
                near = self._line(line.input, [int(place)], direction)
                nearer = self._slope(near)
                confirms = nearer.smooth and self._agrees(near, nearer) and _sharp(nearer, 1e-8)
                if direction is own or confirms:
                    line, found = near, nearer
        return line, found

    def _agrees(self, line: Line, found: Slope) -> bool:
        near = RELATIVE * found.scale + self.floor
        return abs(line.analytic - found.value) <= 10 * found.error + near

    def _line(self, i: int, part: Any, direction: Array | None = None) -> Line:
        """φ(t) = Σ w · value, with the elements `part` of input i moved by t · direction."""
        x, gradient = self.arrays[i], self.gradients[i]
        if direction is None:
            direction = _direction(x, self.rng)
        along = np.zeros(direction.size)
        along[part] = direction[part]
        along = along.reshape(x.shape)

        def phi(t: Any, arrays: Sequence[Array] = self.arrays) -> Array:
            self.evaluations += 1
            y = np.asarray(arrays[i] + t * along)
            moved = list(arrays)
            moved[i] = y if y.dtype.kind == "c" else y.astype(x.dtype, copy=False)
            try:
                outputs = self.level.value(moved)
            except (ArithmeticError, ValueError):  # outside the domain (LinAlgError is one, too)
                return np.array([math.nan])
            terms = [
                (w * y).reshape(-1) if chosen is None else w[chosen] * y[chosen]
                for w, y, chosen in zip(self.weights, outputs, self.chosen, strict=True)
            ]
            return terms[0] if len(terms) == 1 else np.concatenate(terms)

        shares = gradient.reshape(-1)[part] * direction[part]
        unit = float(direction[part[0]]) if len(part) == 1 else 1.0
        size = float(np.sqrt(np.vdot(shares, shares)))
        size = size if math.isfinite(size) else 0.0
        return Line(i, phi, along, float(shares.sum()), size, unit)

    def _doubted(self, line: Line, found: Slope) -> Slope:
        """The slope with a larger error: φ may be rougher than its values let expect, the gradient
        of an ill-conditioned function vague. Both show when the inputs move by rounding."""
        if not math.isfinite(line.analytic) or not math.isfinite(found.step):
            return found
        values, gradients = [line.phi(0.0).sum().item()], []
        for _ in range(3):
            moved = [
                (a * (1 + 2 * self.eps * self.rng.choice([-1.0, 1.0], a.shape))).astype(a.dtype)
                for a in self.arrays
            ]
            values.append(line.phi(0.0, moved).sum().item())
            pulled = self.level.pull(moved, self.weights)[line.input]
            gradients.append(float((pulled * line.along).sum()))
        rough = max(noise(line.phi), noise(line.phi, 1e-3), float(np.ptp(values)))
        size = float(np.abs(line.phi(0.0)).sum())
        if rough > self.eps * size > 0:  # larger steps are to be trusted, then
            found = self.method(line.phi, rough / size, line.scale)
        error = found.error + 2 * (rough / found.step + float(np.ptp(gradients)))
        return found._replace(error=error)


def _sharp(found: Slope, relative: float = 1e-6) -> bool:
    """Whether it is known well enough to confirm something."""
    return found.error <= relative * found.scale


def _verdict(line: Line, index: Any, found: Slope) -> Wrong:
    unit = line.unit
    sizes = found.error / abs(unit), found.step * abs(unit)
    return Wrong(line.input, index, line.analytic / unit, found.value / unit, *sizes)


def _kink(line: Line, index: Any, found: Slope) -> Kink:
    unit = line.unit
    left, right = found.sides if unit > 0 else found.sides[::-1]
    return Kink(line.input, index, left / unit, right / unit, line.analytic / unit)


def _direction(array: Array, rng: np.random.Generator) -> Array:
    """A random direction as large as the input is, element by element: no two of equal size, so
    that no accident hides an exchange of two elements."""
    size = np.abs(array).reshape(-1)
    size = np.maximum(np.where(np.isfinite(size), size, 0), 0.1 * typical(array) or 1.0)
    return size * _signs(size.shape, rng)


def _own_size(x: Array, direction: Array) -> Array:
    """The direction, but nowhere longer than the element itself (if that is not 0)."""
    size, length = np.abs(x), np.abs(direction)
    return np.copysign(np.where(size > 0, np.minimum(size, length), length), direction)


def weights_for(outputs: Sequence[Array], rng: np.random.Generator) -> list[Array]:
    """Random gradients to send into the outputs; 1 into a single number. Of several outputs, each
    counts the same, however large; what is not finite counts 0."""
    if len(outputs) == 1 and outputs[0].size == 1:
        return [np.ones_like(outputs[0])]
    weights: list[Any] = []
    least = 1e-3 * max(map(typical, outputs), default=0) or 1.0  # what is far less is noise
    for out in outputs:
        w = _signs(out.shape, rng) / (max(typical(out), least) if len(outputs) > 1 else 1.0)
        weights.append(np.where(np.isfinite(out), w, 0).astype(out.dtype))
    return weights


def _signs(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Random numbers of about one size, none near 0."""
    return rng.uniform(0.5, 1.0, shape) * rng.choice([-1.0, 1.0], shape)


def typical(array: Array) -> float:
    """The size of an array's elements, by their mean square; 0 if there are none."""
    size = np.abs(array[np.isfinite(array)])
    largest = float(size.max(initial=0.0))
    return largest * math.sqrt(float(np.mean((size / largest) ** 2))) if largest else 0.0
