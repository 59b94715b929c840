"""How far to go along a direction: until the strong Wolfe conditions hold."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

DECREASE, FLATTEN = 1e-4, 0.9  # c₁ and c₂, as recommended for quasi-Newton methods


class Point(NamedTuple):
    """The function along the line, at alpha."""

    alpha: float
    value: float
    slope: float
    gradient: Any


def strong_wolfe(
    evaluate: Callable[[float], tuple[float, Any]],
    direction: Any,
    value: float,
    gradient: Any,
    alpha: float,
    tries: int = 25,
) -> Point:
    """A point φ(α) = f(x + α·direction) that is lower and flatter than the start:

        φ(α) ≤ φ(0) + c₁·α·φ'(0)    and    |φ'(α)| ≤ c₂·|φ'(0)|

    `evaluate(alpha)` gives f and its gradient there. If no such point is found in so many tries,
    the lowest point seen is returned.

    Source: J. Nocedal, S. J. Wright, Numerical Optimization, 2006, algorithms 3.5 and 3.6.
    """
    start = Point(0.0, value, float(np.vdot(gradient, direction)), gradient)

    def at(alpha: float) -> Point:
        value, gradient = evaluate(alpha)
        return Point(alpha, value, float(np.vdot(gradient, direction)), gradient)

    def low_enough(p: Point) -> bool:
        return p.value <= start.value + DECREASE * p.alpha * start.slope

    def flat_enough(p: Point) -> bool:
        return abs(p.slope) <= -FLATTEN * start.slope

    best = low = start
    high: Point | None = None  # once known, a minimum lies between low and high
    for _ in range(tries):
        here = at(alpha)
        if here.value < best.value:
            best = here
        if not low_enough(here) or here.value >= low.value:
            high = here  # too far (or not a number)
        elif flat_enough(here):
            return here
        else:
            if here.slope * ((high.alpha if high else math.inf) - low.alpha) >= 0:
                high = low
            low = here
        if high is None:
            alpha = 2 * here.alpha
        else:
            alpha = _between(low, high)
            if abs(high.alpha - low.alpha) * abs(start.slope) < 1e-16 * max(1, abs(best.value)):
                break
    return best


def _between(a: Point, b: Point) -> float:
    """Where the cubic through both points and slopes is lowest; kept away from the ends."""
    low, high = sorted((a.alpha, b.alpha))
    margin = 0.1 * (high - low)
    guess = (low + high) / 2
    if math.isfinite(b.value) and math.isfinite(b.slope):
        d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.alpha - b.alpha)
        square = d1 * d1 - a.slope * b.slope
        if square >= 0:
            d2 = math.copysign(math.sqrt(square), b.alpha - a.alpha)
            below = b.slope - a.slope + 2 * d2
            if below:
                guess = b.alpha - (b.alpha - a.alpha) * (b.slope + d2 - d1) / below
    return min(max(guess, low + margin), high - margin)
