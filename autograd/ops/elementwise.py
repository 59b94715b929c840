"""Ops that work element by element. `x` and `y` are the inputs, `g` the gradient that arrives.

Rules may return more than an input's shape: the engine sums what broadcasting has stretched.
Python's own numbers and `math` keep float32 float32; a NumPy float64 scalar would not.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from ..declare import constant
from ..declare import elementwise as _elementwise

elementwise = partial(_elementwise, register=True)

# -- arithmetic ---------------------------------------------------------------------------------

add = elementwise(np.add, lambda g: g, lambda g: g, formula="x + y")
subtract = elementwise(np.subtract, lambda g: g, lambda g: -g, formula="x − y")
multiply = elementwise(np.multiply, lambda g, y: g * y, lambda g, x: g * x, formula="x · y")
divide = elementwise(
    np.divide,
    lambda g, y: g / y,
    lambda g, y, out: -g * out / y,
    formula="x / y",
    kinks=lambda x, y: y,
)
negative = elementwise(np.negative, lambda g: -g, formula="−x")
positive = elementwise(np.positive, lambda g: g, formula="+x")
reciprocal = elementwise(np.reciprocal, lambda g, out: -g * out * out, formula="1 / x", kinks=lambda x: x)
square = elementwise(np.square, lambda g, x: g * (2 * x), formula="x²")
sqrt = elementwise(np.sqrt, lambda g, out: g / (2 * out), formula="√x", domain=(0.1, 5))


def _power_wrt_x(g, x, y):  # type: ignore[no-untyped-def]
    """y · x^(y−1); where y is 0 the power is 1 everywhere, so the slope is 0, at x = 0 too."""
    still = _values(y) == 0
    if not np.any(still):
        return g * y * np.power(x, y - 1)
    return g * y * np.power(np.where(still, 1, x), np.where(still, 1, y) - 1)


def _power_wrt_y(g, x, y, out):  # type: ignore[no-untyped-def]
    """x^y · log x; at x = 0 the power is 0 for every y > 0, so the slope is 0."""
    zero = _values(x) == 0
    if not np.any(zero):
        return g * out * np.log(x)
    return g * np.where(zero, 0, out * np.log(np.where(zero, 1, x)))


def _values(x):  # type: ignore[no-untyped-def]
    """The numbers, for deciding a case; never for computing a gradient."""
    return getattr(x, "array", x)


power = elementwise(np.power, _power_wrt_x, _power_wrt_y, formula="xʸ", domain=(0.3, 3))

# -- exponentials and logarithms ----------------------------------------------------------------

exp = elementwise(np.exp, lambda g, out: g * out, formula="eˣ")
expm1 = elementwise(np.expm1, lambda g, out: g * (out + 1), formula="eˣ − 1")
log = elementwise(np.log, lambda g, x: g / x, formula="log x", domain=(0.2, 5))
log1p = elementwise(np.log1p, lambda g, x: g / (1 + x), formula="log(1 + x)", domain=(-0.8, 5))
log2 = elementwise(np.log2, lambda g, x: g / (x * math.log(2)), formula="log₂ x", domain=(0.2, 5))
log10 = elementwise(np.log10, lambda g, x: g / (x * math.log(10)), formula="log₁₀ x", domain=(0.2, 5))

# -- trigonometry and its hyperbolic kin --------------------------------------------------------

sin = elementwise(np.sin, lambda g, x: g * np.cos(x), formula="sin x")
cos = elementwise(np.cos, lambda g, x: -g * np.sin(x), formula="cos x")
tan = elementwise(np.tan, lambda g, out: g * (1 + out * out), formula="tan x", domain=(-1.2, 1.2))
tanh = elementwise(np.tanh, lambda g, out: g * (1 - out * out), formula="tanh x")

# -- with corners: the value at the corner is a convention, stated here and tested ----------------

absolute = elementwise(  # at 0: slope 0
    np.absolute, lambda g, x: g * np.sign(x), formula="|x|", kinks=lambda x: x
)


def _share(g, x, y, taken):  # type: ignore[no-untyped-def]
    """All of g where x is taken, half of it where x and y tie (also where both are NaN)."""
    return np.where(taken, g, np.where(_values(x) == _values(y), g / 2, 0))


maximum = elementwise(  # at a tie: half to each
    np.maximum,
    lambda g, x, y: _share(g, x, y, _values(x) > _values(y)),
    lambda g, x, y: _share(g, y, x, _values(y) > _values(x)),
    formula="max(x, y)",
    kinks=lambda x, y: x - y,
)
minimum = elementwise(  # at a tie: half to each
    np.minimum,
    lambda g, x, y: _share(g, x, y, _values(x) < _values(y)),
    lambda g, x, y: _share(g, y, x, _values(y) < _values(x)),
    formula="min(x, y)",
    kinks=lambda x, y: x - y,
)

# -- steps: the slope is 0 wherever there is one -------------------------------------------------

sign = elementwise(np.sign, lambda g, x: np.zeros_like(x), formula="sign x", kinks=lambda x: x)
floor = elementwise(np.floor, lambda g, x: np.zeros_like(x), formula="⌊x⌋", kinks=lambda x: np.sin(np.pi * x))

# -- comparisons and tests: plain booleans -------------------------------------------------------

constant(
    np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal,
    np.logical_and, np.logical_or, np.logical_not, np.logical_xor,
    np.isnan, np.isinf, np.isfinite, np.signbit,
    np.zeros_like, np.ones_like, np.empty_like,
)  # fmt: skip
