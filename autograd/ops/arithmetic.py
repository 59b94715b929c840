"""Arithmetic, element by element. `x` and `y` are the inputs, `g` the gradient that arrives.

Rules may return more than an input's shape: the engine sums what broadcasting has stretched.
Python's own numbers and `math` keep float32 float32; a NumPy float64 scalar would not.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from ..declare import composite
from ..declare import elementwise as _elementwise
from ..declare import op as _op
from ..op import A, Sample
from ..tensor import asarray
from .steps import flat

__all__ = (
    "add", "subtract", "multiply", "divide", "true_divide", "negative", "positive", "reciprocal",
    "square", "sqrt", "cbrt", "power", "pow", "float_power", "hypot",
    "floor_divide", "remainder", "mod", "fmod", "divmod", "modf", "ldexp", "frexp",
    "conjugate", "conj", "real", "real_if_close",
)  # fmt: skip

elementwise = partial(_elementwise, register=True)
op = partial(_op, register=True)

# -- sums and products ----------------------------------------------------------------------------

add      = elementwise(np.add,      lambda g: g, lambda g: g, formula="x + y")
subtract = elementwise(np.subtract, lambda g: g, lambda g: -g, formula="x − y")
multiply = elementwise(np.multiply, lambda g, y: g * y, lambda g, x: g * x, formula="x · y")
divide   = elementwise(np.divide,   lambda g, y: g / y, lambda g, y, out: -g * out / y,
                       formula="x / y", kinks=lambda x, y: y)
negative = elementwise(np.negative, lambda g: -g, formula="−x")
positive = elementwise(np.positive, lambda g: g, formula="+x")
true_divide = divide

# -- powers and roots -----------------------------------------------------------------------------

reciprocal = elementwise(np.reciprocal, lambda g, out: -g * out * out, formula="1 / x",
                         kinks=lambda x: x)
square = elementwise(np.square, lambda g, x: g * (2 * x), formula="x²")
sqrt   = elementwise(np.sqrt, lambda g, out: g / (2 * out), formula="√x",
                     domain=(0.1, 5), note="At 0 the slope is ∞.")
cbrt   = elementwise(np.cbrt, lambda g, out: g / (3 * out * out), formula="∛x",
                     kinks=lambda x: x, note="At 0 the slope is ∞.")


def any_of(mask):
    """Whether it holds anywhere; comparing Python's own numbers gives a bool, without .any()."""
    return mask if isinstance(mask, bool) else mask.any()


def _power_wrt_x(g, x, y):
    """y · xʸ⁻¹; where y = 0 the power is 1 whatever x is, so there the slope is 0, at x = 0 too."""
    if not any_of(y == 0):
        return g * (y * x ** (y - 1))
    still = (y == 0) & ~((x > 0) | (x < 0))
    return g * (y * x ** np.where(still, 0, y - 1.0))  # 1.0: an unsigned 0 has no −1


def _power_wrt_y(g, x, y, out):
    """xʸ · log x; at x = 0 the power is 0 for every y > 0, so the slope is 0 (at y = 0 too)."""
    still = (x == 0) & (y >= 0)
    if not any_of(still):
        return g * (out * np.log(x, dtype=out.dtype))
    return g * np.where(still, 0, out * np.log(np.where(still, 1, x), dtype=out.dtype))


_power = partial(
    elementwise,
    formula="xʸ",
    domain=(0.3, 3),
    note="For integer y every derivative by x is exact at x = 0, so that of x⁰ is 0 everywhere. "
    "At x = 0 the derivative by y is 0 for y ≥ 0. For x < 0 the derivative by y is NaN.",
)
power       = _power(np.power,       _power_wrt_x, _power_wrt_y)
float_power = _power(np.float_power, _power_wrt_x, _power_wrt_y)
pow = power


def over(a, b):
    """a / b, and 0 where b is 0, so that every derivative is 0 there too: the slopes of lengths."""
    zero = b == 0
    if not any_of(zero):
        return a / b
    return np.where(zero, 0, a) / np.where(zero, 1, b)


