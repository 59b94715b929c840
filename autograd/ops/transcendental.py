"""Exponentials, logarithms, angles, and what is built of them."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from ..declare import elementwise as _elementwise
from ..declare import op as _op
from ..op import A, Sample
from .arithmetic import over

__all__ = (
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "logaddexp", "logaddexp2",
    "sin", "cos", "tan", "arcsin", "asin", "arccos", "acos", "arctan", "atan", "arctan2", "atan2",
    "sinh", "cosh", "tanh", "arcsinh", "asinh", "arccosh", "acosh", "arctanh", "atanh",
    "deg2rad", "radians", "rad2deg", "degrees", "sinc", "i0",
)  # fmt: skip

elementwise = partial(_elementwise, register=True)
op = partial(_op, register=True)

# -- exponentials and logarithms ------------------------------------------------------------------

exp   = elementwise(np.exp,   lambda g, out: g * out, formula="eˣ")
exp2  = elementwise(np.exp2,  lambda g, out: g * (out * math.log(2)), formula="2ˣ")
expm1 = elementwise(np.expm1, lambda g, out: g * (out + 1), formula="eˣ − 1")
log   = elementwise(np.log,   lambda g, x: g / x, formula="log x", domain=(0.2, 5))
log1p = elementwise(np.log1p, lambda g, x: g / (1 + x), formula="log(1 + x)", domain=(-0.8, 5))
log2  = elementwise(np.log2,  lambda g, x: g / (x * math.log(2)),
                    formula="log₂ x", domain=(0.2, 5))
log10 = elementwise(np.log10, lambda g, x: g / (x * math.log(10)),
                    formula="log₁₀ x", domain=(0.2, 5))


def share(x, y, logaddexp):
    """x's share of eˣ + eʸ, as its logarithm: exact however large they are, and far apart. Of −∞ in
    −∞ it is −∞ (nothing), of ∞ in ∞ 0 (all)."""
    alike = np.isinf(x) & np.equal(x, y)
    further = y - x if not alike.any() else np.where(alike, -x, y - np.where(alike, 0, x))
    return -logaddexp(0, further)


_log_sum = partial(elementwise, note="Where x and y are both −∞ the slopes are 0.")
logaddexp = _log_sum(
    np.logaddexp,
    lambda g, x, y: g * np.exp(share(x, y, np.logaddexp)),
    lambda g, x, y: g * np.exp(share(y, x, np.logaddexp)),
    formula="log(eˣ + eʸ)",
)
logaddexp2 = _log_sum(
    np.logaddexp2,
    lambda g, x, y: g * np.exp2(share(x, y, np.logaddexp2)),
    lambda g, x, y: g * np.exp2(share(y, x, np.logaddexp2)),
    formula="log₂(2ˣ + 2ʸ)",
)

# -- angles ---------------------------------------------------------------------------------------

sin    = elementwise(np.sin,    lambda g, x: g * np.cos(x), formula="sin x")
cos    = elementwise(np.cos,    lambda g, x: -g * np.sin(x), formula="cos x")
tan    = elementwise(np.tan,    lambda g, out: g * (1 + out * out),
                     formula="tan x", domain=(-1.2, 1.2))
arcsin = elementwise(np.arcsin, lambda g, x: g / np.sqrt(1 - x * x),
                     formula="arcsin x", domain=(-0.9, 0.9))
arccos = elementwise(np.arccos, lambda g, x: -g / np.sqrt(1 - x * x),
                     formula="arccos x", domain=(-0.9, 0.9))
arctan = elementwise(np.arctan, lambda g, x: g / (1 + x * x), formula="arctan x")
asin, acos, atan = arcsin, arccos, arctan


def _turn(x, y):
    """y / (x² + y²), by parts that cannot overflow; 0 at (0, 0), as every derivative of it."""
    r = np.hypot(x, y)
    return over(over(y, r), r)


arctan2 = elementwise(
    np.arctan2,
    lambda g, x, y: g * _turn(x, y),
    lambda g, x, y: -g * _turn(y, x),
    formula="arg(y + ix)",
    note="At (0, 0) derivatives of every order are 0.",
    kinks=lambda x, y: np.where(y < 0, x, np.hypot(x, y)),
)
atan2 = arctan2

deg2rad = elementwise(np.deg2rad, lambda g: g * (math.pi / 180), formula="π x / 180")
radians = elementwise(np.radians, lambda g: g * (math.pi / 180), formula="π x / 180")
rad2deg = elementwise(np.rad2deg, lambda g: g * (180 / math.pi), formula="180 x / π")
degrees = elementwise(np.degrees, lambda g: g * (180 / math.pi), formula="180 x / π")

# -- hyperbolic -----------------------------------------------------------------------------------

sinh    = elementwise(np.sinh,    lambda g, x: g * np.cosh(x), formula="sinh x")
cosh    = elementwise(np.cosh,    lambda g, x: g * np.sinh(x), formula="cosh x")
tanh    = elementwise(np.tanh,    lambda g, out: g * (1 - out * out), formula="tanh x")
arcsinh = elementwise(np.arcsinh, lambda g, x: g / np.hypot(x, 1), formula="arsinh x")
arccosh = elementwise(np.arccosh, lambda g, x: g / np.sqrt(x * x - 1),
                      formula="arcosh x", domain=(1.2, 5))
arctanh = elementwise(np.arctanh, lambda g, x: g / (1 - x * x),
                      formula="artanh x", domain=(-0.9, 0.9))
asinh, acosh, atanh = arcsinh, arccosh, arctanh

# -- two whose derivatives NumPy does not have ----------------------------------------------------
#
# The n-th derivative is an op whose own rule is the (n+1)-th: exact at every order, at 0 too.

sinc = op(
    np.sinc,
    formula="sin(πx) / πx",
    example="""
    >>> np.allclose(ag.grad(ag.sinc)(0.5), ag.numerical_diff(np.sinc, 0.5))
    True
    """,
    samples=[Sample(A(2, 3))],
)


@_op(formula="(d/dx)ⁿ sin(πx) / πx")
def sinc_derivative(x, n):
    """πⁿ (d/dt)ⁿ sin(t)/t at t = πx.

    Where |t| > n by Sₙ = (sin⁽ⁿ⁾ t − n Sₙ₋₁) / t, which is stable there; else by the Taylor series
    of sin(t)/t = ∫₀¹ cos(ut) du, Σₖ cos⁽ⁿ⁺ᵏ⁾(0) tᵏ / (k! (n+k+1)).
    """
    t = math.pi * np.asarray(x)
    near = np.abs(t) <= n
    t, far = np.where(near, t, 0), np.where(near, 1, t)
    series, power = np.zeros_like(t), np.ones_like(t)
    for k in range(2 * n + 20):
        if (n + k) % 2 == 0:
            series += (-1) ** ((n + k) // 2) / (n + k + 1) * power
        power *= t / (k + 1)
    slopes = np.sin(far), np.cos(far)
    slope = slopes[0] / far
    for k in range(1, n + 1):
        slope = ((-1) ** (k // 2) * slopes[k % 2] - k * slope) / far
    return math.pi**n * np.where(near, series, slope)


i0 = op(
    np.i0,
    formula="I₀(x)",
    example="""
    >>> np.allclose(ag.grad(ag.i0)(0.5), ag.numerical_diff(np.i0, 0.5))
    True
    """,
    samples=[Sample(A(2, 3))],
)


@_op(formula="(d/dx)ⁿ I₀(x)")
def i0_derivative(x, n):
    """The mean of cosⁿθ exp(x cos θ) over the circle, by midpoints: for a smooth periodic function
    so few are exact to the last digit (Abramowitz & Stegun 1964, 9.6.16)."""
    x = np.asarray(x)
    largest = np.max(np.abs(x), initial=0, where=np.isfinite(x))
    points = 10 + n + math.isqrt(5 * int(min(largest, 800)))  # beyond 710 eˣ overflows anyway
    mirrored = np.sinh if n % 2 else np.cosh  # θ and π − θ together: a quarter circle is enough
    total = np.zeros_like(x)
    for k in range(points):
        c = math.cos((k + 0.5) * math.pi / (2 * points))
        total += c**n * mirrored(c * x)
    return total / points


sinc.wrt("x")(lambda g, x: g * sinc_derivative(x, 1))
sinc_derivative.wrt("x")(lambda g, x, n: g * sinc_derivative(x, n + 1))
i0.wrt("x")(lambda g, x: g * i0_derivative(x, 1))
i0_derivative.wrt("x")(lambda g, x, n: g * i0_derivative(x, n + 1))
