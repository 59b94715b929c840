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

Line = Callable[[float], tuple[float, float]]
"""t ↦ (φ(t), the size of what was summed to get it, for judging its rounding error)."""

FIRST_STEP, LAST_STEP = 0.1, 1e-10  # in units of the direction, which is scaled to the input
COLUMNS = 7  # orders of extrapolation


class Slope(NamedTuple):
    """dφ/dt at 0, how wrong it may be, and how much larger it is on the right than on the left."""

    value: float
    error: float
    jump: float
    step: float
    smooth: bool

    @property
    def sides(self) -> tuple[float, float]:
        """The slopes on the left and on the right."""
        return self.value - self.jump / 2, self.value + self.jump / 2


def slope(phi: Line, eps: float, scale: float = 0.0) -> Slope:
    """Extrapolates until the error is 1e-10 of the slope (or of `scale`), or rounding wins."""
    center, size = phi(0.0)
    h = FIRST_STEP
    slopes, jumps = _Extrapolation(4.0, 4.0), _Extrapolation(2.0, 4.0)  # even, odd powers of h
    rise = 0.0
    while h > LAST_STEP:
        (right, right_size), (left, left_size) = phi(h), phi(-h)
        if math.isfinite(right) and math.isfinite(left):
            size = max(size, right_size, left_size)
            rise = abs(right - left)
            noise = 2 * eps * (size + scale) / h  # the outputs are rounded, and x + h is
            slopes.add((right - left) / (2 * h), noise, h)
            jumps.add((right - 2 * center + left) / h, 2 * noise, h)
            seen = max(abs(slopes.value), abs(jumps.value), scale)  # what counts as large
            if (
                slopes.rows >= 3
                and slopes.error <= max(1e-10 * max(abs(slopes.value), scale), 2 * noise)
                and jumps.error <= max(1e-7 * seen, 4 * noise)
            ):
                break
        h /= 2
    else:
        if slopes.grew and rise > 1e-8 * size:  # a step, or an infinite slope
            return Slope(slopes.value, slopes.error, math.inf, slopes.step, False)
    jump = jumps.value if abs(jumps.value) > 20 * jumps.error else 0.0
    seen = max(abs(slopes.value) + abs(jump) / 2, scale, size)
    vague = slopes.error > max(0.01 * max(abs(slopes.value), scale), 1e-6 * size)
    smooth = slopes.rows > 0 and abs(jump) <= 1e-6 * seen and not vague
    return Slope(slopes.value, slopes.error, jump, slopes.step, smooth)


def unit_slope(phi: Line, eps: float, scale: float = 0.0) -> Slope:
    """Exact for a φ that is linear, but for rounding: no step is too large."""
    (right, size), (left, _) = phi(1.0), phi(-1.0)
    return Slope((right - left) / 2, 4 * eps * (size + scale), 0.0, 1.0, True)


def complex_slope(phi: Callable[[Any], Any], eps: float, scale: float = 0.0) -> Slope:
    """Im φ(ih)/h: exact to the last digits, for a φ that is analytic and computes on complex
    numbers (J. R. R. A. Martins et al., "The complex-step derivative approximation", 2003)."""
    h = 1e-100
    value, size = phi(h * 1j)
    if not isinstance(value, complex):
        raise TypeError(
            'step="complex" needs a function that gives complex numbers for complex ones.'
        )
    return Slope(value.imag / h, 8 * eps * (size + scale), 0.0, h, True)


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
        return bool(self.row) and abs(self.row[0]) > 1000 * self.first


def noise(phi: Line, spacing: float = 1e-9) -> float:
    """How far off φ's values are by rounding, from how rough φ is over seven very near points."""
    differences = np.array([phi(k * spacing)[0] for k in range(-3, 4)])
    levels = []
    for k in range(1, 7):
        differences = np.diff(differences)
        weight = math.factorial(k) ** 2 / math.factorial(2 * k)
        levels.append(math.sqrt(weight * float(np.mean(differences**2))))
    return float(np.median(levels[3:]))
