"""The normal distribution's Φ, which GELU needs and NumPy has not."""

from __future__ import annotations

import math

import numpy as np

from autograd import elementwise

# (1 + 2z)·exp(z²)·erfc(z) as a Chebyshev series in (z − 3.75)/(z + 3.75), for all z ≥ 0 at once.
# The mapping is that of M. M. Shepherd, J. G. Laframboise, Math. Comp. 36 (1981) 249-253; the
# coefficients were computed anew with 60 digits. The error is below 1e-16 of the value.
SERIES = (
    1.1775789345674017, -0.004590054580646477, -0.08424913336651792, 0.05920993999819189,
    -0.026658668435305752, 0.009074997670705265, -0.002413163540417608, 0.0004907758365258086,
    -6.916973302501206e-05, 4.139027986073010e-06, 7.740383066198491e-07, -2.188640104923944e-07,
    1.076499946567091e-08, 4.521959811218287e-09, -7.754400208831351e-10, -6.318088340886684e-11,
    2.868795010930670e-11, 1.945586854577735e-13, -9.654696748433439e-13, 3.252548148148740e-14,
    3.347811948280805e-14, -1.864562880419313e-15, -1.250795053064869e-15,
)  # fmt: skip

# For float32: Φ(x) = ½ + ½·tanh(x·P(x²)), a third of the work and as exact as float32 can tell. P
# fits atanh(erf(x/√2))/x on |x| ≤ 6 so that the largest error of Φ, 3e-8, is as small as it can be.
SHORT = (
    7.97884941e-01, 3.63330846e-02, -3.25949692e-05, -5.53061967e-05, 3.96474502e-06,
    -1.32263392e-07, 1.75617233e-09,
)  # fmt: skip


def _normal_cdf(x):
    """Φ(x), the share of a standard normal distribution that lies below x.

    >>> normal_cdf(np.array([-1.96, 0.0, 1.96]))
    array([0.0249979, 0.5      , 0.9750021])
    """
    x = np.asarray(x)
    x = x if x.dtype.kind == "f" else x.astype(float)
    if x.dtype.itemsize <= 4:
        return _short(x)
    z = np.minimum(np.abs(x), 40) / math.sqrt(2)  # beyond 40, Φ is 0 or 1 in every precision
    twice_t = 2 * (z - 3.75) / (z + 3.75)
    older, newer = 0 * z, 0 * z
    for coefficient in SERIES[:0:-1]:  # Clenshaw's recurrence
        older, newer = newer, coefficient + twice_t * newer - older
    erfcx = (SERIES[0] + twice_t / 2 * newer - older) / (1 + 2 * z)
    tail = np.exp(-z * z) * erfcx / 2
    return np.where(x < 0, tail, 1 - tail)


def _short(x):
    x = np.clip(x, -6, 6)
    square = x * x
    out = SHORT[-1] * square
    for coefficient in SHORT[-2:0:-1]:  # Horner's rule
        out += coefficient
        out *= square
    out += SHORT[0]
    out *= x
    out = np.tanh(out)
    out *= 0.5
    out += 0.5
    return out


normal_cdf = elementwise(
    _normal_cdf,
    lambda g, x: g * np.exp(-x * x / 2) / math.sqrt(2 * math.pi),
    name="normal_cdf",
    formula="Φ(x)",
)