hypot = elementwise(
    np.hypot,
    lambda g, x, out: g * over(x, out),
    lambda g, y, out: g * over(y, out),
    formula="√(x² + y²)",
    note="At (0, 0) derivatives of every order are 0.",
    kinks=np.hypot,
)

# -- quotients with a remainder: the quotient is a step, the remainder what is left ---------------

_quotient = partial(
    elementwise,
    domain=(0.5, 3),
    kinks=lambda x, y: np.sin(np.pi * x / y),
    samples=[
        Sample(A(2, 3, domain=(-3, 3)), A(2, 3, domain=(1, 3))),
        Sample(A(2, 3, domain=(-3, 3)), 1.3),
        Sample(A(3), A(2, 1, domain=(-3, -1))),
    ],
)
floor_divide = _quotient(np.floor_divide, flat, flat, formula="⌊x / y⌋")
remainder = _quotient(np.remainder, lambda g: g, lambda g, x, y: -g * np.floor_divide(x, y),
                      formula="x − y ⌊x/y⌋")
fmod      = _quotient(np.fmod, lambda g: g, lambda g, x, y, out: -g * np.rint((x - out) / y),
                      formula="x − y trunc(x/y)")
mod = remainder


@composite(claims=np.divmod)
def divmod(x, y, /):
    """(⌊x/y⌋, x − y ⌊x/y⌋): the quotient is a step, with slope 0.

    >>> import autograd as ag
    >>> quotient, rest = ag.divmod(ag.Tensor(7.5), 2)
    >>> quotient, rest
    (Tensor(3.), Tensor(1.5))
    """
    return np.floor_divide(x, y), np.remainder(x, y)


@op(
    claims=np.modf,
    formula="x − trunc x, trunc x",
    kinks=lambda x: np.sin(np.pi * x),
    samples=[Sample(A(2, 3))],
)
def modf(x, /):
    """The fractional part and the whole part; the whole part is a step, with slope 0.

    >>> import autograd as ag
    >>> ag.modf(ag.Tensor([1.5, -2.25]))
    (Tensor([ 0.5 , -0.25]), Tensor([ 1., -2.]))
    """
    return np.modf(x)


@modf.wrt("x")
def _(g):
    fraction, _ = g
    return fraction


@op(
    claims=np.ldexp,
    formula="x1 · 2^x2",
    samples=[Sample(A(2, 3), np.array([-2, 0, 3])), Sample(A(3), 2)],
)
def ldexp(x1, x2, /):
    """x1 · 2^x2, for integer x2.

    >>> import autograd as ag
    >>> ag.ldexp(ag.Tensor([0.75, 0.5]), [2, 3])
    Tensor([3., 4.])
    """
    return np.ldexp(x1, x2)


@ldexp.wrt("x1")
def _(g, x2):
    return np.ldexp(g, x2)


@composite(claims=np.frexp)
def frexp(x, /):
    """(m, e) with x = m · 2^e and ½ ≤ |m| < 1; the exponent e is a step, of integers.

    >>> import autograd as ag
    >>> ag.frexp(ag.Tensor([3.0, 4.0]))
    (Tensor([0.75, 0.5 ]), Tensor([2, 3], dtype=int32))
    """
    exponent = asarray(np.frexp(x.array)[1])
    return ldexp(x, -exponent), exponent


# -- real numbers as the complex ones see them ----------------------------------------------------

conjugate     = elementwise(np.conjugate, lambda g: g, formula="x")
conj          = conjugate
real = op(
    np.real,
    formula="x",
    example="""
    >>> ag.grad(ag.real)(3.0)
    np.float64(1.0)
    """,
    samples=[Sample(A(2, 3))],
)
real_if_close = op(
    np.real_if_close,
    formula="x",
    example="""
    >>> ag.real_if_close(ag.Tensor([1.0, 2.0]))
    Tensor([1., 2.])
    """,
    samples=[Sample(A(2, 3))],
)
real.wrt("val")(lambda g: g)
real_if_close.wrt("a")(lambda g: g)
