"""Smooth pieces with corners between them: the value at a corner is a convention, stated here.

A rule decides with plain comparisons which piece an element is on, so that no derivative of any
order sees the choice itself.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy import _NoValue

from ..declare import composite
from ..declare import elementwise as _elementwise
from ..declare import op as _op
from ..op import A, Sample
from .steps import flat

__all__ = (
    "absolute", "abs", "fabs", "copysign", "maximum", "minimum", "fmax", "fmin", "clip",
    "nan_to_num", "unwrap",
)  # fmt: skip

elementwise = partial(_elementwise, register=True)
op = partial(_op, register=True)

# -- size and sign --------------------------------------------------------------------------------

_size = partial(elementwise, formula="|x|", kinks=lambda x: x, note="At 0 the slope is 0.")
absolute = _size(np.absolute, lambda g, x: g * np.sign(x))
fabs     = _size(np.fabs,     lambda g, x: g * np.sign(x))
abs = absolute
copysign = elementwise(
    np.copysign,
    lambda g, x, y: g * (np.sign(x) * np.copysign(1, y)),
    flat,
    formula="|x| sign y",
    note="At x = 0 the slope is 0.",
    kinks=lambda x, y: x * y,
)

# -- the larger and the smaller -------------------------------------------------------------------


def share(g, x, y, wins):
    """All of g where x wins, half of it where x and y tie."""
    tie = np.equal(x, y)
    mine = np.where(wins, g, 0)
    return np.where(tie, g / 2, mine) if tie.any() else mine  # mostly there is no tie


_extreme = partial(
    elementwise,
    note="Where x and y tie, each gets half of the gradient.",
    kinks=lambda x, y: x - y,
)
maximum = _extreme(
    np.maximum,
    lambda g, x, y: share(g, x, y, x > y),
    lambda g, x, y: share(g, x, y, y > x),
    formula="max(x, y)",
)
minimum = _extreme(
    np.minimum,
    lambda g, x, y: share(g, x, y, x < y),
    lambda g, x, y: share(g, x, y, y < x),
    formula="min(x, y)",
)
fmax = _extreme(
    np.fmax,
    lambda g, x, y: share(g, x, y, (x > y) | np.isnan(y)),
    lambda g, x, y: share(g, x, y, (y > x) | np.isnan(x)),
    formula="max(x, y), NaN left out",
)
fmin = _extreme(
    np.fmin,
    lambda g, x, y: share(g, x, y, (x < y) | np.isnan(y)),
    lambda g, x, y: share(g, x, y, (y < x) | np.isnan(x)),
    formula="min(x, y), NaN left out",
)


def _to_bounds(a, a_min, a_max):
    return (1 if a_min is None else a - a_min) * (1 if a_max is None else a - a_max)


@op(
    name="clip",
    formula="min(max(a, low), high)",
    note="On a bound all of the gradient is a's. Where low > high the result is high, and the "
    "gradient goes there too.",
    samples=[
        Sample(A(2, 3), -1.0, 1.0),
        Sample(A(2, 3), A(3, domain=(-2, -1)), A(2, 1, domain=(1, 2))),
        Sample(A(2, 3), A(2, 3), 0.5),
        Sample(A(2, 3), None, A()),
        Sample(A(2, 3), A(3), None),
    ],
    kinks=_to_bounds,
)
def _clip(a, a_min, a_max, out=None):
    return np.clip(a, a_min, a_max, out)


def _sides(a, a_min, a_max):
    """Where the result is the lower bound, and where it is the upper; elsewhere it is a."""
    low, high = -math.inf if a_min is None else a_min, math.inf if a_max is None else a_max
    above = np.greater(a, high) | np.greater(low, high)
    return np.less(a, low) & ~above, above


@_clip.wrt("a")
def _(g, a, a_min, a_max):
    below, above = _sides(a, a_min, a_max)
    return np.where(below | above, 0, g)


@_clip.wrt("a_min")
def _(g, a, a_min, a_max):
    below, _ = _sides(a, a_min, a_max)
    return np.where(below, g, 0)


@_clip.wrt("a_max")
def _(g, a, a_min, a_max):
    _, above = _sides(a, a_min, a_max)
    return np.where(above, g, 0)


@composite(claims=np.clip)
def clip(a, a_min=_NoValue, a_max=_NoValue, out=None, *, min=_NoValue, max=_NoValue, **kwargs):
    """Each element of a, but at least `a_min` and at most `a_max` (or `min=`, `max=`).

    On a bound all of the gradient is a's. Where the bounds cross the result is the upper one.

    >>> import autograd as ag
    >>> x = ag.Tensor([-2.0, 0.5, 2.0], requires_grad=True)
    >>> ag.clip(x, -1, 1).sum().backward()
    >>> x.grad
    Tensor([0., 1., 0.])
    """
    if kwargs:
        raise TypeError(f"clip({', '.join(kwargs)}=…) is not for Tensors: write astype or where.")
    low, high = min if a_min is _NoValue else a_min, max if a_max is _NoValue else a_max
    return _clip(a, None if low is _NoValue else low, None if high is _NoValue else high, out)


# -- repaired -------------------------------------------------------------------------------------


@op(claims=np.nan_to_num, formula="x, NaN and ±∞ replaced", samples=[Sample(A(2, 3))])
def nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None):
    """x with NaN and infinities replaced by numbers; where it was replaced the slope is 0.

    >>> import autograd as ag
    >>> x = ag.Tensor([1.0, float("nan"), float("inf")], requires_grad=True)
    >>> ag.nan_to_num(x, posinf=9.0).sum().backward()
    >>> x.grad
    Tensor([1., 0., 0.])
    """
    if not copy:
        raise TypeError(
            "nan_to_num(copy=False) writes into its argument: leave it out, use what it returns."
        )
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


@nan_to_num.wrt("x")
def _(g, x):
    return np.where(np.isfinite(x), g, 0)


unwrap = op(
    np.unwrap,
    formula="p + 2π k",
    example="""
    >>> ag.unwrap(ag.Tensor([3.0, -3.0])) - [0, 2 * np.pi]   # a turn on, not back
    Tensor([ 3., -3.])
    """,
    samples=[Sample(A(6)), Sample(A(5, 2, domain=(-9, 9)), axis=0)],
    kinks=lambda p, axis=-1: np.cos(np.diff(p, axis=axis) / 2),
)
unwrap.wrt("p")(lambda g: g)
