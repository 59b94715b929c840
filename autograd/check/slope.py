"""The slope of a function of one number, by differences, with an estimate of its own error.

Central differences at steps h, h/2, h/4, … are extrapolated to h → 0 (Ridders' method), which
leaves an error of about 1e-12 for smooth functions. The same evaluations tell how the slope jumps
from the left of the point to its right: at a kink the jump stays as h shrinks.

Sources: C. J. F. Ridders, "Accurate computation of F′(x) and F′(x)F″(x)", 1982; J. J. Moré and
S. M. Wild, "Estimating computational noise", 2011.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..graph import Array

Terms = Callable[[Any], Array]
"""t ↦ the terms that add up to φ(t): their sizes tell how far rounding can have moved the sum."""

FIRST_STEP, LAST_STEP = 0.1, 1e-10  # in units of the direction, which is scaled to the input
COLUMNS = 7  # orders of extrapolation


class Slope(NamedTuple):
    """dφ/dt at 0, how wrong it may be, and how much larger it is on the right than on the left."""

    value: float
    error: float
    jump: float  # infinite if the slope is
    step: float
    smooth: bool
    scale: float  # the size of the terms that add up to it

    @property
    def sides(self) -> tuple[float, float]:
        """The slopes on the left and on the right."""
        return self.value - self.jump / 2, self.value + self.jump / 2


def slope(phi: Terms, eps: float, scale: float = 0.0) -> Slope:
    """Extrapolates until the error is 1e-10 of the slope (or of `scale`), or rounding wins."""
    terms = phi(0.0)
    center, size = terms.sum().item(), _size(terms)
    h = FIRST_STEP
    slopes, jumps = _Extrapolation(4.0, 4.0), _Extrapolation(2.0, 4.0)  # even, odd powers of h
    rise, bend, terms_scale = 0.0, 0.0, scale
    while h > LAST_STEP:
        ahead, behind = phi(h), phi(-h)
        right, left = ahead.sum().item(), behind.sum().item()
        if math.isfinite(right) and math.isfinite(left):
            size = max(size, _size(ahead), _size(behind))
            rise, bend, change = abs(right - left), abs(right - 2 * center + left), ahead - behind
            noise = 2 * eps * (size + scale) / h  # the outputs are rounded, and x + h is
            slopes.add((right - left) / (2 * h), noise, h)
            jumps.add((right - 2 * center + left) / h, 2 * noise, h)
            terms_scale = max(scale, math.sqrt(np.vdot(change, change)) / (2 * h))
            seen = max(abs(slopes.value), abs(jumps.value), scale)  # what counts as large
            if (
                slopes.rows >= 3
                and slopes.error <= max(1e-10 * max(abs(slopes.value), scale), 2 * noise)
                and jumps.error <= max(1e-7 * seen, 4 * noise)
            ):
                break
        h /= 2
    else:
        endless = (slopes.grew and rise > 1e-8 * size) or (jumps.grew and bend > 1e-8 * size)
        if not slopes.rows or endless:  # the edge of a domain, a step, a cusp
            return Slope(slopes.value, slopes.error, math.inf, slopes.step, False, scale)
    jump = jumps.value if abs(jumps.value) > 20 * jumps.error else 0.0
    seen = max(abs(slopes.value) + abs(jump) / 2, scale, size)
    vague = slopes.error > max(0.01 * max(abs(slopes.value), scale), 1e-6 * size)
    smooth = abs(jump) <= 1e-6 * seen and not vague
    return Slope(slopes.value, slopes.error, jump, slopes.step, smooth, terms_scale)


def unit_slope(phi: Terms, eps: float, scale: float = 0.0) -> Slope:
    """Exact for a φ that is linear, but for rounding: no step is too large."""
    ahead, behind = phi(1.0), phi(-1.0)
    scale = max(scale, _size(ahead - behind) / 2)
    error = 4 * eps * (_size(ahead) + scale)
    return Slope((ahead - behind).sum().item() / 2, error, 0.0, 1.0, True, scale)


def complex_slope(phi: Terms, eps: float, scale: float = 0.0) -> Slope:
    """Im φ(ih)/h: exact to the last digits, for a φ that is analytic and computes on complex
    numbers (J. R. R. A. Martins et al., "The complex-step derivative approximation", 2003)."""
    h = 1e-100
    terms = phi(h * 1j)
    if terms.dtype.kind != "c":
        raise TypeError(
            'step="complex" needs a function that gives complex numbers for complex ones.'
        )
    slopes = terms.imag / h
    scale = max(scale, _size(slopes))
    return Slope(slopes.sum().item(), 8 * eps * (_size(terms) + scale), 0.0, h, True, scale)


class _Extrapolation:
    """Richardson's: from values at h, h/2, h/4, … to the limit, keeping the most trusted one."""

    def __init__(self, first: float, ratio: float) -> None:
        self.factors = [first * ratio**k for k in range(COLUMNS - 1)]
        self.row: list[float] = []
        self.rows = 0
        self.first = 0.0
        self.value = self.error = math.inf
        self.step = math.nan

    def add(self, value: float, noise: float, h: float) -> None:
        above, self.row = self.row, [value]
        self.first = self.first if self.rows else abs(value)
        self.rows += 1
        for factor, older in zip(self.factors, above, strict=False):
            last = self.row[-1]
            better = last + (last - older) / (factor - 1)
            error = max(abs(better - last), abs(better - older)) + noise
            if not error >= self.error:
                self.value, self.error, self.step = better, error, h
            self.row.append(better)

    @property
    def grew(self) -> bool:
        """Whether the values went up without end as h went down."""
        return bool(self.row) and abs(self.row[0]) > 100 * self.first


def _size(terms: Array) -> float:
    return np.abs(terms).sum().item()


def noise(phi: Terms, spacing: float = 1e-9) -> float:
    """How far off φ's values are by rounding, from how rough φ is over seven near points: as near
    as they can be without falling onto one and the same rounded value. What is smooth in φ is as
    good as gone from differences of differences of …, of up to sixth order."""
    while True:
        differences = np.array([phi(k * spacing).sum().item() for k in range(-3, 4)])
        if len(np.unique(differences)) > 3 or spacing > 1e-5:
            break
        spacing *= 100
    levels = []
    for k in range(1, 7):
        differences = np.diff(differences)
        weight = math.factorial(k) ** 2 / math.factorial(2 * k)
        levels.append(math.sqrt(weight * float(np.mean(differences**2))))
    return min(levels[3:])
